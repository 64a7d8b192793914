# SPDX-License-Identifier: Apache-2.0
"""exec: the program must not feel that it is watched."""
import os
import signal
import subprocess
import unittest

from agent import AGENT, AgentTest, SEED_ID, SEED_LINE, events, run


class Exec(AgentTest):
    def ids(self, *args):
        out = self.path("events.json")
        done = run("exec", "--output", out, "--", *args)
        with open(out, encoding="utf-8") as file:
            return done, [event["id"] for event in events(file.read())]

    def test_output_passes_byte_for_byte(self):
        data = os.urandom(1 << 20)
        with open(self.path("data"), "wb") as file:
            file.write(data)
        for redirect in ("", " >&2"):
            done = subprocess.run([AGENT, "exec", "--output", self.path("events.json"), "--", "sh", "-c", f"cat {self.path('data')}{redirect}"],
                                  capture_output=True, timeout=60, check=True)
            self.assertEqual(done.stderr if redirect else done.stdout, data)

    def test_what_it_prints_is_diagnosed_and_how_it_died(self):
        done, ids = self.ids("sh", "-c", f"echo '{SEED_LINE}' >&2; exit 3")
        self.assertEqual(done.returncode, 3)
        self.assertEqual(done.stderr, SEED_LINE + "\n")
        self.assertEqual(ids[:2], [SEED_ID, "launcher/exec-status"])

    def test_a_healthy_program_gives_nothing(self):
        done, ids = self.ids("sh", "-c", "echo fine")
        self.assertEqual((done.returncode, done.stdout, ids), (0, "fine\n", []))

    def test_signals_pass_both_ways(self):
        done, ids = self.ids("sh", "-c", "kill -SEGV $$")
        self.assertEqual((done.returncode, ids), (128 + signal.SIGSEGV, ["launcher/exec-signal"]))
        process = subprocess.Popen([AGENT, "exec", "--", "sh", "-c", "trap 'exit 7' TERM; echo up; while :; do read x; done"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.assertEqual(process.stdout.readline(), b"up\n")
        process.send_signal(signal.SIGTERM)
        process.stdin.write(b"\n" * 10)
        process.stdin.close()
        self.assertEqual(process.wait(timeout=30), 7)
        process.stdout.close()

    def test_stdin_and_environment_are_the_programs(self):
        done = run("exec", "--", "sh", "-c", "cat; echo $MARK", stdin="from us\n", env={"MARK": "set"})
        self.assertEqual(done.stdout, "from us\nset\n")

    def test_what_cannot_be_run_has_the_status_of_a_shell(self):
        self.assertEqual(run("exec", "--", "no-such-program").returncode, 127)
        plain = self.write("plain", "no program")
        self.assertEqual(run("exec", "--", plain).returncode, 126)
        self.assertEqual(run("exec").returncode, 2)

    def test_a_reader_who_has_gone_does_not_end_it(self):
        """As in `exec -- CMD | head -1`: the program gets no SIGPIPE of ours; its end is told all the same."""
        done = subprocess.run(f"{AGENT} exec --output {self.path('e')} -- sh -c 'seq 100000; echo done > {self.path('mark')}' | head -1",
                              shell=True, capture_output=True, text=True, timeout=60, check=True)
        self.assertEqual(done.stdout, "1\n")
        self.assertTrue(os.path.exists(self.path("mark")))

    def test_a_child_that_keeps_the_output_open_is_not_waited_for(self):
        done = run("exec", "--", "sh", "-c", "sleep 20 & echo up")
        self.assertEqual((done.returncode, done.stdout), (0, "up\n"))


if __name__ == "__main__":
    unittest.main()
