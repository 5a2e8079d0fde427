#!/usr/bin/env python3
"""Runs the ONNX backend test data of the Python package onnx: node, simple and PyTorch cases, with their skips.

Each case runs twice: with the sizes that the model declares, and with a symbol for every axis of every input.

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


def run_cases(command):
    """Passed, failed and skipped; prints what the runner prints, less its tally."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=TIME_LIMIT_S)
    except subprocess.TimeoutExpired:
        print(f"the runner did not end within {TIME_LIMIT_S} s")
        return 0, 1, 0
    tally = TALLY.search(done.stdout)
    sys.stdout.write(TALLY.sub("", done.stdout).rstrip("\n") + "\n")
    if not tally:
        print(f"the runner ended with status {done.returncode}")
        return 0, 1, 0
    passed, failed, skipped = map(int, tally.groups())
    print(f"{passed} cases passed, {failed} failed, {skipped} skipped")
    return passed, failed or int(done.returncode != 0), skipped


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
    totals = [0, 0, 0]
    for mode in ([], ["--symbolic"]):
        print("\ninputs of symbolic sizes:" if mode else "inputs of declared sizes:", flush=True)
        counts = run_cases(command + mode + [str(data / name) for name in SETS])
        totals = [a + b for a, b in zip(totals, counts)]
    print(f"\n{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    return 1 if totals[1] or not totals[0] else 0


if __name__ == "__main__":
    sys.exit(main())
