# SPDX-License-Identifier: Apache-2.0
"""Every #include of agent/ stays inside the table of agent/CMakeLists.txt, third-party headers inside the rooms that link them."""
import os
import re
import sys

SOURCE = os.environ["GPUERR_SOURCE_DIR"]
AGENT = os.path.join(SOURCE, "agent")
THIRD_PARTY = {  # header -> the pkg-config target that a room must link
    "uv.h": "UV", "pcre2.h": "PCRE2", "cjson/cJSON.h": "CJSON", "yaml.h": "YAML", "xxhash.h": "XXHASH",
    "sqlite3.h": "SQLITE", "curl/curl.h": "CURL", "microhttpd.h": "MICROHTTPD", "systemd/sd-journal.h": "SYSTEMD",
    "zlib.h": "ZLIB", "zstd.h": "ZSTD",
}


def rooms():
    """room -> (rooms it may include, libraries it links)"""
    with open(os.path.join(AGENT, "CMakeLists.txt"), encoding="utf-8") as file:
        text = file.read()
    table = {}
    for name, rest in re.findall(r"agent_room\((\w+)([^)]*)\)", text):
        allowed, _, libs = rest.partition("LIBS")
        table[name] = (set(re.findall(r"\b[a-z]+\b", allowed.replace("ROOMS", ""))) | {name},
                       set(re.findall(r"PkgConfig::(\w+)", libs)))
    return table


def main():
    faults = []
    table = rooms()
    if len(table) < 10:
        faults.append("agent/CMakeLists.txt: the room table could not be read")
    for room, (allowed, libs) in table.items():
        for directory, _, names in os.walk(os.path.join(AGENT, room)):
            for name in sorted(n for n in names if n.endswith((".c", ".h"))):
                path = os.path.join(directory, name)
                with open(path, encoding="utf-8") as file:
                    for number, line in enumerate(file, 1):
                        where = f"{os.path.relpath(path, SOURCE)}:{number}"
                        own = re.match(r'#include "(\w+)/', line)
                        if own and own[1] not in allowed:
                            faults.append(f"{where}: {room}/ may not include {own[1]}/")
                        if own and own[1] != room and "_internal.h" in line:
                            faults.append(f"{where}: an internal header of {own[1]}/")
                        other = re.match(r"#include <([^>]+)>", line)
                        if other and other[1] in THIRD_PARTY and THIRD_PARTY[other[1]] not in libs:
                            faults.append(f"{where}: {room}/ does not link {THIRD_PARTY[other[1]]}")
    unlisted = {d for d in os.listdir(AGENT) if os.path.isdir(os.path.join(AGENT, d))} - set(table) - {"cmake", "tools"}
    faults += [f"agent/{room}: a folder that is not in the room table" for room in sorted(unlisted)]
    print("\n".join(faults) or f"{len(table)} rooms keep to their table")
    return bool(faults)


sys.exit(main())
