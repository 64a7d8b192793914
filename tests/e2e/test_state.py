# SPDX-License-Identifier: Apache-2.0
"""--state-dir: what is read, told and remembered survives the end of the agent, however it comes."""
import collections
import json
import os
import random
import signal
import stat
import time
import unittest

from agent import DEADLINE_S, AgentTest, run

ENTRY = {
    "id": "torture/line", "signature": "torture", "signature_zh": "拷问", "regex": r"TORTURE FAILURE (?<n>\d{7})\b", "domain": "torture",
    "category": "data_error", "subcategory": None, "root_cause": "x", "root_cause_type": None, "root_cause_zh": "x", "versions": [], "os_specific": {},
    "dead_ends": [], "workarounds": [], "workarounds_zh": [],
    "transition_graph": {"leads_to": [], "preceded_by": [], "frequently_confused_with": []}, "official_doc_url": None,
    "official_doc_section": None, "error_code": None, "verification_tier": "ai_generated", "confidence": 0.5, "fix_success_rate": None,
    "resolvable": "true", "first_seen": None, "last_confirmed": None, "last_updated": None, "evidence_count": 0, "tags": [], "aliases": [],
    "locale": "en", "captures": {"n": {"kind": "count", "what": "number of the line"}},
}


class StateTest(AgentTest):
    """Numbered lines into train.log, and what came of them in out.json, over any number of runs."""

    def setUp(self):
        super().setUp()
        self.write("kb/torture/line.json", json.dumps(ENTRY))
        self.log = self.write("train.log", "")
        self.next = 1
        self.kills = 0

    def begin(self, *args):
        return self.follow("--follow", self.log, "--state-dir", self.path("state"), "--output", self.path("out.json"),
                           "--kb", self.path("kb"), "--no-builtin-kb", *args)

    def line(self):
        self.next += 1
        return f"TORTURE FAILURE {self.next - 1:07} of many\n"

    def lines(self, n, name="train.log"):
        self.append(name, "".join(self.line() for _ in range(n)))

    def told(self):
        """number -> ids of its events

        SIGKILL may cut a write in two; the next run ends that line and writes the event again. So there is at most one such line a kill.
        """
        ids = collections.defaultdict(list)
        torn = 0
        with open(self.path("out.json"), encoding="utf-8") as file:
            for text in file:
                if not text.endswith("\n"):
                    break  # it is being written
                try:
                    event = json.loads(text)
                except json.JSONDecodeError:
                    torn += 1
                    continue
                if event["event"] == "diagnosis":
                    ids[int(event["captures"]["n"])].append(event["event_id"])
        self.assertLessEqual(torn, self.kills, "a line is broken, and nobody killed the agent")
        return ids

    def kill(self, agent):
        agent.process.send_signal(signal.SIGKILL)
        agent.process.wait()
        self.kills += 1

    def wait_told(self, n):
        end = time.monotonic() + DEADLINE_S
        while len(self.told()) < n:
            self.assertLess(time.monotonic(), end, f"{len(self.told())} of {n} came")
            time.sleep(0.02)  # between two looks at a file; the deadline decides

    def expect_all(self, doubled=None):
        ids = self.told()
        self.assertEqual(sorted(ids), list(range(1, self.next)), "lost or invented")
        self.assertEqual({n for n, of_n in ids.items() if len(set(of_n)) > 1}, set(), "one line with two ids")
        if doubled is not None:
            self.assertEqual(sum(len(of_n) - 1 for of_n in ids.values()), doubled)


class Restart(StateTest):
    def test_a_clean_stop_loses_and_doubles_nothing(self):
        for _ in range(3):
            agent = self.begin()
            self.lines(50)
            self.assertEqual(agent.stop(), 0)
            self.lines(20)  # while it is down
        self.assertEqual(self.begin().stop(), 0)
        self.expect_all(doubled=0)

    def test_rotation_while_down(self):
        agent = self.begin()
        self.lines(10)
        self.wait_told(10)
        self.kill(agent)
        self.lines(5)
        os.rename(self.log, self.path("train.log.1"))
        self.lines(5)
        os.rename(self.path("train.log.1"), self.path("train.log.2"))
        os.rename(self.log, self.path("train.log.1"))
        self.lines(5)
        agent = self.begin()
        self.wait_told(25)
        self.lines(5)
        self.assertEqual(agent.stop(), 0)
        self.expect_all()

    def test_truncation_while_down(self):
        agent = self.begin()
        self.lines(10)
        self.assertEqual(agent.stop(), 0)
        self.write("train.log", self.line())
        agent = self.begin()
        self.lines(3)
        self.assertEqual(agent.stop(), 0)
        self.expect_all(doubled=0)

    def test_another_file_in_the_same_inode_is_read_from_its_start(self):
        agent = self.begin()
        self.lines(3)
        self.assertEqual(agent.stop(), 0)
        with open(self.log, "r+", encoding="utf-8") as file:  # rewritten in place, longer than it was
            file.write("".join(["another header\n"] + [self.line() for _ in range(9)]))
        self.assertEqual(self.begin().stop(), 0)
        self.expect_all(doubled=0)

    def test_a_new_file_that_came_while_down_is_read_whole(self):
        self.log = self.path("*.log")
        agent = self.begin()
        self.lines(2)
        self.assertEqual(agent.stop(), 0)
        self.lines(4, "other.log")
        agent = self.begin("--from", "start")
        self.assertEqual(agent.stop(), 0)
        self.expect_all(doubled=0)

    def test_kills_at_random_moments_between_rotations(self):
        """The short form; GPUERR_TORTURE_ROUNDS=500 is the long one."""
        chance = random.Random(20261124)
        agent = self.begin()
        for _ in range(int(os.environ.get("GPUERR_TORTURE_ROUNDS", "12"))):
            for _ in range(chance.randrange(1, 4)):
                self.lines(chance.randrange(1, 60))
                if chance.random() < 0.4:
                    self.wait_told(self.next - 1)  # two rotations within one look are another test's
                    for i in (2, 1):
                        if os.path.exists(self.path(f"train.log.{i}")):
                            os.rename(self.path(f"train.log.{i}"), self.path(f"train.log.{i + 1}"))
                    os.rename(self.log, self.path("train.log.1"))
                    self.lines(1, "train.log.1")  # a writer that has not noticed yet
                    self.lines(chance.randrange(1, 30))
            if chance.random() < 0.5:
                self.wait_told(self.next - chance.randrange(1, 10))
            self.kill(agent)
            self.lines(chance.randrange(0, 30))
            agent = self.begin()
        self.wait_told(self.next - 1)
        self.assertEqual(agent.stop(), 0)
        self.expect_all()


class State(StateTest):
    def test_an_incident_goes_on_after_a_restart(self):
        xid = "2026-11-23T21:19:30.000000Z node07 kernel: NVRM: Xid (PCI:0000:9b:00): 48, pid=4188, name=python, An uncorrectable double bit " \
              "error (DBE) has been detected on GPU in the framebuffer at partition 1, subpartition 0.\n"
        cuda = "[rank2]: 2026-11-23 21:19:31,000 RuntimeError: CUDA error: uncorrectable ECC error encountered\n"
        seen = []
        for text in (xid, cuda, xid):
            agent = self.follow("--follow", self.log, "--state-dir", self.path("state"), "--repeat", "10m")
            self.append("train.log", text)
            agent.wait(lambda a: os.stat(self.path("state/state.db")).st_size > 0, "a state")
            self.assertEqual(agent.stop(), 0)
            seen.append([json.loads(line) for line in agent.lines["out"]])
        kinds = [[event["event"] for event in events] for events in seen]
        self.assertEqual(kinds[0], ["diagnosis"])
        self.assertEqual(kinds[1], ["diagnosis", "incident"])
        self.assertEqual(seen[1][1]["id"], "xid/48")
        self.assertNotIn("diagnosis", kinds[2], "a repeat of what the first run told")
        ids = {event["incident"]["id"] for events in seen for event in events if event["event"] == "incident"}
        self.assertEqual(len(ids), 1)

    def test_second_agent_is_refused(self):
        self.begin()
        done = run("--follow", self.log, "--state-dir", self.path("state"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("another agent (pid ", done.stderr)

    def test_damaged_state_is_kept_aside_and_the_agent_goes_on(self):
        agent = self.begin()
        self.lines(5)
        self.assertEqual(agent.stop(), 0)
        with open(self.path("state/state.db"), "r+b") as file:
            file.write(os.urandom(4096))
        agent = self.begin()
        agent.wait_stderr("is kept as state.db.damaged-")
        self.lines(5)
        self.assertEqual(agent.stop(), 0)
        self.expect_all()

    def test_state_is_private(self):
        agent = self.begin()
        self.lines(1)
        self.assertEqual(agent.stop(), 0)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("state")).st_mode), 0o700)
        for name in os.listdir(self.path("state")):
            self.assertEqual(stat.S_IMODE(os.stat(self.path(f"state/{name}")).st_mode), 0o600, name)


if __name__ == "__main__":
    unittest.main()
