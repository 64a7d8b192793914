# SPDX-License-Identifier: Apache-2.0
"""What every C file keeps to: licence line and story on top, no banned calls, guards by path, bounded size, nothing left open."""
import os
import re
import sys

SOURCE = os.environ["GPUERR_SOURCE_DIR"]
BANNED = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|strtok|gets|atoi|atol|atof|scanf|sscanf|fscanf|alloca|system|popen|mktemp|tmpnam)\s*\(")
HEAP = re.compile(r"\b(malloc|calloc|realloc|free|strdup|strndup)\s*\(")
OPEN_ENDS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
MAX_LINES = 800


def files(*tops):
    for top in tops:
        for directory, _, names in os.walk(os.path.join(SOURCE, top)):
            for name in sorted(n for n in names if n.endswith((".c", ".h"))):
                yield os.path.join(directory, name)


def strip(text):
    """Without comments and string literals, so that only code is judged; line numbers stay."""
    keep_lines = lambda match: "\n" * match[0].count("\n")
    text = re.sub(r"/\*.*?\*/", keep_lines, text, flags=re.S)
    return re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)


def check(path):
    relative = os.path.relpath(path, SOURCE)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    lines = text.splitlines()
    agent = relative.startswith("agent" + os.sep)
    if not lines or lines[0] != "/* SPDX-License-Identifier: Apache-2.0 */":
        yield f"{relative}:1: the first line is the SPDX licence line"
    if len(lines) < 2 or not lines[1].startswith("/*"):
        yield f"{relative}:2: the file's story stands below the licence line"
    if len(lines) > MAX_LINES:
        yield f"{relative}: {len(lines)} lines; {MAX_LINES} is the wall"
    if agent and path.endswith(".h"):
        guard = "GPUERR_" + re.sub(r"\W", "_", os.path.relpath(path, os.path.join(SOURCE, "agent"))).upper()
        if f"#ifndef {guard}" not in text:
            yield f"{relative}: the include guard is {guard}"
    for number, line in enumerate(strip(text).splitlines(), 1):
        if BANNED.search(line):
            yield f"{relative}:{number}: banned call: {line.strip()}"
        if agent and not relative.startswith(os.path.join("agent", "base", "mem.")) and HEAP.search(line):
            yield f"{relative}:{number}: the heap is reached through base/mem.h: {line.strip()}"
    for number, line in enumerate(lines, 1):
        if OPEN_ENDS.search(line):
            yield f"{relative}:{number}: left open: {line.strip()}"


def main():
    seen = list(files("agent", "tests"))
    faults = [fault for path in seen for fault in check(path)]
    print("\n".join(faults) or f"{len(seen)} files")
    return bool(faults) or len(seen) < 20


sys.exit(main())
