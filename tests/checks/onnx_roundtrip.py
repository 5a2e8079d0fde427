#!/usr/bin/env python3
"""Checks models that tenon wrote: onnx.checker accepts them and ONNX Runtime computes what it computes for the original.

usage: onnx_roundtrip.py [--tenon TOOL] [--written FOLDER] MODEL...
Writes each model with `TOOL optimize MODEL -o OUT`, or takes FOLDER/NAME when it was written already.
Needs the Python packages onnx and onnxruntime; without them it is skipped."""

import argparse
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy
    import onnx
    import onnxruntime
except ImportError as missing:
    print(f"skipped: onnx_roundtrip: {missing}")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)

TYPES = {"tensor(float)": numpy.float32, "tensor(double)": numpy.float64, "tensor(float16)": numpy.float16,
         "tensor(int64)": numpy.int64, "tensor(int32)": numpy.int32, "tensor(bool)": numpy.bool_,
         "tensor(uint8)": numpy.uint8, "tensor(int8)": numpy.int8}


def make_inputs(session, size):
    """Random inputs; every symbol is `size`."""
    random = numpy.random.default_rng(7)
    out = {}
    for value in session.get_inputs():
        shape = [d if isinstance(d, int) else size for d in value.shape]
        kind = TYPES[value.type]
        if numpy.issubdtype(kind, numpy.floating):
            out[value.name] = random.uniform(0.1, 1, shape).astype(kind)
        else:
            out[value.name] = random.integers(0, 2, shape).astype(kind)
    return out


def make_session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def check(model, written, size):
    onnx.checker.check_model(str(written))
    before, after = make_session(model), make_session(written)
    names = [v.name for v in before.get_outputs()]
    found = [v.name for v in after.get_outputs()]
    if names != found:
        raise AssertionError(f"outputs are {found}, expected {names}")
    inputs = make_inputs(before, size)
    for name, a, b in zip(names, before.run(None, inputs), after.run(None, inputs)):
        if not isinstance(a, numpy.ndarray):
            continue
        if a.dtype.kind in "fc":
            scale = max(1.0, float(numpy.max(numpy.abs(a), initial=0)))
            numpy.testing.assert_allclose(b, a, rtol=1e-3, atol=1e-4 * scale, err_msg=name)
        else:
            numpy.testing.assert_array_equal(b, a, err_msg=name)


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--tenon", default="build/tenon")
    words.add_argument("--written")
    words.add_argument("--size", type=int, default=32)
    words.add_argument("models", nargs="*")
    given = words.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for model in map(pathlib.Path, given.models):
            written = pathlib.Path(given.written or folder) / model.name
            try:
                if not given.written:
                    subprocess.run([given.tenon, "optimize", str(model), "-o", str(written)], check=True,
                                   capture_output=True, text=True)
                check(model, written, given.size)
            except subprocess.CalledProcessError as mistake:
                failed += 1
                print(f"failed: {model.name}: {mistake.stderr.strip()}")
            except Exception as mistake:
                failed += 1
                print(f"failed: {model.name}: {type(mistake).__name__}: {str(mistake)[:400]}")
    print(f"{len(given.models) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
