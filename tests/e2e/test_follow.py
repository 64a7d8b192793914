# SPDX-License-Identifier: Apache-2.0
"""The main job: a failure is written to a log that is being followed, and a diagnosis comes out as one JSON line."""
import json
import os
import signal
import subprocess
import time
import unittest

from agent import AGENT, SEED_ID, SEED_LINE, AgentTest, Running, run


class Follow(AgentTest):
    def test_appended_line_gives_one_event(self):
        log = self.write("train.log", "old line\n")
        agent = self.follow("--follow", log)
        self.append("train.log", f"x\n{SEED_LINE}\n")
        (event,) = agent.wait_events(1)
        self.assertEqual(event["schema"], "gpuerr.event/1")
        self.assertEqual(event["event"], "diagnosis")
        self.assertEqual(event["id"], SEED_ID)
        self.assertEqual(event["line"], SEED_LINE)
        self.assertEqual(event["verification_tier"], "ai_generated")
        self.assertEqual(event["source"]["path"], log)
        self.assertEqual(event["source"]["offset"], len("old line\nx\n"))
        self.assertEqual(agent.stop(), 0)
        self.assertEqual(len(agent.lines["out"]), 1)

    def test_all_advice_of_the_seed_entry_with_its_doubts(self):
        log = self.write("train.log", "")
        agent = self.follow("--follow", log)
        self.append("train.log", SEED_LINE + "\n")
        (event,) = agent.wait_events(1)
        with open(os.path.join(os.environ["GPUERR_SOURCE_DIR"], "kb", SEED_ID + ".json"), encoding="utf-8") as file:
            entry = json.load(file)
        self.assertEqual({a["action"] for a in event["workarounds"]}, {a["action"] for a in entry["workarounds"]})
        self.assertEqual({a["action"] for a in event["dead_ends"]}, {a["action"] for a in entry["dead_ends"]})
        self.assertTrue(all(not a["confirmed"] or "retired" not in a for a in event["workarounds"]))
        self.assertTrue(any("retired" in a for a in event["workarounds"]), "the invented variable is marked")
        self.assertTrue(event["retired_claims"])

    def test_latency_of_an_append_is_below_50_ms_on_a_quiet_machine(self):
        """The best of twenty: a loaded machine delays some, a polling design would delay all."""
        log = self.write("train.log", "")
        agent = self.follow("--follow", log)
        best = 1.0
        for n in range(1, 21):
            start = time.monotonic()
            self.append("train.log", SEED_LINE + "\n")
            agent.wait_events(n)
            best = min(best, time.monotonic() - start)
        self.assertLess(best, 0.05)

    def test_memory_over_a_thousand_quiet_files_is_below_10_mib(self):
        with open(AGENT, "rb") as binary:
            if b"__asan_init" in binary.read():
                self.skipTest("a sanitizer's shadow memory is not the agent's")
        for n in range(1000):
            self.write(f"quiet/rank_{n}.log", "step 1 loss 2.31\n")
        agent = self.start("--log-level", "info", "--follow", self.path("quiet/*.log"))
        agent.ready()
        with open(f"/proc/{agent.process.pid}/status", encoding="utf-8") as status:
            (resident,) = [int(line.split()[1]) for line in status if line.startswith("VmRSS:")]
        self.assertLess(resident, 10 * 1024)
        self.write("quiet/rank_1.log", SEED_LINE + "\n", mode="a")
        (event,) = agent.wait_events(1)
        self.assertEqual(event["id"], SEED_ID, "an entry whose pages were given back is read again")

    def test_glob_and_file_that_appears_later_is_read_from_its_start(self):
        agent = self.start("--log-level", "info", "--follow", self.path("logs/*.log"))
        agent.ready()
        self.write("logs/rank_3.log", SEED_LINE + "\n")
        (event,) = agent.wait_events(1)
        self.assertEqual(event["rank"], 3)

    def test_missing_file_is_waited_for_with_one_notice(self):
        agent = self.follow("--follow", self.path("later.log"))
        self.write("later.log", SEED_LINE + "\n")
        agent.wait_events(1)
        self.assertEqual(agent.stop(), 0)
        self.assertEqual(sum("later.log" in line and "wait" in line for line in agent.lines["err"]), 1, agent.lines["err"])

    def test_unreadable_file_is_reported_and_the_others_go_on(self):
        os.mkdir(self.path("dir.log"))
        good = self.write("good.log", "")
        agent = self.follow("--follow", self.path("dir.log"), "--follow", good)
        agent.wait_stderr("dir.log")
        self.append("good.log", SEED_LINE + "\n")
        self.assertEqual(len(agent.wait_events(1)), 1)

    def test_rename_rotation(self):
        log = self.write("train.log", "")
        agent = self.follow("--follow", log)
        self.append("train.log", SEED_LINE + " one\n")
        agent.wait_events(1)
        os.rename(log, log + ".1")
        self.append("train.log.1", SEED_LINE + " two\n")
        self.write("train.log", SEED_LINE + " three\n")
        lines = [event["line"].rsplit(" ", 1)[1] for event in agent.wait_events(3)]
        self.assertEqual(lines, ["one", "two", "three"])

    def test_truncation_in_place(self):
        log = self.write("train.log", "some text\n" * 10)
        agent = self.follow("--follow", log, "--from", "start")
        self.append("train.log", SEED_LINE + " one\n")
        agent.wait_events(1)
        self.write("train.log", SEED_LINE + " two\n")
        self.assertTrue(agent.wait_events(2)[1]["line"].endswith("two"))

    def test_sigterm_flushes_and_ends_with_0(self):
        log = self.write("train.log", "")
        agent = self.follow("--follow", log)
        self.append("train.log", (SEED_LINE + "\n") * 50)
        self.assertEqual(agent.stop(), 0)
        self.assertEqual(len(agent.lines["out"]), 50)

    def test_unfinished_last_line_is_taken_at_the_stop(self):
        log = self.write("train.log", "")
        agent = self.follow("--follow", log)
        self.append("train.log", SEED_LINE)
        self.assertEqual(agent.stop(), 0)
        self.assertTrue(json.loads(agent.lines["out"][0])["line_partial"])

    def test_closed_stdout_ends_it_cleanly(self):
        log = self.write("train.log", "")
        read_end, write_end = os.pipe()
        process = subprocess.Popen([AGENT, "--log-level", "info", "--follow", log], stdout=write_end,
                                   stderr=subprocess.PIPE, text=True)
        os.close(write_end)
        while "following" not in process.stderr.readline():
            pass
        os.close(read_end)
        self.append("train.log", SEED_LINE + "\n")
        self.assertEqual(process.wait(timeout=30), 0)
        process.stderr.close()

    def test_stuck_reader_does_not_stop_the_end(self):
        """Nobody reads stdout and the pipe is full: a second SIGTERM ends it at once all the same."""
        log = self.write("train.log", "")
        agent = self.follow("--follow", log)
        self.append("train.log", (SEED_LINE + "\n") * 300)
        os.set_blocking(agent.process.stderr.fileno(), True)
        agent.process.send_signal(signal.SIGTERM)
        for line in iter(agent.process.stderr.readline, b""):
            if b"stopping" in line:
                break
        agent.process.send_signal(signal.SIGTERM)
        self.assertEqual(agent.process.wait(timeout=30), 0)


class Stdin(AgentTest):
    def same_but_for_time_and_source(self, event):
        return {k: v for k, v in event.items() if k not in ("time", "source", "event_id")}

    def test_stdin_scan_and_follow_agree(self):
        text = f"x\n{SEED_LINE}\n"
        log = self.write("f.log", text)
        piped = run("--stdin", stdin=text)
        self.assertEqual(piped.returncode, 0, piped.stderr)
        scanned = run("scan", log)
        self.assertEqual(scanned.returncode, 1)
        agent = self.follow("--follow", log, "--from", "start")
        followed = agent.wait_events(1)[0]
        got = [self.same_but_for_time_and_source(e) for e in
               (json.loads(piped.stdout), json.loads(scanned.stdout), followed)]
        self.assertEqual(got[0], got[1])
        self.assertEqual(got[1], got[2])

    def test_scan_and_follow_of_one_file_give_the_same_event_id(self):
        log = self.write("f.log", f"x\n{SEED_LINE}\n")
        scanned = json.loads(run("scan", log).stdout)
        followed = self.follow("--follow", log, "--from", "start").wait_events(1)[0]
        self.assertEqual(scanned["event_id"], followed["event_id"])


if __name__ == "__main__":
    unittest.main()
