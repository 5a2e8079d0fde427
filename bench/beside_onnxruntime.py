#!/usr/bin/env python3
"""Times tenon and ONNX Runtime on the same model and inputs, in turn, one process each, and prints medians and their ratio.

usage: beside_onnxruntime.py MODEL.onnx... [--dim batch=1] [--threads 1] [--rounds 5] [--seconds 3] [--tenon build/tenon]
Inputs are random; a symbol without --dim is 1. Needs onnxruntime and numpy: tests/run.sh leaves them in build/venv."""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]


def peer_inputs(session, sizes):
    import numpy
    dtypes = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(float16)": "float16",
              "tensor(int64)": "int64", "tensor(int32)": "int32", "tensor(uint8)": "uint8", "tensor(int8)": "int8",
              "tensor(bool)": "bool"}
    random = numpy.random.default_rng(1)
    for declared in session.get_inputs():
        shape = [size if isinstance(size, int) else sizes.get(size, 1) for size in declared.shape]
        if declared.type not in dtypes:
            sys.exit(f"input {declared.name}: {declared.type} is not known to this script")
        dtype = numpy.dtype(dtypes[declared.type])
        small = random.standard_normal(shape) if dtype.kind == "f" else random.integers(0, 2, shape)
        yield declared.name, small.astype(dtype)


def run_peer(model, sizes, threads, seconds):
    """Median milliseconds of ONNX Runtime, in this process."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    inputs = dict(peer_inputs(session, sizes))
    times, end = [], None
    for turn in range(1_000_000):
        begin = time.perf_counter()
        session.run(None, inputs)
        now = time.perf_counter()
        end = now + seconds if turn == 2 else end
        times += [1e3 * (now - begin)] if turn > 2 else []
        if len(times) >= 3 and now > end:
            break
    return statistics.median(times)


def run_tenon(tool, model, dims, threads, seconds, folder):
    report = pathlib.Path(folder) / "bench.json"
    command = [tool, "bench", model, "--random", "1", "--threads", str(threads), "--warmup", "3", "--min-time",
               str(seconds), "--json", str(report)]
    subprocess.run(command + [word for dim in dims for word in ("--dim", dim)], check=True, stdout=subprocess.DEVNULL)
    return json.loads(report.read_text())["median_ms"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--dim", action="append", default=[])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--tenon", default=str(ROOT / "build/tenon"))
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sizes = {name: int(size) for name, size in (dim.rsplit("=", 1) for dim in options.dim)}
    if options.peer:
        print(run_peer(options.models[0], sizes, options.threads, options.seconds))
        return
    for model in options.models:
        ours, theirs = [], []
        peer = [sys.executable, __file__, model, "--peer", "--threads", str(options.threads), "--seconds",
                str(options.seconds)] + [word for dim in options.dim for word in ("--dim", dim)]
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(options.rounds):
                theirs.append(float(subprocess.run(peer, check=True, capture_output=True, text=True).stdout))
                ours.append(run_tenon(options.tenon, model, options.dim, options.threads, options.seconds, folder))
        ratios = sorted(b / a for a, b in zip(ours, theirs))
        print(f"{pathlib.Path(model).stem}: tenon {statistics.median(ours):.2f} ms, ONNX Runtime "
              f"{statistics.median(theirs):.2f} ms, ratio {statistics.median(ratios):.2f} "
              f"({ratios[0]:.2f} to {ratios[-1]:.2f} in {options.rounds} rounds)", flush=True)


if __name__ == "__main__":
    main()
