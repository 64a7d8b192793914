# SPDX-License-Identifier: Apache-2.0
"""Every header of agent/ compiles alone."""
import os
import subprocess
import sys

AGENT = os.path.join(os.environ["GPUERR_SOURCE_DIR"], "agent")

faults = 0
headers = [os.path.relpath(os.path.join(d, n), AGENT) for d, _, names in os.walk(AGENT) for n in sorted(names)
           if n.endswith(".h")]
for header in headers:
    # Twice: the guard works, too.
    text = f'#include "{header}"\n#include "{header}"\n'
    done = subprocess.run(["gcc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", AGENT,
                           "-x", "c", "-"], input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        faults += 1
        print(header, done.stderr, sep=": ")
print(f"{len(headers)} headers, {faults} faults")
sys.exit(faults > 0 or not headers)
