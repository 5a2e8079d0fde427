#!/usr/bin/env python3
"""Each tests/compile_fail/*.cpp compiles as it is, and with -DBAD fails with the text after "// expect:"."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "cmake/checks"))
import compiler  # noqa: E402


def compile_sample(path, flags):
    command = ["g++"] + compiler.STANDARD + compiler.include_flags() + ["-Werror", "-fsyntax-only", str(path)] + flags
    launcher = [shutil.which("ccache")] if shutil.which("ccache") else []
    return subprocess.run(launcher + command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})


def judge(path):
    """What is wrong with a sample, or an empty string."""
    expected = re.findall(r"^// expect: (.+)$", path.read_text(), re.M)
    if not expected:
        return "has no line '// expect: TEXT'"
    good = compile_sample(path, [])
    if good.returncode:
        return "does not compile without -DBAD:\n" + good.stderr
    bad = compile_sample(path, ["-DBAD"])
    if bad.returncode == 0:
        return "compiles with -DBAD"
    absent = [text for text in expected if text not in bad.stderr]
    return f"the error does not say {absent}:\n{bad.stderr}" if absent else ""


def main():
    passed, failed = 0, 0
    for path in sorted((ROOT / "tests/compile_fail").glob("*.cpp")):
        wrong = judge(path)
        if wrong:
            print(f"failed: {path.name}: {wrong}")
        passed, failed = passed + (not wrong), failed + bool(wrong)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
