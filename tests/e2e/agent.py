# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: the real binary, started and read, waiting on events with a deadline and never sleeping.

GPUERR_AGENT names the binary, GPUERR_SOURCE_DIR the tree; CTest sets both.
"""
import json
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

AGENT = os.environ["GPUERR_AGENT"]
SOURCE = os.environ["GPUERR_SOURCE_DIR"]
DEADLINE_S = 30  # a machine under load is slow, not wrong

SEED_LINE = "RuntimeError: CUDA error: MPS heap memory limit exceeded (cudaErrorMpsHeapMemoryLimitExceeded)"
SEED_ID = "cuda/mps-heap-limit-exceeded"


def run(*args, stdin=None, env=None, cwd=None):
    """Runs the agent to its end."""
    return subprocess.run([AGENT, *args], input=stdin, capture_output=True, text=True, timeout=DEADLINE_S,
                          env={**os.environ, **(env or {})}, cwd=cwd)


def events(text):
    return [json.loads(line) for line in text.splitlines()]


class Running:
    """A running agent; its output is read line by line as it comes."""

    def __init__(self, *args, stdin=None, env=None):
        self.process = subprocess.Popen([AGENT, *args], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env={**os.environ, **(env or {})})
        self.selector = selectors.DefaultSelector()
        self.partial = {"out": b"", "err": b""}
        self.lines = {"out": [], "err": []}
        for name, pipe in (("out", self.process.stdout), ("err", self.process.stderr)):
            os.set_blocking(pipe.fileno(), False)
            self.selector.register(pipe, selectors.EVENT_READ, name)

    def _read_some(self, timeout):
        for key, _ in self.selector.select(timeout):
            data = os.read(key.fd, 1 << 20)
            if not data:
                self.selector.unregister(key.fileobj)
                continue
            *whole, self.partial[key.data] = (self.partial[key.data] + data).split(b"\n")
            self.lines[key.data] += [line.decode() for line in whole]

    def wait(self, condition, what):
        """Reads until condition(self) holds."""
        end = time.monotonic() + DEADLINE_S
        while not condition(self):
            left = end - time.monotonic()
            if left <= 0 or not self.selector.get_map():
                raise AssertionError(f"never came: {what}; stdout {self.lines['out']} stderr {self.lines['err']}")
            self._read_some(left)

    def wait_events(self, n):
        self.wait(lambda r: len(r.lines["out"]) >= n, f"{n} events")
        return [json.loads(line) for line in self.lines["out"]]

    def wait_stderr(self, text):
        self.wait(lambda r: any(text in line for line in r.lines["err"]), f"{text!r} on stderr")

    def ready(self):
        """The inputs are open: what is written from now on will be read."""
        self.wait_stderr("following")
        return self

    def stop(self, signum=signal.SIGTERM):
        """Signals it, reads the rest, returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signum)
        end = time.monotonic() + DEADLINE_S
        while self.selector.get_map() and time.monotonic() < end:
            self._read_some(1)
        return self.process.wait(timeout=DEADLINE_S)

    def kill(self):
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr, self.process.stdin):
            if pipe is not None:
                pipe.close()
        self.selector.close()


class AgentTest(unittest.TestCase):
    """A test with a directory of its own and agents that end with it."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="gpuerr-e2e-")
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text, mode="w"):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), mode) as file:
            file.write(text)
        return self.path(name)

    def append(self, name, text):
        return self.write(name, text, "a")

    def start(self, *args, **kwargs):
        agent = Running(*args, **kwargs)
        self.addCleanup(agent.kill)
        return agent

    def follow(self, *args, **kwargs):
        """Starts it with the notice that says when its inputs are open; every match is told, unless args say otherwise."""
        return self.start("--log-level", "info", "--repeat", "0", *args, **kwargs).ready()
