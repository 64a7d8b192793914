# SPDX-License-Identifier: Apache-2.0
"""A generated line for every code of the fact tables is diagnosed with the right code.

The tables (tests/fixtures/facts) name their primary sources row by row. A line counts as right when the diagnosis names the code: by its id,
an alias, its error code, or a capture of kind `code`.
"""
import csv
import json
import os
import re
import subprocess
import sys

AGENT = os.environ["GPUERR_AGENT"]
SOURCE = os.environ["GPUERR_SOURCE_DIR"]
FACTS = os.path.join(SOURCE, "tests", "fixtures", "facts")


def rows(name):
    with open(os.path.join(FACTS, name), encoding="utf-8") as file:
        return list(csv.DictReader((line for line in file if not line.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE))


def generated():
    """(line, what the diagnosis has to name)"""
    for row in rows("xid.tsv"):
        code = row["code"]
        for where in ("PCI:0000:9b:00", "0000:03:00", "PCI:0000:9b:00 GPU-I:02 GPU-CI:01"):
            yield f"[ 1204.77] NVRM: Xid ({where}): {code}, pid=4711, name=python3, Ch 00000010", f"xid/{code}"
        yield f"NVRM: Xid (PCI:0000:9b:00): {code}, pid='<unknown>', name=<unknown>, Ch 00000010", f"xid/{code}"
    for code in (177, 333, 999):
        yield f"NVRM: Xid (PCI:0000:9b:00): {code}, Ch 00000010", f"xid/{code}"
    for row in rows("nvlink5.tsv"):
        word = "Fatal" if row["severity"] == "Fatal" else "Nonfatal"
        yield (f"NVRM: Xid (PCI:0000:9b:00): {row['xid']}, {row['unit']} {word} XC0 i0 Link 02 "
               f"(0x00000001 {row['error_status']} 0x0 0x0 0x0 0x0)", f"xid/{row['xid']}")
    for row in rows("sxid.tsv"):
        if row["kind"] == "event":
            for word in ("Fatal", "Non-fatal"):
                yield (f"nvidia-nvswitch0: SXid (PCI:0000:c3:00.0): {int(row['code']):05}, {word}, Link 28 "
                       f"{row['emitted_text'].split(' | ')[0] or 'error'}", f"sxid/{row['code']}")
    for row in rows("cuda-errors.tsv"):
        if row["class"] in ("success", "status"):
            continue
        name = row["runtime_name"]
        if name:
            yield f"RuntimeError: CUDA error: {row['exact_string']}", name
            yield f"CUDARuntimeError: {name}: {row['exact_string']}", name
        if row["driver_name"]:
            yield f"failed call to cuInit: {row['driver_name']}: {row['exact_string']}", row["driver_name"]


def entries():
    found = {}
    for directory, _, names in os.walk(os.path.join(SOURCE, "kb")):
        for name in names:
            if name.endswith(".json") and name != "schema.json":
                with open(os.path.join(directory, name), encoding="utf-8") as file:
                    entry = json.load(file)
                found[entry["id"]] = entry
    return found


def names_it(event, entry, wanted):
    """Whether the diagnosis is of the wanted code, written `xid/N`, `sxid/N` or as a CUDA name."""
    domain, _, code = wanted.partition("/")
    if not code:
        told = [entry["error_code"] or "", entry["signature"], entry["regex"], *entry["tags"], *event["captures"].values()]
        return any(domain.lower() in text.lower() for text in told)
    kinds = {name: row["kind"] for name, row in entry.get("captures", {}).items()}
    captured = {value for name, value in event["captures"].items() if kinds.get(name) == "code"}
    return event["domain"] == domain and (wanted == event["id"] or wanted in entry["aliases"] or code in captured or
                                          code.zfill(5) in captured or
                                          bool(re.search(rf"\b{code}\b", entry.get("error_code") or "")))


def main():
    lines = list(generated())
    done = subprocess.run([AGENT, "scan", "--repeat", "0", "-"], input="".join(line + "\n" for line, _ in lines), capture_output=True,
                          text=True, check=False)
    offsets, offset = {}, 0
    for line, wanted in lines:
        offsets[offset] = (line, wanted)
        offset += len(line.encode()) + 1
    known = entries()
    silent, wrong = dict(offsets), []
    for text in done.stdout.splitlines():
        event = json.loads(text)
        if event["event"] != "diagnosis":
            continue
        line, wanted = offsets[event["source"]["offset"]]
        silent.pop(event["source"]["offset"])
        if not names_it(event, known[event["id"]], wanted):
            wrong.append(f"{wanted}: got {event['id']}: {line}")
    for line, wanted in silent.values():
        print(f"silent {wanted}: {line}")
    for fault in wrong:
        print(f"wrong  {fault}")
    print(f"{len(lines)} lines, {len(silent)} silent, {len(wrong)} wrong")
    return bool(silent or wrong) or len(lines) < 1000


if __name__ == "__main__":
    sys.exit(main())
