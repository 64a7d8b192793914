# SPDX-License-Identifier: Apache-2.0
"""Healthy logs stay silent: the fixtures, and made-up training logs (GPUERR_QUIET_MIB sets how much; 16 by default, 256 in the long form)."""
import os
import subprocess
import unittest

from agent import AGENT, SOURCE, AgentTest, run


class Quiet(AgentTest):
    def test_healthy_fixtures(self):
        done = run("scan", os.path.join(SOURCE, "tests", "fixtures", "healthy"))
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.returncode, 0)

    def test_made_up_training_logs(self):
        mebibytes = os.environ.get("GPUERR_QUIET_MIB", "16")
        writer = os.path.join(os.path.dirname(AGENT), "..", "tests", "bench", "bench_base_log")
        with subprocess.Popen([writer, mebibytes, "7"], stdout=subprocess.PIPE) as log:
            done = subprocess.run([AGENT, "scan", "-"], stdin=log.stdout, capture_output=True, text=True, check=False)
        self.assertEqual(log.returncode, 0)
        self.assertEqual(done.stdout[:2000], "")
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
