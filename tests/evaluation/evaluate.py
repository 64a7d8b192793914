# SPDX-License-Identifier: Apache-2.0
"""Recall, precision and misses of the knowledge base over labelled real log lines.

Each sample is scanned by the real binary as a log of its own. A positive is found when one of its diagnoses is an expected one (`expect`
or `alt`, by id or by an alias of the entry); precision at one asks that the diagnosis of its primary line is. A healthy
sample must yield nothing: one that does is a failure, as is recall below --min-recall.

usage: evaluate.py [--verbose] [--domain NAME]... [--min-recall R] [--min-precision P]
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

AGENT = os.environ["GPUERR_AGENT"]
SOURCE = os.environ["GPUERR_SOURCE_DIR"]
FIXTURES = os.path.join(SOURCE, "tests", "fixtures", "evaluation")


def load(name):
    with open(os.path.join(FIXTURES, name), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def aliases():
    """id -> every name of that failure"""
    names = {}
    for directory, _, files in os.walk(os.path.join(SOURCE, "kb")):
        for name in files:
            if name.endswith(".json") and name != "schema.json":
                with open(os.path.join(directory, name), encoding="utf-8") as file:
                    entry = json.load(file)
                names[entry["id"]] = {entry["id"], *entry["aliases"]}
    return names


def scan(samples):
    """One run over all samples, each a file: sample index -> its events, in order."""
    found = {i: [] for i in range(len(samples))}
    with tempfile.TemporaryDirectory() as directory:
        for i, sample in enumerate(samples):
            with open(os.path.join(directory, f"{i:05}.log"), "w", encoding="utf-8") as file:
                file.write(sample["text"] + "\n")
        done = subprocess.run([AGENT, "scan", "--repeat", "0", directory], capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            sys.exit(f"scan ended with {done.returncode}: {done.stderr}")
        for line in done.stdout.splitlines():
            event = json.loads(line)
            if event["event"] != "diagnosis":
                continue  # what joins several samples says nothing about one
            found[int(os.path.basename(event["source"]["path"])[:5])].append(event)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--domain", action="append")
    parser.add_argument("--min-recall", type=float, default=0)
    parser.add_argument("--min-precision", type=float, default=0)
    args = parser.parse_args()
    positives = [s for s in load("dev-positives.jsonl") if not args.domain or s["domain"] in args.domain]
    negatives = load("dev-negatives.jsonl")
    names = aliases()
    found = scan(positives)
    hits, right, answered, misses, wrong = 0, 0, 0, {}, []
    domains = {}
    for i, sample in enumerate(positives):
        wanted = {sample["expect"], *sample["alt"]}
        got = [names.get(event["id"], {event["id"]}) for event in found[i]]
        hit = any(wanted & ids for ids in got)
        total, good = domains.get(sample["domain"], (0, 0))
        domains[sample["domain"]] = (total + 1, good + hit)
        hits += hit
        if got:
            lines = sample["text"].split("\n")
            primary = lines[sample["primary_line"]].rstrip("\r")
            first = next((ids for event, ids in zip(found[i], got) if event["line"] == primary), got[0])
            answered += 1
            right += bool(wanted & first)
            if not wanted & first:
                wrong.append((sample, sorted(min(ids) for ids in got)))
        if not hit:
            misses.setdefault(sample["domain"], []).append(sample)
    print(f"{'domain':<16}{'samples':>8}{'found':>8}{'recall':>8}")
    for domain, (total, good) in sorted(domains.items()):
        print(f"{domain:<16}{total:>8}{good:>8}{good / total:>8.2f}")
    recall = hits / len(positives)
    precision = right / answered if answered else 1.0
    print(f"{'all':<16}{len(positives):>8}{hits:>8}{recall:>8.2f}   precision at one {precision:.3f}")
    for domain, samples in sorted(misses.items()):
        for sample in samples:
            print(f"missed  {domain}: {sample['expect']}" + (f": {sample['text'][:200]!r}" if args.verbose else ""))
    for sample, got in wrong:
        print(f"wrong   {sample['expect']}: got {', '.join(got)}" + (f": {sample['text'][:200]!r}" if args.verbose else ""))
    alarms = [(negatives[i], event) for i, events in scan(negatives).items() for event in events]
    for sample, event in alarms:
        print(f"alarm   {event['id']} on a healthy line: {event['line']!r}")
    print(f"{len(negatives)} healthy samples, {len(alarms)} false alarms")
    return bool(alarms) or recall < args.min_recall or precision < args.min_precision


sys.exit(main())
