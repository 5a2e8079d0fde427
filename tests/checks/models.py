#!/usr/bin/env python3
"""Runs real models with tenon and with ONNX Runtime on the same inputs and compares every output.

usage: models.py [--tenon FILE] [--recipes DIR] [--models DIR] [--cases MODEL[:CASE],…] [--levels none,o1]

DIR of --recipes holds specs.json and make_io.py (the model set), without it TENON_MODEL_RECIPES; DIR of --models the
.onnx files they were made into. No value may have an unknown rank. Every case runs once without and once with
optimization. Symbols get at least three sizes a model. The error of an output is max |a - b| over the largest |b|;
integers, booleans, strings, infinities and NaN must be equal; quantized models are compared by correlation and by the
root of the mean square of a - b over that of b.
"""
import argparse
import functools
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Sizes beyond those of specs.json: every symbolic dimension takes at least three values.
MORE = {
    "resnet50": [dict(batch=10)],
    "resnet50_bn": [dict(batch=2), dict(batch=3)],
    "resnet18": [dict(batch=2), dict(batch=5)],
    "mobilenet_v3_large": [dict(batch=2), dict(batch=7)],
    "srcnn": [dict(height=33, width=65)],
    "srcnn_scale": [dict(height=40, width=28, scale=2), dict(height=31, width=50, scale=4)],
    "bert_base_legacy": [dict(batch=1, seq=16), dict(batch=3, seq=37)],
    "bert_base_int8_dyn": [dict(batch=1, seq=16), dict(batch=2, seq=37)],
    "gpt2": [dict(batch=2, seq=5, past=11)],
    "asr_decoder": [dict(batch=3)],
    "conformer": [dict(batch=2, time=100)],
    "pointpillars": [dict(pillars=100), dict(pillars=1)],
    "bilstm_crf": [dict(seq=1), dict(seq=57)],
    "tree_cls": [dict(batch=13)],
    "tree_reg": [dict(batch=13)],
    "resnet50_int8_qdq": [dict(batch=2), dict(batch=3)],
}
TOLERANCE = 2e-4
TIME_LIMIT_S = 900
# Quantized models round to integers: one unit in the last place of a float moves whatever follows it by a whole step.
# They are compared with ONNX Runtime as written (its own optimizer moves them by 0.29 and 0.05), by correlation.
QUANTIZED = {"bert_base_int8_dyn", "resnet50_int8_qdq"}
QUANTIZED_CORRELATION = 0.999
QUANTIZED_RMS = 0.05

# Outputs that are one list of detections, best first: neighbours whose scores are equal within the tolerance may swap.
RANKED = {"retinanet_full": ("scores", ("boxes", "labels"))}


def cases_of(specs, model):
    named = [(name, dims) for name, dims in specs[model]["cases"].items()]
    return named + [("-".join(f"{k}{v}" for k, v in dims.items()), dims) for dims in MORE.get(model, [])]


@functools.lru_cache(maxsize=None)
def digest_of(*files):
    digest = hashlib.sha256()
    for file in files:
        with open(file, "rb") as data:
            digest.update(hashlib.file_digest(data, "sha256").digest())
    return digest.hexdigest()


def expected(np, make_io, model_path, model, name, dims, cache):
    """Inputs and ONNX Runtime's outputs, kept in `cache` under the digest of the model, the recipes and the sizes."""
    recipes = [pathlib.Path(make_io.__file__).parent / f for f in ("make_io.py", "materialize.py", "specs.json")]
    key = f"{model}:{name} {digest_of(model_path, *recipes)} {sorted(dims.items())}"
    kept = cache / f"{model}_{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
    if kept.exists():
        with np.load(kept) as data:
            return ({k[3:]: data[k] for k in data if k.startswith("in_")},
                    {k[4:]: data[k] for k in data if k.startswith("out_")})
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if model in QUANTIZED:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(model_path), options, providers=["CPUExecutionProvider"])
    inputs = make_io.inputs(f"{model}:{name}", dims)
    outputs = dict(zip([o.name for o in session.get_outputs()], session.run(None, inputs)))
    cache.mkdir(parents=True, exist_ok=True)
    np.savez(kept, **{"in_" + k: v for k, v in inputs.items()}, **{"out_" + k: v for k, v in outputs.items()})
    return inputs, outputs


def file_name(name):
    return "".join(c if c.isalnum() and c.isascii() or c in "._-" else "_" for c in name)


def float_error(np, got, want, quantized):
    """(error in tolerances, text) of finite numbers; NaN where it is not a number."""
    if np.array_equal(got, want):
        return 0.0, "equal"
    error = got - want
    if not quantized:
        scaled = float(np.abs(error).max()) / max(1e-30, float(np.abs(want).max()))
        return scaled / TOLERANCE, f"{scaled:.2e}"
    with np.errstate(all="ignore"):
        correlation = float(np.corrcoef(got, want)[0, 1])
    rms = float(np.sqrt(np.mean(error ** 2) / max(1e-60, float(np.mean(want ** 2)))))
    worst = np.maximum((1 - correlation) / (1 - QUANTIZED_CORRELATION), rms / QUANTIZED_RMS)
    return float(worst), f"correlation {correlation:.5f}, rms {rms:.4f}"


def difference(np, got, want, quantized):
    """(error in tolerances, text): 0 for equal outputs, inf for outputs that cannot be compared."""
    if got.shape != want.shape or got.dtype != want.dtype:
        return float("inf"), f"{got.dtype}{got.shape} for {want.dtype}{want.shape}"
    if want.size == 0:
        return 0.0, "empty"
    if want.dtype.kind != "f":
        wrong = int((got != want).sum())
        return (float("inf") if wrong else 0.0), f"{wrong} of {want.size} differ"
    finite = np.isfinite(want)
    if not np.isfinite(got[finite]).all() or not np.array_equal(got[~finite], want[~finite], equal_nan=True):
        return float("inf"), "infinities or NaN differ"
    error, text = float_error(np, got[finite].astype(np.float64), want[finite].astype(np.float64), quantized)
    return (float("inf") if error != error else error), text


def check_difference(np):
    """Names of the comparisons that come out wrong."""
    one, nan, inf = np.linspace(-1, 2, 50, dtype=np.float32), np.float32("nan"), np.float32("inf")

    def changed(value):
        return np.concatenate([one[:-1], [value]]).astype(np.float32)

    fine = {"equal": (one, one), "close": (one * np.float32(1 + 1e-5), one), "both NaN": (changed(nan), changed(nan)),
            "both inf": (changed(inf), changed(inf)), "constant": (one * 0 + 1, one * 0 + 1)}
    wrong = {"NaN": (changed(nan), one), "NaN expected": (one, changed(nan)), "inf": (changed(inf), one),
             "inf expected": (one, changed(inf)), "other sign": (changed(-inf), changed(inf)),
             "finite beside inf": (changed(inf) + np.float32(0.1), changed(inf)), "shape": (one[:1], one),
             "scale": (one * 2, one), "offset": (one + np.float32(0.5), one), "all NaN": (one * nan, one),
             "constant": (one * 0 + 2, one * 0 + 1)}
    return [f"{name}{' quantized' if quantized else ''}" for cases, is_fine in ((fine, True), (wrong, False))
            for name, (got, want) in cases.items() for quantized in (False, True)
            if (difference(np, got, want, quantized)[0] <= 1) != is_fine]


def align_ranked(np, model, got, want):
    """Swaps rows of `got` back where the ranks of nearly equal scores differ."""
    if model not in RANKED:
        return
    key, others = RANKED[model]
    if any(got[k].shape != want[k].shape for k in (key, *others)):
        return
    for i in range(len(want[key])):
        for j in range(i, min(i + 3, len(want[key]))):
            near = abs(got[key][j] - got[key][i]) <= TOLERANCE * abs(want[key]).max()
            if near and all(np.allclose(got[k][j], want[k][i], rtol=0, atol=TOLERANCE * np.abs(want[k]).max())
                            for k in others):
                for k in (key, *others):
                    got[k][[i, j]] = got[k][[j, i]]
                break


def run_case(np, tenon, path, inputs, outputs, level, threads, model):
    with tempfile.TemporaryDirectory() as folder:
        command = [str(tenon), "run", str(path), "--level", level, "--output-dir", folder, "--threads", str(threads)]
        for index, (name, value) in enumerate(inputs.items()):
            file = os.path.join(folder, f"in{index}.npy")
            np.save(file, value)
            command += ["--input", f"{name}={file}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_S)
        except subprocess.TimeoutExpired:
            return float("inf"), f"no end after {TIME_LIMIT_S} s"
        if done.returncode:
            return float("inf"), f"exit {done.returncode}: {done.stderr.strip()[:600]}"
        worst, texts = 0.0, []
        found = {name: np.load(os.path.join(folder, file_name(name) + ".npy")) for name in outputs}
        align_ranked(np, model, found, outputs)
        for name, want in outputs.items():
            error, text = difference(np, found[name], want, model in QUANTIZED)
            worst = max(worst, error)
            texts.append((error, f"{name} {text}"))
        return worst, max(texts)[1]


def sizes_known(tenon, path):
    """Whether every value of a model has a known rank, and what `tenon inspect` says of the sizes."""
    done = subprocess.run([str(tenon), "inspect", str(path)], capture_output=True, text=True, timeout=TIME_LIMIT_S)
    found = re.search(r"^sizes (.*, (\d+) values of unknown rank)$", done.stdout, re.M)
    return (found[2] == "0", found[1]) if found else (False, f"exit {done.returncode}: {done.stderr.strip()[:600]}")


def skip(reason):
    print(f"skipped: models: {reason}")
    print("0 passed, 0 failed, 1 skipped")
    return 0


def run_all(np, make_io, options):
    """Passed, failed and skipped cases."""
    models = pathlib.Path(options.models)
    cache = pathlib.Path(options.cache) if options.cache else models / "expected"
    wanted = {c for c in options.cases.split(",") if c}
    passed = failed = skipped = 0
    for model in make_io.SPECS:
        path = models / f"{model}.onnx"
        cases = [(name, dims) for name, dims in cases_of(make_io.SPECS, model)
                 if not options.cases or {model, f"{model}:{name}"} & wanted]
        wanted -= {model, *(f"{model}:{name}" for name, _ in cases)}
        if cases and not path.exists():
            skipped += 1
            print(f"skipped: {model}: its .onnx file is not below the folder of --models")
            continue
        if cases:
            is_known, text = sizes_known(options.tenon, path)
            passed, failed = passed + is_known, failed + (not is_known)
            print(f"{'ok    ' if is_known else 'FAILED'} {model} sizes: {text}", flush=True)
        for name, dims in cases:
            inputs, outputs = expected(np, make_io, path, model, name, dims, cache)
            for level in options.levels.split(","):
                error, text = run_case(np, options.tenon, path, inputs, outputs, level, options.threads, model)
                passed, failed = passed + (error <= 1), failed + (not error <= 1)
                print(f"{'ok    ' if error <= 1 else 'FAILED'} {model}:{name} {level}: {text}", flush=True)
    if wanted:
        failed += 1
        print(f"FAILED --cases: no such case: {', '.join(sorted(wanted))}")
    elif passed + failed == 0:
        failed += 1
        print("FAILED: no case ran")
    return passed, failed, skipped


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenon", default=ROOT / "build/tenon")
    parser.add_argument("--recipes", default=os.environ.get("TENON_MODEL_RECIPES"))
    parser.add_argument("--models", default=ROOT / "build/models")
    parser.add_argument("--cache", default=None)
    parser.add_argument("--cases", default="")
    parser.add_argument("--levels", default="none,o1")
    parser.add_argument("--threads", default="2")
    options = parser.parse_args()
    try:
        import numpy as np
    except ImportError as error:
        return skip(error)
    wrong = check_difference(np)
    if wrong:
        print(f"FAILED comparison: {', '.join(wrong)}\n0 passed, 1 failed, 0 skipped")
        return 1
    if not options.recipes:
        return skip("neither --recipes nor TENON_MODEL_RECIPES names the folder of the model set")
    if not (pathlib.Path(options.recipes) / "specs.json").exists() or not pathlib.Path(options.models).is_dir():
        return skip(f"the model set is not here (recipes, or files under {options.models})")
    sys.path.insert(0, str(options.recipes))
    try:
        import make_io
    except ImportError as error:
        return skip(error)
    passed, failed, skipped = run_all(np, make_io, options)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
