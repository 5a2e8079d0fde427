#!/usr/bin/env python3
# needs: numpy onnx onnxruntime
"""Checks models that tenon wrote: onnx.checker accepts them and ONNX Runtime computes what it computes for the original.

usage: onnx_roundtrip.py [--tenon TOOL] [--build DIR] [--data DIR] [--jobs N] [--size N] [MODEL...]
Every model is written optimized and, if it has several nodes, as it was read. Without MODEL: the cases of the package
onnx (DIR of --data is onnx/backend/test/data) that tests/conformance runs too, the models that the examples write, and
those of `tenon demo`."""

import argparse
import collections
import concurrent.futures
import fnmatch
import os
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

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETS = ("simple", "pytorch-operator", "pytorch-converted", "node")
EXAMPLES = ("01_run_model", "02_build_graph")
# Largest error over scale; an optimized model rounds elsewhere, and stored outputs are rounded.
BOUNDS = {"none": 1e-6, "o1": 1e-4}
STORED_BOUND = 1e-4
TYPES = {"tensor(float)": numpy.float32, "tensor(double)": numpy.float64, "tensor(float16)": numpy.float16,
         "tensor(int64)": numpy.int64, "tensor(int32)": numpy.int32, "tensor(int16)": numpy.int16,
         "tensor(bool)": numpy.bool_, "tensor(uint8)": numpy.uint8, "tensor(int8)": numpy.int8}
FOREIGN = {value for name, value in onnx.TensorProto.DataType.items()
           if name.startswith(("BFLOAT", "FLOAT8", "FLOAT4", "INT4", "UINT4", "INT2", "UINT2"))}
Case = collections.namedtuple("Case", "name model")


class Skip(Exception):
    """Why a case proves nothing here."""


def run(*words, **options):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=120, **options)
    if done.returncode == 1 and done.stderr.startswith("tenon: unsupported error"):
        raise Skip("tenon does not support " + done.stderr.strip().rsplit(": ", 1)[-1])
    if done.returncode:
        raise RuntimeError(f"{pathlib.Path(words[0]).name} ended with {done.returncode}: {done.stderr.strip()[:400]}")


def stored(case, what):
    """The inputs or outputs beside the model, by name; none without them."""
    folder, out = case.model.parent / "test_data_set_0", {}
    if not folder.is_dir():
        return out
    graph = onnx.load(case.model, load_external_data=False).graph
    constants = {t.name for t in graph.initializer}
    values = [v for v in getattr(graph, what) if what == "output" or v.name not in constants]
    for value, file in zip(values, sorted(folder.glob(f"{what}_*.pb"), key=lambda f: int(f.stem.split("_")[1]))):
        kind = value.type.WhichOneof("value")
        message, read = {"sequence_type": (onnx.SequenceProto(), onnx.numpy_helper.to_list),
                         "optional_type": (onnx.OptionalProto(), onnx.numpy_helper.to_optional)}.get(
                             kind, (onnx.TensorProto(), onnx.numpy_helper.to_array))
        message.ParseFromString(file.read_bytes())
        out[value.name] = read(message)
    return out


def random_input(random, value, size):
    """Every symbol is `size`."""
    if value.type not in TYPES:
        raise Skip(f"no random input of type {value.type}")
    shape = [d if isinstance(d, int) else size for d in value.shape]
    kind = TYPES[value.type]
    if numpy.issubdtype(kind, numpy.floating):
        return random.uniform(0.1, 1, shape).astype(kind)
    return random.integers(0, 2, shape).astype(kind)


def inputs_of(session, case, size):
    """The inputs beside the model; without them random ones."""
    random, found = numpy.random.default_rng(7), stored(case, "input")
    return {v.name: found[v.name] if v.name in found else random_input(random, v, size) for v in session.get_inputs()}


onnxruntime.set_default_logger_severity(4)


def session_of(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def expect_same(name, found, expected, bound):
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            raise AssertionError(f"{name}: expected a sequence of {len(expected)}")
        for index, (f, e) in enumerate(zip(found, expected)):
            expect_same(f"{name}[{index}]", f, e, bound)
        return
    if expected is None or found is None:
        if found is not expected:
            raise AssertionError(f"{name}: one of both is empty")
        return
    if found.dtype != expected.dtype or found.shape != expected.shape:
        raise AssertionError(f"{name} is {found.dtype}{list(found.shape)}, "
                             f"expected {expected.dtype}{list(expected.shape)}")
    if expected.dtype.kind in "fc":
        finite = expected[numpy.isfinite(expected)].astype(numpy.float64)
        scale = max(1.0, float(numpy.max(numpy.abs(finite), initial=0)))
        step = max(bound, 2 * float(numpy.finfo(expected.dtype).eps))
        numpy.testing.assert_allclose(found, expected, rtol=step, atol=step * scale, err_msg=name)
    else:
        numpy.testing.assert_array_equal(found, expected, err_msg=name)


def expectation(case, size):
    """Inputs and outputs of the original by name, and whether ONNX Runtime runs it."""
    try:
        before = session_of(case.model)
        inputs = inputs_of(before, case, size)
        names = [v.name for v in before.get_outputs()]
        return inputs, dict(zip(names, before.run(None, inputs))), True
    except Skip:
        raise
    except Exception as mistake:
        inputs, outputs = stored(case, "input"), stored(case, "output")
        if not outputs:
            raise Skip(f"ONNX Runtime does not run the original: {str(mistake).splitlines()[0][:100]}") from mistake
        return inputs, outputs, False


def infers(path):
    """Whether the checks of onnx accept a model with its inferred shapes; they refuse some of its own cases."""
    try:
        onnx.checker.check_model(str(path), full_check=True)
    except onnx.shape_inference.InferenceError:
        return False
    return True


def check_written(case, written, wanted, bound):
    inputs, outputs, is_run = wanted
    onnx.checker.check_model(str(written))
    if not infers(written) and infers(case.model):
        onnx.checker.check_model(str(written), full_check=True)
    try:
        after = session_of(written)
        found = after.run(None, inputs)
    except Exception as mistake:
        if is_run:
            raise
        raise Skip("ONNX Runtime runs neither the original nor what was written") from mistake
    for what, values, expected in (("inputs", after.get_inputs(), inputs), ("outputs", after.get_outputs(), outputs)):
        names = [v.name for v in values]
        if names != list(expected):
            raise AssertionError(f"{what} are {names}, expected {list(expected)}")
    for (name, expected), value in zip(outputs.items(), found):
        expect_same(name, value, expected, bound)


def check(case, given, written):
    """How many levels passed and which failed, with texts."""
    wanted, passed, failures = expectation(case, given.size), 0, []
    is_one_op = len(onnx.load(case.model, load_external_data=False).graph.node) == 1
    for level, bound in BOUNDS.items():
        if is_one_op and level == "none":
            continue  # optimized it is the same op again
        try:
            run(given.tenon, "optimize", case.model, "-o", written, "--level", level)
            check_written(case, written, wanted, bound if wanted[2] else STORED_BOUND)
            passed += 1
        except Skip:
            if not failures:
                raise
            break
        except Exception as mistake:
            failures.append(f"{case.name} {level}: {type(mistake).__name__}: {str(mistake)[:400]}")
    written.unlink(missing_ok=True)
    return passed, failures


def has_numpy(path):
    """Whether numpy has the types of all inputs and outputs."""
    graph = onnx.load(path, load_external_data=False).graph
    return not any(v.type.tensor_type.elem_type in FOREIGN for v in [*graph.input, *graph.output])


def default_cases(given, folder):
    """The models that every machine with the tool, the examples and the package onnx has."""
    data = pathlib.Path(given.data or pathlib.Path(onnx.__file__).parent / "backend/test/data")
    left_out = [line.split("\t")[0] for line in (ROOT / "tests/conformance/skips.txt").read_text().splitlines()]
    cases = [Case(path.parent.name, path) for part in SETS for path in sorted((data / part).glob("*/model.onnx"))
             if not any(fnmatch.fnmatchcase(path.parent.name, pattern) for pattern in left_out) and has_numpy(path)]
    for name in EXAMPLES:
        example = pathlib.Path(given.build) / "examples" / name
        if not example.is_file():
            raise SystemExit(f"{example} is not built\n0 passed, 1 failed, 0 skipped")
        run(example, cwd=folder)
    run(given.tenon, "demo", "resnet50", folder / "resnet50.onnx")
    run(given.tenon, "demo", "resnet50", folder / "resnet50-normalized.onnx", "--keep-normalization")
    return cases + [Case(path.stem, path) for path in sorted(folder.glob("*.onnx"))]


def main():
    build = pathlib.Path(os.environ.get("TENON_BUILD", ROOT / "build"))
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--tenon", default=os.environ.get("TENON_TOOL", str(build / "tenon")))
    words.add_argument("--build", default=str(build))
    words.add_argument("--data", default=os.environ.get("TENON_ONNX_DATA"))
    words.add_argument("--jobs", type=int, default=int(os.environ.get("TENON_JOBS", "2")))
    words.add_argument("--size", type=int, default=2)
    words.add_argument("models", nargs="*")
    given = words.parse_args()
    for model in given.models:
        if not pathlib.Path(model).is_file():
            words.error(f"{model} is no file")
    given.tenon = pathlib.Path(given.tenon).resolve()
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory() as name, concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        folder, out = pathlib.Path(name) / "models", pathlib.Path(name) / "written"
        folder.mkdir()
        out.mkdir()
        cases = [Case(path.stem, path) for path in map(pathlib.Path, given.models)] or default_cases(given, folder)
        tasks = {case: pool.submit(check, case, given, out / f"{index}.onnx") for index, case in enumerate(cases)}
        for case, task in tasks.items():
            try:
                good, bad = task.result()
            except Skip as reason:
                skipped += 1
                print(f"skipped: onnx_roundtrip {case.name}: {reason}")
                continue
            passed, failed = passed + good, failed + len(bad)
            for text in bad:
                print(f"failed: {text}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
