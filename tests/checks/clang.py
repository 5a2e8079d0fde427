#!/usr/bin/env python3
"""Clang 14 builds an example from the headers alone, without a warning, and the program is right."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "cmake/checks"))
import compiler  # noqa: E402

NAME = "clang++-14"
SOURCE = ROOT / "examples/01_run_model.cpp"


def main():
    if not shutil.which(NAME):
        print(f"skipped: clang: {NAME} is not installed\n0 passed, 0 failed, 1 skipped")
        return 0
    launcher = [shutil.which("ccache")] if shutil.which("ccache") else []
    environment = {**os.environ, "CCACHE_BASEDIR": str(ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        built = pathlib.Path(folder) / "example"
        compile_it = launcher + [NAME] + compiler.STANDARD + compiler.include_flags()
        compile_it += ["-Werror", "-O0", "-c", str(SOURCE), "-o", f"{built}.o"]
        for command in (compile_it, [NAME, f"{built}.o", "-o", str(built), "-pthread"], [str(built)]):
            done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=600)
            if done.returncode:
                print(f"failed: {pathlib.Path(command[0]).name} ended with {done.returncode}: {done.stdout[-2000:]}")
                break
    print(f"{int(not done.returncode)} passed, {int(bool(done.returncode))} failed, 0 skipped")
    return 1 if done.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
