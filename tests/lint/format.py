# SPDX-License-Identifier: Apache-2.0
"""clang-format has nothing to change in any C file."""
import os
import shutil
import subprocess
import sys

SOURCE = os.environ["GPUERR_SOURCE_DIR"]

tool = shutil.which("clang-format")
if tool is None:
    print("skipped: clang-format is not installed")
    sys.exit(77)
files = [os.path.join(d, n) for top in ("agent", "tests") for d, _, names in os.walk(os.path.join(SOURCE, top))
         for n in names if n.endswith((".c", ".h"))]
done = subprocess.run([tool, "--dry-run", "-Werror", *files], capture_output=True, text=True, check=False)
print(done.stderr[-4000:] or f"{len(files)} files")
sys.exit(done.returncode != 0)
