#!/usr/bin/env python3
"""What the built programs need: no network, no libraries but those of the toolchain, vector instructions inside.

usage: binary.py [--build DIR]"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from tally import Tally  # noqa: E402

LIBRARIES = {"libc", "libstdc++", "libm", "libgcc_s", "ld-linux-x86-64", "linux-vdso", "libpthread"}
EXAMPLE = "01_run_model"


def check_libraries(c, program):
    text = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=True).stdout
    names = {pathlib.Path(line.split()[0]).name.split(".so")[0] for line in text.splitlines() if line.strip()}
    c.expect(f"libraries of {program.name}", names and names <= LIBRARIES, sorted(names - LIBRARIES))


def traced(words, folder, environment):
    log = pathlib.Path(folder) / "trace"
    done = subprocess.run(["strace", "-f", "-e", "trace=network", "-o", str(log), *map(str, words)], cwd=folder,
                          env=environment, capture_output=True, text=True)
    return done, log.read_text() if log.exists() else ""


def check_network(c, tool, example):
    if not shutil.which("strace"):
        return c.skip("network", "strace is not installed")
    with tempfile.TemporaryDirectory() as folder:
        bare = {"PATH": os.environ["PATH"]}
        if traced(["true"], folder, bare)[0].returncode:
            return c.skip("network", "strace may not trace here")
        probe = [sys.executable, "-c", "import socket; socket.socket()"]
        c.expect("the trace sees sockets", "socket(" in traced(probe, folder, bare)[1])
        for words in ([example], [tool, "run", "small.onnx", "--random", "1", "--dim", "batch=2"],
                      [tool, "optimize", "small.onnx", "-o", "fast.onnx", "--random", "1", "--dim", "batch=2"]):
            done, log = traced(words, folder, bare)
            name = " ".join(str(w) for w in [pathlib.Path(words[0]).name, *words[1:2]])
            c.expect(f"{name} without environment", done.returncode == 0, done.stderr.strip()[:300])
            calls = re.findall(r"^\d+ +(\w+)\(", log, re.M)
            c.expect(f"{name} opens no socket", not calls, sorted(set(calls)))
    return None


def check_instructions(c, tool):
    if not shutil.which("objdump"):
        return c.skip("fused multiply-add", "objdump is not installed")
    if os.uname().machine != "x86_64":
        return c.skip("fused multiply-add", "this is no x86-64")
    counts = {"ymm": 0, "zmm": 0}
    command = ["objdump", "-d", "--no-show-raw-insn", str(tool)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as dump:
        for line in dump.stdout:
            if "vfmadd" in line:
                for register in counts:
                    counts[register] += f"%{register}" in line
    for register, count in counts.items():
        c.expect(f"fused multiply-add in {register} registers", count >= 100, count)
    return None


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--build", default=os.environ.get("TENON_BUILD", str(ROOT / "build")))
    build = pathlib.Path(words.parse_args().build).resolve()
    tool, example = build / "tenon", build / "examples" / EXAMPLE
    c = Tally()
    for program in (tool, example):
        c.expect(f"{program.name} is built", program.is_file())
        if program.is_file():
            check_libraries(c, program)
    if tool.is_file() and example.is_file():
        check_network(c, tool, example)
        check_instructions(c, tool)
    return c.close()


if __name__ == "__main__":
    sys.exit(main())
