# SPDX-License-Identifier: Apache-2.0
"""The command line: exit statuses, where output goes, what is said to a person who mistypes."""
import gzip
import json
import os
import subprocess
import unittest

from agent import AGENT, SEED_ID, SEED_LINE, SOURCE, AgentTest, events, run


class ExitStatus(AgentTest):
    def test_help_goes_to_stdout_and_ends_with_0(self):
        for args in (["--help"], ["scan", "--help"], ["kb", "--help"], ["explain", "--help"], ["check", "--help"]):
            with self.subTest(args):
                done = run(*args)
                self.assertEqual(done.returncode, 0)
                self.assertIn("gpuerr-agent", done.stdout)
                self.assertEqual(done.stderr, "")

    def test_help_fits_a_screen(self):
        lines = run("--help").stdout.splitlines()
        self.assertLessEqual(len(lines), 50)
        self.assertLessEqual(max(map(len, lines)), 100)

    def test_version(self):
        done = run("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^gpuerr-agent \d+\.\d+\.\d+")

    def test_usage_errors_end_with_2_and_a_hint(self):
        for args, text in ((["--folow", "x"], "--follow"), (["scna", "x"], "scan"), ([], "--follow"), (["scan"], "FILE"),
                           (["--follow"], "--follow"), (["--min-severity", "bad", "--stdin"], "critical"),
                           (["explain"], "ID"), (["kb", "lnt"], "lint")):
            with self.subTest(args):
                done = run(*args)
                self.assertEqual(done.returncode, 2, done)
                self.assertEqual(done.stdout, "")
                self.assertIn(text, done.stderr)

    def test_scan_reads_compressed_logs(self):
        text = f"a\n{SEED_LINE}\n"
        gz, zst = self.path("train.log.2.gz"), self.path("train.log.1.zst")
        with gzip.open(gz, "wt") as file:
            file.write(text)
        subprocess.run(["zstd", "-q", "-o", zst], input=text, text=True, check=True)
        done = run("scan", "--repeat=0", gz, zst)
        found = events(done.stdout)
        self.assertEqual([(event["source"]["path"], event["source"]["offset"]) for event in found], [(gz, 2), (zst, 2)])
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        with open(gz, "rb") as file:
            done = subprocess.run([AGENT, "scan", "-"], stdin=file, capture_output=True, text=True, check=False)
        self.assertEqual([event["id"] for event in events(done.stdout)], [SEED_ID])
        with gzip.open(gz, "wt") as file:
            file.write(text * 1000)
        os.truncate(gz, os.path.getsize(gz) - 9)
        done = run("scan", "--repeat=0", gz)
        self.assertIn(f"{gz}: the compressed data is cut short", done.stderr)
        self.assertTrue(done.stdout, "what there is is read")

    def test_scan_status_says_what_was_found(self):
        healthy = self.write("healthy.log", "all is well\n")
        broken = self.write("broken.log", SEED_LINE + "\n")
        self.assertEqual(run("scan", healthy).returncode, 0)
        self.assertEqual(run("scan", broken).returncode, 1)
        missing = run("scan", broken, self.path("missing.log"))
        self.assertEqual(missing.returncode, 3)
        self.assertIn("missing.log", missing.stderr)
        self.assertEqual(len(events(missing.stdout)), 1, "the readable one is still scanned")

    def test_scan_of_a_directory_and_of_stdin(self):
        self.write("logs/a/one.log", SEED_LINE + "\n")
        self.write("logs/two.log", SEED_LINE + "\n")
        os.mkfifo(self.path("logs/fifo"))
        self.assertEqual(len(events(run("scan", self.path("logs")).stdout)), 2)
        self.assertEqual(len(events(run("scan", "-", stdin=SEED_LINE + "\n").stdout)), 1)


class Output(AgentTest):
    def test_output_goes_on_behind_a_torn_line(self):
        log = self.write("f.log", SEED_LINE + "\n")
        out = self.write("out.json", '{"torn": ')
        self.assertEqual(run("scan", "--output", out, log).returncode, 1)
        with open(out, encoding="utf-8") as file:
            torn, whole = file.read().splitlines()
        self.assertEqual((torn, json.loads(whole)["id"]), ('{"torn": ', SEED_ID))

    def test_pipe_gets_json_and_text_on_request(self):
        log = self.write("x.log", SEED_LINE + "\n")
        json.loads(run("scan", log).stdout)
        text = run("scan", "--format", "text", log).stdout
        self.assertIn(SEED_ID, text)
        self.assertNotIn("\x1b", text)

    def test_colour_on_request_only(self):
        log = self.write("x.log", SEED_LINE + "\n")
        self.assertIn("\x1b[", run("scan", "--format", "text", "--color", "always", log, env={"NO_COLOR": ""}).stdout)

    def test_hostile_line_reaches_the_terminal_as_visible_characters(self):
        log = self.write("x.log", "\x1b]52;c;aGk=\x07\u202e\u2028" + SEED_LINE + "\x9b31m\n")
        for form in ("json", "text"):
            out = run("scan", "--format", form, log).stdout
            self.assertIn(SEED_ID, out)
            for char in "\x1b\x07\u202e\u2028\x9b":
                self.assertNotIn(char, out.replace("\n", ""))

    def test_chinese(self):
        log = self.write("x.log", SEED_LINE + "\n")
        self.assertIn("内存", run("scan", "--lang", "zh", log).stdout)

    def test_labels_and_environment_twins(self):
        log = self.write("x.log", SEED_LINE + "\n")
        done = run("scan", "--label", "job=llm", log)
        self.assertEqual(json.loads(done.stdout)["labels"], {"job": "llm"})
        quiet = run("scan", log, env={"GPUERR_MIN_SEVERITY": "critical"})
        self.assertEqual(quiet.stdout, "")

    def test_output_file_is_private_and_no_link_is_followed(self):
        log = self.write("x.log", SEED_LINE + "\n")
        out = self.path("events.jsonl")
        self.assertEqual(run("scan", "--output", out, log).returncode, 1)
        self.assertEqual(os.stat(out).st_mode & 0o777, 0o600)
        os.symlink(self.path("elsewhere"), self.path("link"))
        done = run("scan", "--output", self.path("link"), log)
        self.assertEqual(done.returncode, 2)
        self.assertFalse(os.path.exists(self.path("elsewhere")))


class Knowledge(AgentTest):
    def test_lint_and_test_of_the_shipped_entries(self):
        for verb in ("lint", "test"):
            done = run("kb", verb, os.path.join(SOURCE, "kb"))
            self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])

    def test_broken_entry_is_named_with_its_field(self):
        with open(os.path.join(SOURCE, "kb", SEED_ID + ".json"), encoding="utf-8") as file:
            entry = json.load(file)
        entry["confidence"] = "high"
        self.write("kb/cuda/mps-heap-limit-exceeded.json", json.dumps(entry))
        done = run("kb", "lint", self.path("kb"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("mps-heap-limit-exceeded.json", done.stdout + done.stderr)
        self.assertIn("confidence", done.stdout + done.stderr)

    def test_bad_extra_entry_stops_nothing_unless_strict(self):
        self.write("kb/x/bad.json", "{")
        log = self.write("x.log", SEED_LINE + "\n")
        lenient = run("scan", "--kb", self.path("kb"), log)
        self.assertEqual(lenient.returncode, 1)
        self.assertIn("bad.json", lenient.stderr)
        self.assertEqual(run("scan", "--strict", "--kb", self.path("kb"), log).returncode, 2)

    def test_explain_shows_an_entry(self):
        done = run("explain", SEED_ID)
        self.assertEqual(done.returncode, 0)
        self.assertIn("CUDA_MPS_HEAP_SIZE", done.stdout)
        entry = json.loads(run("explain", "--format", "json", SEED_ID).stdout)
        with open(os.path.join(SOURCE, "tests", "fixtures", "seed-record.json"), encoding="utf-8") as file:
            given = json.load(file)
        self.assertEqual({k: entry[k] for k in given}, given)

    def test_explain_unknown_id_suggests(self):
        done = run("explain", "cuda/mps-heap-limit-exceded")
        self.assertEqual(done.returncode, 2)
        self.assertIn(SEED_ID, done.stderr)

    def test_explain_line(self):
        done = run("explain", "--line", SEED_LINE)
        self.assertEqual(done.returncode, 0)
        self.assertIn(SEED_ID, done.stdout)
        none = run("explain", "--line", "all is well")
        self.assertEqual(none.returncode, 0)
        self.assertIn("no entry", none.stdout)

    def test_list_search_stats(self):
        self.assertIn(SEED_ID, run("kb", "list").stdout)
        self.assertIn(SEED_ID, run("kb", "search", "heap").stdout)
        self.assertIn("cuda", run("kb", "stats").stdout)


class Check(AgentTest):
    def test_unknown_key_is_named_with_place_and_neighbour(self):
        path = self.write("bad.yaml", "version: 1\ninputs:\n  folow: [a]\n")
        done = run("check", "--config", path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("bad.yaml:3:3", done.stderr)
        self.assertIn("follow", done.stderr)

    def test_shipped_examples_are_valid_and_printed(self):
        directory = os.path.join(SOURCE, "config")
        for name in os.listdir(directory):
            if name.endswith(".yaml"):
                done = run("check", "--config", os.path.join(directory, name))
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("follow", done.stdout)


if __name__ == "__main__":
    unittest.main()
