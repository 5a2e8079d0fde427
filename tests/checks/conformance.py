#!/usr/bin/env python3
"""Runs the ONNX backend test data of the Python package onnx: node, simple and PyTorch cases, with their skips.

usage: conformance.py [--data DIR] [--build DIR] [--filter TEXT]
DIR of --data is onnx/backend/test/data; without it TENON_ONNX_DATA, or the package of this Python.
"""
# needs: the onnx package of build/venv
import argparse
import importlib.util
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETS = ("node", "simple", "pytorch-operator", "pytorch-converted")
TIME_LIMIT_S = 1800
TALLY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.M)


def data_folder(given):
    if given or os.environ.get("TENON_ONNX_DATA"):
        return pathlib.Path(given or os.environ["TENON_ONNX_DATA"])
    spec = importlib.util.find_spec("onnx")
    return pathlib.Path(spec.origin).parent / "backend/test/data" if spec else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data")
    parser.add_argument("--build", default=os.environ.get("TENON_BUILD", str(ROOT / "build")))
    parser.add_argument("--filter", default="")
    given = parser.parse_args()
    data = data_folder(given.data)
    if data is None or not (data / "node").is_dir():
        print("skipped: conformance: the Python package onnx with its backend test data is not installed")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    command = [str(pathlib.Path(given.build) / "conformance"), "--filter", given.filter, "--run-skipped",
               "--skips", str(ROOT / "tests/conformance/skips.txt")]
    try:
        done = subprocess.run(command + [str(data / name) for name in SETS], stdout=subprocess.PIPE, text=True,
                              timeout=TIME_LIMIT_S)
    except subprocess.TimeoutExpired:
        print(f"the runner did not end within {TIME_LIMIT_S} s\n0 passed, 1 failed, 0 skipped")
        return 1
    sys.stdout.write(done.stdout)
    if TALLY.search(done.stdout):
        return done.returncode
    print(f"the runner ended with status {done.returncode}\n0 passed, 1 failed, 0 skipped")
    return 1


if __name__ == "__main__":
    sys.exit(main())
