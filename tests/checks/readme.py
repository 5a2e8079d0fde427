#!/usr/bin/env python3
"""Every C++ program in README.md compiles as it stands, with warnings as errors."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "cmake/checks"))
import compiler  # noqa: E402

FENCE = re.compile(r"^```cpp\n(.*?)^```$", re.M | re.S)


def main():
    text = (ROOT / "README.md").read_text()
    command = ["g++"] + compiler.STANDARD + compiler.include_flags() + ["-Werror", "-DTENON_COMPILED=1"]
    command += ["-fsyntax-only", "-x", "c++", "-"]
    passed = failed = 0
    for fence in FENCE.finditer(text):
        line = text.count("\n", 0, fence.start()) + 1
        done = subprocess.run(command, input=f'#line {line + 1} "README.md"\n{fence.group(1)}', capture_output=True,
                              text=True)
        passed, failed = passed + (done.returncode == 0), failed + (done.returncode != 0)
        if done.returncode:
            print(f"FAILED README.md:{line}:\n" + "\n".join(done.stderr.splitlines()[:12]))
    if passed + failed == 0:
        failed = 1
        print("FAILED README.md has no C++ program")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
