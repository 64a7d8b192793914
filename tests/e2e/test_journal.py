# SPDX-License-Identifier: Apache-2.0
"""The journal and the kernel's messages, against a real journald (a private one, see with_journald) and crafted records."""
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest

import agent

XID = "NVRM: Xid (PCI:0000:9b:00): 79, pid=1234, name=python, GPU has fallen off the bus."
REMOTE = "/lib/systemd/systemd-journal-remote"


def native(to="/run/systemd/journal/socket", /, **fields):
    """Sends an entry by the native protocol."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        data = b""
        for key, value in fields.items():
            value = value.encode()
            data += key.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
        sock.sendto(data, to)


def until(succeeds):
    """Tries what fails while a daemon is starting."""
    end = time.monotonic() + agent.DEADLINE_S
    while time.monotonic() < end:
        try:
            if succeeds():
                return
        except OSError:
            pass
        time.sleep(0.02)
    raise AssertionError("the daemon did not start")


@unittest.skipUnless(os.environ.get("GPUERR_IN_JOURNALD"), "runs inside with_journald")
class Journald(agent.AgentTest):
    def follow_journal(self, *args):
        return self.start("run", "--journal", "--log-level=info", "--repeat=0", "--from=end", *args).ready()

    def test_entries_of_all_three_ways_are_diagnosed(self):
        running = self.follow_journal()
        native(MESSAGE=agent.SEED_LINE, SYSLOG_IDENTIFIER="train", PRIORITY="3")
        found = running.wait_events(1)[0]
        self.assertEqual(found["id"], agent.SEED_ID)
        subprocess.run(["systemd-cat", "-t", "train", "echo", agent.SEED_LINE], check=True)
        self.assertEqual(running.wait_events(2)[1]["id"], agent.SEED_ID)
        subprocess.run(["logger", "-u", "/run/systemd/journal/dev-log", "-t", "train", agent.SEED_LINE], check=True)
        self.assertEqual(running.wait_events(3)[2]["id"], agent.SEED_ID)
        self.assertEqual(running.stop(), 0)

    def test_both_parts_of_a_line_that_journald_cuts_are_read(self):
        running = self.follow_journal()
        line = f"{agent.SEED_LINE} {'x' * 60000} {agent.SEED_LINE}"
        subprocess.run(["systemd-cat", "-t", "train", "cat"], input=line, text=True, check=True)
        running.wait_events(2)
        self.assertEqual(running.stop(), 0)

    def test_matches_choose_entries(self):
        running = self.follow_journal("--journal=SYSLOG_IDENTIFIER=wanted")
        native(MESSAGE=agent.SEED_LINE, SYSLOG_IDENTIFIER="other")
        native(MESSAGE=agent.SEED_LINE, SYSLOG_IDENTIFIER="wanted")
        running.wait_events(1)
        running.stop()
        self.assertEqual(len(running.lines["out"]), 1)

    def test_rotation_loses_and_repeats_nothing(self):
        running = self.follow_journal()
        for n in range(30):
            native(MESSAGE=f"{agent.SEED_LINE} line {n}", SYSLOG_IDENTIFIER="train")
            if n % 10 == 9:
                subprocess.run(["journalctl", "--rotate"], check=True, capture_output=True)
        running.wait_events(30)
        running.stop()
        self.assertEqual(len(running.lines["out"]), 30)

    def test_what_is_written_before_the_stop_is_read(self):
        running = self.follow_journal()
        native(MESSAGE=agent.SEED_LINE, SYSLOG_IDENTIFIER="train")
        subprocess.run(["journalctl", "--sync"], check=True)
        self.assertEqual(running.stop(), 0)
        self.assertEqual(len(running.lines["out"]), 1)

    def test_vacuum_under_the_agent_does_not_stop_it(self):
        running = self.follow_journal()
        native(MESSAGE=agent.SEED_LINE, SYSLOG_IDENTIFIER="train")
        running.wait_events(1)
        subprocess.run(["journalctl", "--rotate", "--vacuum-files=1"], check=True, capture_output=True)
        native(MESSAGE=agent.SEED_LINE, SYSLOG_IDENTIFIER="train")
        running.wait_events(2)
        running.stop()

    def test_journald_that_is_killed_and_started_again(self):
        running = self.follow_journal()
        native(MESSAGE=agent.SEED_LINE, SYSLOG_IDENTIFIER="train")
        running.wait_events(1)
        sock = "/run/systemd/journal/socket"
        before = os.stat(sock).st_ino
        with open("/run/journald.pid", encoding="utf-8") as file:
            os.kill(int(file.read()), signal.SIGKILL)
        subprocess.run("/lib/systemd/systemd-journald & echo $! >/run/journald.pid", shell=True, check=True)
        until(lambda: os.stat(sock).st_ino != before)
        native(MESSAGE=agent.SEED_LINE, SYSLOG_IDENTIFIER="train")
        running.wait_events(2)
        self.assertEqual(running.stop(), 0)

    def test_an_agent_that_is_killed_loses_and_repeats_nothing(self):
        chance = random.Random(7)
        seen = {}
        for life in range(12):
            last = life == 11
            running = self.follow_journal("--state-dir", self.path("state"))
            for n in range(20):
                native(MESSAGE=f"{agent.SEED_LINE} line {life}-{n}", SYSLOG_IDENTIFIER="train")
            running.wait_events(20 if last else chance.randint(1, 20))
            self.assertEqual(running.stop(signal.SIGTERM if last else signal.SIGKILL), 0 if last else -signal.SIGKILL)
            native(MESSAGE=f"{agent.SEED_LINE} while {life} is dead", SYSLOG_IDENTIFIER="train")
            subprocess.run(["journalctl", "--sync"], check=True)
            for line in running.lines["out"]:
                if line.endswith("}"):
                    event = json.loads(line)
                    seen.setdefault(event["line"], set()).add(event["event_id"])
        wanted = {f"{agent.SEED_LINE} line {life}-{n}" for life in range(12) for n in range(20)}
        wanted |= {f"{agent.SEED_LINE} while {life} is dead" for life in range(11)}
        self.assertEqual(wanted - set(seen), set())
        self.assertEqual({line: ids for line, ids in seen.items() if len(ids) > 1}, {}, "what is told again has the same id")

    def test_what_was_vacuumed_while_it_was_away_is_a_gap(self):
        running = self.follow_journal("--state-dir", self.path("state"))
        native(MESSAGE=agent.SEED_LINE, SYSLOG_IDENTIFIER="train")
        running.wait_events(1)
        self.assertEqual(running.stop(), 0)
        native(MESSAGE="nobody reads this", SYSLOG_IDENTIFIER="train")
        for _ in range(2):
            subprocess.run(["journalctl", "--rotate", "--vacuum-files=1"], check=True, capture_output=True)
        native(MESSAGE=f"{agent.SEED_LINE} behind the gap", SYSLOG_IDENTIFIER="train")
        running = self.follow_journal("--state-dir", self.path("state"))
        events = running.wait_events(2)
        self.assertEqual([event["event"] for event in events], ["gap", "diagnosis"])
        self.assertEqual(running.stop(), 0)

    def test_a_namespace_is_read(self):
        journald = subprocess.Popen(["/lib/systemd/systemd-journald", "jobs"])  # pylint: disable=consider-using-with
        self.addCleanup(journald.wait)
        self.addCleanup(journald.terminate)
        until(lambda: native("/run/systemd/journal.jobs/socket", MESSAGE="the first") is None)
        running = self.start("run", "--journal-namespace=jobs", "--log-level=info", "--repeat=0", "--from=end").ready()
        native(MESSAGE=agent.SEED_LINE, SYSLOG_IDENTIFIER="elsewhere")
        native("/run/systemd/journal.jobs/socket", MESSAGE=agent.SEED_LINE, SYSLOG_IDENTIFIER="train")
        (found,) = running.wait_events(1)
        self.assertEqual((found["source"]["path"], found["source"]["unit"]), ("jobs", "train"))
        self.assertEqual(running.stop(), 0)
        self.assertEqual(len(running.lines["out"]), 1)


@unittest.skipUnless(os.environ.get("JOURNALD_FORWARD"), "runs inside with_journald")
class Forwarded(agent.AgentTest):
    def test_the_agent_stands_in_for_the_syslog_daemon(self):
        running = self.start("run", "--syslog=/run/systemd/journal/syslog", "--repeat=0", "--log-level=info").ready()
        running.wait_stderr("no kernel messages")
        subprocess.run(["logger", "-u", "/run/systemd/journal/dev-log", "-t", "train", agent.SEED_LINE], check=True)
        self.assertEqual(running.wait_events(1)[0]["id"], agent.SEED_ID)
        subprocess.run(["systemd-cat", "-t", "train", "echo", agent.SEED_LINE], check=True)
        self.assertEqual(running.wait_events(2)[1]["id"], agent.SEED_ID)
        native(MESSAGE=f"several lines\n{agent.SEED_LINE}", SYSLOG_IDENTIFIER="train")
        self.assertEqual(running.wait_events(3)[2]["id"], agent.SEED_ID)
        self.assertEqual(running.stop(), 0)


class Crafted(agent.AgentTest):
    def entry(self, directory, **fields):
        lines = [f"__REALTIME_TIMESTAMP={int(time.time() * 1e6)}", "__MONOTONIC_TIMESTAMP=1000000",
                 "_BOOT_ID=11111111111111111111111111111111"]
        lines += [f"{key}={value}" for key, value in fields.items()]
        path = self.write("in.export", "\n".join(lines) + "\n\n")
        os.makedirs(directory, exist_ok=True)
        subprocess.run([REMOTE, "-o", os.path.join(directory, "gpu.journal"), path], check=True, capture_output=True)

    @unittest.skipUnless(os.path.exists(REMOTE), "systemd-journal-remote is not installed")
    def test_kernel_lines_whole_and_split_are_the_same(self):
        directory = self.path("journal")
        self.entry(directory, _TRANSPORT="kernel", SYSLOG_IDENTIFIER="kernel", MESSAGE=XID)
        self.entry(directory, _TRANSPORT="kernel", SYSLOG_IDENTIFIER="NVRM", MESSAGE=XID.removeprefix("NVRM: "))
        running = self.start("run", f"--journal-dir={directory}", "--from=start", "--repeat=0", "--log-level=info").ready()
        running.wait(lambda r: len([e for e in r.lines["out"] if "xid/79" in e]) >= 2, "both")
        self.assertEqual(running.stop(), 0)

    def test_directory_that_is_missing_is_said(self):
        running = self.start("run", f"--journal-dir={self.path('none')}")
        running.wait_stderr("journal")
        running.stop()

    def test_files_of_a_newer_systemd_are_not_silence(self):
        header = bytearray(4096)
        header[:8] = b"LPKSHHRH"
        struct.pack_into("<I", header, 12, 1 << 20)
        struct.pack_into("<Q", header, 88, 256)
        struct.pack_into("<Q", header, 152, 7)
        os.makedirs(self.path("newer"))
        with open(self.path("newer/system.journal"), "wb") as file:
            file.write(header)
        running = self.start("run", f"--journal-dir={self.path('newer')}")
        running.wait_stderr("newer systemd")
        running.stop()

    def test_kmsg_records_are_diagnosed(self):
        os.mkfifo(self.path("kmsg"))
        fifo = os.open(self.path("kmsg"), os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, fifo)
        running = self.start("run", f"--kmsg={self.path('kmsg')}", "--repeat=0", "--log-level=info").ready()
        os.write(fifo, f"4,7,1000,-;{XID}\n".encode())
        running.wait(lambda r: any("xid/79" in e for e in r.lines["out"]), "the Xid")
        os.write(fifo, f"4,9,1000,-;{XID}\n".encode())
        running.wait(lambda r: any('"gap"' in e for e in r.lines["out"]), "the gap")
        self.assertEqual(running.stop(), 0)

    def test_one_message_by_three_ways_is_one_diagnosis(self):
        """As on a node whose journal copies /dev/kmsg and forwards to a syslog daemon that the agent stands in for."""
        directory = self.path("journal")
        self.entry(directory, _TRANSPORT="kernel", SYSLOG_IDENTIFIER="kernel", MESSAGE="Linux version 6.1")
        os.mkfifo(self.path("kmsg"))
        fifo = os.open(self.path("kmsg"), os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, fifo)
        running = self.start("run", f"--kmsg={self.path('kmsg')}", f"--journal-dir={directory}", f"--syslog={self.path('sock')}",
                             "--repeat=0", "--log-level=info").ready()
        os.write(fifo, f"4,7,1000,-;{XID}\n".encode())
        running.wait_events(1)
        self.entry(directory, _TRANSPORT="kernel", SYSLOG_IDENTIFIER="NVRM", MESSAGE=XID.removeprefix("NVRM: "))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.connect(self.path("sock"))
            sock.send(f"<4>Nov 24 12:00:00 kernel: {XID}".encode())
        self.entry(directory, MESSAGE=agent.SEED_LINE)
        running.wait(lambda r: any(agent.SEED_ID in e for e in r.lines["out"]), "what the journal says behind it")
        self.assertEqual(running.stop(), 0)
        self.assertEqual(len([e for e in running.lines["out"] if '"xid/79"' in e and '"diagnosis"' in e]), 1)


class Sockets(agent.AgentTest):
    def test_a_stream_of_both_framings_is_diagnosed(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        running = self.start("run", f"--syslog=tcp:127.0.0.1:{port}", "--repeat=0", "--log-level=info").ready()
        with socket.create_connection(("127.0.0.1", port)) as sock:
            frame = f"<11>1 - host train - - - {agent.SEED_LINE}".encode()
            sock.sendall(str(len(frame)).encode() + b" " + frame + frame + b"\n" + frame)
        running.wait_events(3)
        self.assertEqual(running.stop(), 0)

    def test_a_frame_too_long_is_cut_and_the_next_is_whole(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        running = self.start("run", f"--syslog=tcp:127.0.0.1:{port}", "--repeat=0", "--log-level=info").ready()
        frame = f"<11>1 - host train - - - {agent.SEED_LINE}"
        long = f"{frame} 7 {'x' * 200000}"
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(f"{len(long)} {long}{len(frame)} {frame}{long}\n{frame}\n".encode())
        events = running.wait_events(4)
        self.assertEqual([event["host"] for event in events], ["host"] * 4)
        self.assertEqual(running.stop(), 0)
        self.assertEqual(len(running.lines["out"]), 4)

    def test_a_flood_hides_nothing(self):
        path = self.path("sock")
        running = self.start("run", f"--journal-native={path}", "--repeat=0", "--log-level=info").ready()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.connect(path)
            for i in range(200000):
                text = agent.SEED_LINE if i % 20000 == 19999 else f"step {i} loss 0.1"
                sock.send(f"MESSAGE={text}\nPRIORITY=6\n".encode())
        running.wait_events(10)
        self.assertEqual(running.stop(), 0)
        self.assertEqual(len(running.lines["out"]), 10)


RSYSLOG = """
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{directory}/log")
action(type="omfwd" Target="127.0.0.1" Port="{port}" Protocol="tcp" TCP_Framing="octet-counted" Template="RSYSLOG_SyslogProtocol23Format")
action(type="omfwd" Target="127.0.0.1" Port="{port}" Protocol="udp" Template="RSYSLOG_TraditionalForwardFormat")
"""


@unittest.skipUnless(os.path.exists("/usr/sbin/rsyslogd"), "rsyslog is not installed")
class Rsyslog(agent.AgentTest):
    def test_what_a_real_daemon_forwards_is_diagnosed(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        running = self.start("run", f"--syslog=tcp:127.0.0.1:{port}", f"--syslog=udp:127.0.0.1:{port}", "--repeat=0", "--log-level=info").ready()
        conf = self.write("rsyslog.conf", RSYSLOG.format(directory=self.path("").rstrip("/"), port=port))
        daemon = subprocess.Popen(["/usr/sbin/rsyslogd", "-n", "-f", conf, "-i", self.path("pid")])  # pylint: disable=consider-using-with
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.terminate)
        until(lambda: os.path.exists(self.path("log")))
        subprocess.run(["logger", "-u", self.path("log"), "-t", "train", agent.SEED_LINE], check=True)
        for event in running.wait_events(2):
            self.assertEqual((event["id"], event["host"]), (agent.SEED_ID, socket.gethostname().split(".")[0]))
            self.assertTrue(event["log_time"])
        self.assertEqual(running.stop(), 0)


def inside_journald(case, **env):
    """Runs the tests that need a journald in one; the exit status, 77 when it cannot be had."""
    script = os.path.join(agent.SOURCE, "tests/e2e/with_journald")
    return subprocess.run([script, sys.executable, os.path.abspath(__file__), case, "-v"],
                          env={**os.environ, "GPUERR_IN_JOURNALD": "1", **env}, timeout=250, check=False).returncode


if __name__ == "__main__":
    if not os.environ.get("GPUERR_IN_JOURNALD"):
        for case, env in (("Journald", {}), ("Forwarded", {"JOURNALD_FORWARD": "yes"})):
            status = inside_journald(case, **env)
            if status == 77:
                print(f"skipped: the tests against a real journald, {case}", file=sys.stderr)
            elif status != 0:
                sys.exit(status)
    unittest.main()
