# SPDX-License-Identifier: Apache-2.0
"""Every line shape in which the driver prints an Xid, an SXid or an NVLink error gives GPU, process and link.

The shapes are those of the head lines of tests/fixtures/facts/xid.tsv and sxid.tsv (kernel_rc.c, common_nvswitch.h); they are printed for every
code of the tables. A diagnosis is right when it captures what the line holds, and nothing that it does not hold.
"""
import json
import os
import subprocess
import sys

from codes import AGENT, rows

PROCESSES = {
    "": {},
    "pid=4711, name=python3, ": {"pid": "4711", "process": "python3"},
    "pid='<unknown>', name=<unknown>, ": {"pid": "<unknown>", "process": "<unknown>"},
}
PLACES = {
    "PCI:0000:9b:00": {"gpu": "0000:9b:00"},
    "0000:03:00": {"gpu": "0000:03:00"},
    "PCI:0000:9b:00 GPU-I:02": {"gpu": "0000:9b:00", "gi": "02"},
    "PCI:0000:9b:00 GPU-I:02 GPU-CI:01": {"gpu": "0000:9b:00", "gi": "02", "ci": "01"},
}
FIELDS = ("gpu", "gi", "ci", "pid", "process", "link")


def shapes():
    """(line, captures that it has to give)"""
    for row in rows("xid.tsv"):
        for place, of_place in PLACES.items():
            for process, of_process in PROCESSES.items():
                yield f"NVRM: Xid ({place}): {row['code']}, {process}Ch 00000010", {**of_place, **of_process}
    for cause in (13, 31, 94):
        yield (f"NVRM: Xid (PCI:0000:9b:00): 45, pid=4711, name=python3, Ch 00000010 caused by previous Xid {cause}",
               {"gpu": "0000:9b:00", "pid": "4711", "process": "python3", "cause": str(cause)})
    for row in rows("nvlink5.tsv"):
        word = "Fatal" if row["severity"] == "Fatal" else "Nonfatal"
        for process, of_process in PROCESSES.items():
            yield (f"NVRM: Xid (PCI:0000:9b:00): {row['xid']}, {process}{row['unit']} {word} XC0 i0 Link 07 "
                   f"(0x00000001 {row['error_status']} 0x0 0x0 0x0 0x0)", {"gpu": "0000:9b:00", "link": "07", **of_process})
    for row in rows("sxid.tsv"):
        if row["kind"] == "event":
            yield (f"nvidia-nvswitch3: SXid (PCI:0000:c3:00.0): {int(row['code']):05}, Non-fatal, Link 28 "
                   f"{row['emitted_text'].split(' | ')[0] or 'error'} (First)", {"switch": "0000:c3:00.0", "link": "28"})


def main():
    wanted = list(shapes())
    found = {}
    done = subprocess.run([AGENT, "scan", "--format", "json", "--repeat", "0", "-"], input="\n".join(line for line, _ in wanted) + "\n",
                          capture_output=True, text=True, check=False)
    for text in done.stdout.splitlines():
        event = json.loads(text)
        if event["event"] == "diagnosis":
            found[event["line"]] = event
    wrong = 0
    for line, captures in wanted:
        event = found.get(line)
        given = event["captures"] if event else {}
        seen = {name: given[name] for name in given if name in FIELDS or name in captures}
        if seen != captures:
            wrong += 1
            if wrong <= 20:
                print(f"{line}\n    {event['id'] if event else 'no diagnosis'}: wanted {captures}, got {seen}")
    print(f"{len(wanted)} lines, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
