# SPDX-License-Identifier: Apache-2.0
"""Repeats, incidents, rules and labels through the real binary. What joins with what is told by tests/scenarios/."""
import json
import random
import unittest

from agent import AgentTest, events, run

XID = "2026-11-23T21:19:30.000000Z node07 kernel: NVRM: Xid (PCI:0000:9b:00): 48, pid=4188, name=python, An uncorrectable double bit error " \
      "(DBE) has been detected on GPU in the framebuffer at partition 1, subpartition 0."
CUDA = "[rank2]: 2026-11-23 21:19:31,000 RuntimeError: CUDA error: uncorrectable ECC error encountered"


def timeout(rank):
    return f"[rank{rank}]:[E1123 21:29:32.423063423 ProcessGroupNCCL.cpp:629] [Rank {rank}] Watchdog caught collective operation timeout: " \
           "WorkNCCL(SeqNum=1580, OpType=ALLREDUCE, NumelIn=131072000, NumelOut=131072000, Timeout(ms)=600000) ran for 600088 milliseconds before timing out."


STORY = [XID, CUDA, *(timeout(rank) for rank in (0, 1, 3)),
         "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: "]


def of_kind(text, kind):
    return [event for event in events(text) if event["event"] == kind]


class Incidents(AgentTest):
    def test_scan_ends_with_the_incident(self):
        log = self.write("train.log", "\n".join(STORY) + "\n")
        incident, = of_kind(run("scan", log).stdout, "incident")
        self.assertEqual(incident["id"], "xid/48")
        self.assertEqual(incident["incident"]["suspect_rank"], 2)
        self.assertEqual(incident["incident"]["suspect_basis"], "direct")
        self.assertEqual([(part["id"], part["role"]) for part in incident["parts"]],
                         [("xid/48", "root"), ("cuda/ecc-uncorrectable", "cascade"), ("nccl/watchdog-timeout", "cascade"),
                          ("launcher/child-failed-error", "teardown")])
        self.assertTrue(incident["workarounds"])

    def test_any_order_of_lines_is_the_same_incident_of_the_same_name(self):
        def incidents(lines, name):
            log = self.write(name, "\n".join(lines) + "\n")
            return [{k: v for k, v in event.items() if k != "time"} for event in of_kind(run("scan", log).stdout, "incident")]

        first = incidents(STORY, "a.log")
        self.assertEqual(len(first), 1)
        shuffle = random.Random(6)
        for i in range(10):
            lines = STORY[:]
            shuffle.shuffle(lines)
            self.assertEqual(incidents(lines, f"{i}.log"), first)

    def test_a_single_failure_is_one_event(self):
        log = self.write("train.log", XID + "\n")
        self.assertEqual([event["event"] for event in events(run("scan", log).stdout)], ["diagnosis"])

    def test_text_is_a_story(self):
        log = self.write("train.log", "\n".join(STORY) + "\n")
        text = run("scan", "--format", "text", log).stdout
        self.assertIn("Suspect rank 2", text)
        self.assertIn("Story", text)
        self.assertIn("Rest    launcher/child-failed-error", text)
        chinese = run("scan", "--format", "text", "--lang", "zh", log).stdout
        self.assertIn("嫌疑", chinese)

    def test_repeats_are_counted_and_zero_tells_each(self):
        log = self.write("train.log", (XID + "\n") * 25)
        told = events(run("scan", log).stdout)
        self.assertEqual([(event["event"], event.get("count")) for event in told],
                         [("diagnosis", None), ("repeat", 10), ("repeat", 25)])
        self.assertTrue(told[2]["ended"])
        self.assertEqual(told[1]["first_event_id"], told[0]["event_id"])
        self.assertEqual(len(of_kind(run("scan", "--repeat", "0", log).stdout, "diagnosis")), 25)
        self.assertEqual(len(of_kind(run("scan", log, env={"GPUERR_REPEAT": "0"}).stdout, "diagnosis")), 25)

    def test_follow_tells_what_is_pending_when_it_stops(self):
        log = self.write("train.log", "")
        agent = self.follow("--follow", log)
        self.append("train.log", "\n".join(STORY) + "\n")
        agent.wait_events(6)
        self.assertEqual(agent.stop(), 0)
        kinds = [json.loads(line)["event"] for line in agent.lines["out"]]
        self.assertEqual(kinds.count("incident"), 1)

    def test_less_severe_causes_are_joined_but_not_told(self):
        log = self.write("train.log", "\n".join(STORY) + "\n")
        told = events(run("scan", "--min-severity", "critical", log).stdout)
        self.assertEqual({event["severity"] for event in told}, {"critical"})
        incident, = [event for event in told if event["event"] == "incident"]
        self.assertEqual(len(incident["parts"]), 4)


class Rules(AgentTest):
    def scan_with(self, rules, *args):
        log = self.write("train.log", XID + "\n")
        return run("scan", "--rules", self.write("rules.yaml", rules), *args, log)

    def test_a_rule_changes_a_diagnosis_and_says_so(self):
        event, = events(self.scan_with("version: 1\nrules:\n  - name: lab\n    match: {id: xid/48, labels: {site: lab*}}\n"
                                       "    set: {severity: warning, node_action: none, note: known bad card}\n", "--label", "site=lab3").stdout)
        self.assertEqual((event["severity"], event["node_action"], event["note"], event["rules"]),
                         ("warning", "none", "known bad card", ["lab"]))

    def test_mistakes_are_told_with_their_place(self):
        for rules, wanted in (("version: 1\nrulse: []\n", "rules.yaml:2:1: unknown key \"rulse\" (did you mean rules?)"),
                              ("version: 1\nsignals:\n  - {name: bad, regex: '(', means: progress}\n", "signals: bad"),
                              ("version: 1\nrules: [*a]\n", "rules.yaml:2:")):
            done = self.scan_with(rules)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(wanted, done.stderr)
            self.assertEqual(run("check", "--rules", self.path("rules.yaml")).returncode, 1)

    def test_check_prints_rules_that_read_back_the_same(self):
        def effective(*args):
            return run("check", *args).stdout.partition("\n---\n")[2]

        first = effective()
        self.assertIn("xid-45-is-never-the-root", first)
        self.assertEqual(effective("--rules", self.write("rules.yaml", first)), first)

    def test_explain_says_which_rules_apply(self):
        line = "NVRM: Xid (PCI:0000:63:00): 45, pid=4188, name=python, Ch 00000001"
        self.assertIn("xid-45-is-never-the-root", run("explain", "--line", line).stdout)


class Labels(AgentTest):
    def labels(self, *args, **env):
        log = self.write("train.log", XID + "\n")
        return events(run("scan", *args, log, env=env).stdout)[0]["labels"]

    def test_surroundings_give_labels(self):
        self.assertEqual(self.labels(POD_NAME="llm-0", POD_NAMESPACE="ml", RANK="3", WORLD_SIZE="16"),
                         {"pod": "llm-0", "namespace": "ml", "rank": "3", "world_size": "16"})
        self.assertEqual(self.labels(SLURM_JOB_ID="812345", SLURMD_NODENAME="node07", SLURM_PROCID="0"),
                         {"job": "812345", "node": "node07", "rank": "0"})

    def test_what_is_said_comes_first(self):
        self.assertEqual(self.labels("--label", "pod=mine", POD_NAME="llm-0"), {"pod": "mine"})


if __name__ == "__main__":
    unittest.main()
