#!/usr/bin/env python3
# needs: numpy onnx
"""Goes through the commands of the tenon tool: files in and out, conventions of dtypes, limits, exit codes.

usage: tool.py [--tenon FILE]"""

import argparse
import json
import os
import pathlib
import struct
import sys
import tempfile

try:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper
except ImportError as missing:
    print(f"skipped: tool: {missing}")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from tool_checks import Checks, dense, value  # noqa: E402

BENCH_KEYS = {"median_ms", "mean_ms", "p10_ms", "p90_ms", "p99_ms", "min_ms", "runs", "load_ms", "peak_rss_mb"}
REPORT_KEYS = {"software_context", "hardware_context", "user_config", "diagnosis", "optimizations", "overall",
               "model_info", "compatibility_list", "model_sdk"}
# dtype of the model, dtype of the file, bytes that are valid in both
RAW = [("BFLOAT16", "uint16"), ("FLOAT8E4M3FN", "uint8"), ("FLOAT8E5M2", "uint8"), ("INT4", "uint8"),
       ("UINT4", "uint8"), ("FLOAT4E2M1", "uint8"), ("INT2", "uint8"), ("UINT2", "uint8")]
PLAIN = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
         "bool", "complex64"]


def check_run(c):
    model, w = dense(c)
    x = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
    file = c.array("x.npy", x)
    for text in (f"x={file}", file):
        out = c.good(f"run {text}", "run", model, "--input", text, "--output-dir", "out")
        c.expect("run describes its outputs", "y: f32[5, 3]" in out, out)
        y = c.load("out", "y.npy")
        c.near("run writes y", y, x @ w + 1)
    for level in ("none", "o1", "o2"):
        c.good(f"run --level {level}", "run", model, "--input", file, "--level", level, "--output-dir", level)
        c.near(f"--level {level} is right", c.load(level, "y.npy"), x @ w + 1)
    c.good("run --reference", "run", model, "--input", file, "--reference", "--threads", "1", "--output-dir", "slow")
    c.near("--reference is right", c.load("slow", "y.npy"), x @ w + 1)
    c.good("fortran order", "run", model, "--input", c.array("f.npy", np.asfortranarray(x)), "--output-dir", "f")
    c.near("fortran order is read", c.load("f", "y.npy"), x @ w + 1)
    out = c.good("run --random", "run", model, "--random", "3", "--dim", "N=6", "--output-dir", "r1")
    c.good("run --random again", "run", model, "--random", "3", "--dim", "N=6", "--output-dir", "r2")
    c.expect("--random and --dim", "y: f32[6, 3]" in out and (c.load("r1", "y.npy") == c.load("r2", "y.npy")).all())
    np.savez(c.folder / "in.npz", in_x=x)
    c.good("inputs of one .npz by name", "run", model, "--input", "in.npz", "--output-dir", "npz")
    c.near("inputs of one .npz are read", c.load("npz", "y.npy"), x @ w + 1)

    c.good("a plan to keep", "optimize", model, "-o", "dense.plan")
    c.good("the plan runs", "run", "dense.plan", "--input", file, "--output-dir", "plan")
    c.near("the plan is right", c.load("plan", "y.npy"), x @ w + 1)

    c.bad("no such model", 1, "io error", "run", "none.onnx")
    c.bad("missing input", 1, "input 'x' is missing", "run", model)
    c.bad("unknown input", 1, "'z' is unknown; the model has ['x']", "run", model, "--input", f"z={file}")
    c.bad("wrong shape", 1, "expected [N, 4]", "run", model, "--input", c.array("w.npy", x.T.copy()))
    c.bad("wrong dtype", 1, "f64", "run", model, "--input", c.array("d.npy", x.astype(np.float64)))
    c.bad("one input too many", 1, "one too many", "run", model, "--input", file, "--input", file)
    c.bad("input twice", 1, "given twice", "run", model, "--input", f"x={file}", "--input", f"x={file}")
    c.bad("unbound symbol", 1, "give --dim N=SIZE", "run", model, "--random", "1")
    (c.folder / "broken.onnx").write_bytes((c.folder / model).read_bytes()[:-9])
    c.bad("truncated model", 1, "format error", "run", "broken.onnx")
    (c.folder / "broken.npy").write_bytes((c.folder / file).read_bytes()[:-9])
    c.bad("truncated array", 1, "input 'x'", "run", model, "--input", "broken.npy")
    c.bad("malformed --dim", 2, "SYMBOL=SIZE", "run", model, "--random", "1", "--dim", "N=many")
    c.bad("unknown level", 2, "expected none, o1 or o2", "run", model, "--level", "o9")
    c.bad("unknown option", 2, "usage", "run", model, "--bogus")
    c.bad("no command", 2, "no command: expected one of run, optimize")
    c.bad("an option before the command", 2, "'--threads' stands where the command has to", "--threads", "1", "run")
    c.bad("unknown command", 2, "'benhc' is no command: expected one of run, optimize", "benhc")
    c.bad("nearest command", 2, "did you mean optimize?; see tenon --help", "optimise", model)
    c.bad("nearest option", 2, "'--ouput-dir' is unknown; did you mean --output-dir?", "run", model, "--ouput-dir", "x")
    c.expect("help as a command", "Subcommands:" in c.good("tenon help", "help"))
    for option, wrong, near in (("--disable-pass", "fold-constant", "fold-constants"),
                                ("--disable-rule", "conv-batchnorm", "conv-batch-norm")):
        c.bad(f"misspelt {option}", 2, f"{option}: {wrong!r} is unknown", "run", model, option, wrong)
        c.bad(f"nearest {option}", 2, f"did you mean {near}?", "bench", model, option, wrong)
        c.good(option, "run", model, option, near, "--input", file)
    for name in ("fuse(standard)", "fuse-epilogues"):
        c.good(f"--disable-pass {name}", "run", model, "--disable-pass", name, "--input", file)
    c.bad("malformed size", 2, "GiB", "run", model, "--input", file, "--memory-limit", "much")


def check_threads(c):
    """--threads, then TENON_NUM_THREADS, then OMP_NUM_THREADS: what is malformed and would count is an error."""
    model, _ = dense(c)
    words = ("bench", model, "--random", "1", "--dim", "N=2", "--runs", "1", "--warmup", "1")
    used = lambda *more, **env: json.loads(c.good(f"{more} {env}", *words, *more, env=env) or "{}").get("threads")
    for wrong in ("abc", "0", "-3", "4,2", "99999"):
        c.bad(f"TENON_NUM_THREADS={wrong}", 2, f"TENON_NUM_THREADS is {wrong!r}", *words,
              env={"TENON_NUM_THREADS": wrong})
        c.expect("an option counts", used("--threads", "1", TENON_NUM_THREADS=wrong) == 1)
    for wrong in ("abc", "0", "-3", "99999"):
        c.bad(f"--threads {wrong}", 2, "--threads", *words, "--threads", wrong)
        c.bad(f"quickstart --threads {wrong}", 2, "--threads", "quickstart", model, "--threads", wrong)
    c.good("an option counts for both that are compared", "compare", model, "--random", "1", "--dim", "N=2",
           "--threads", "1", env={"TENON_NUM_THREADS": "abc"})
    c.expect("tenon's variable", used(TENON_NUM_THREADS="3", OMP_NUM_THREADS="2") == 3)
    c.expect("a list of OpenMP", used(TENON_NUM_THREADS="", OMP_NUM_THREADS="4,2") == 4)
    c.expect("OpenMP's is passed over", used(OMP_NUM_THREADS="many") == used(OMP_NUM_THREADS=""))


def check_sizes(c):
    """Sizes of shared symbols come from files and --dim, which have to agree."""
    nodes = [helper.make_node("Add", ["a", "b"], ["ab"]), helper.make_node("Concat", ["ab", "d"], ["y"], axis=0)]
    model = c.save("shared", nodes, [value("a"), value("b"), value("d", shape=("M", 4))],
                   [value("y", shape=(None, 4))])
    three = c.array("three.npy", np.ones((3, 4), np.float32))
    four = c.array("four.npy", np.ones((4, 4), np.float32))
    words = ("run", model, "--random", "1", "--dim", "M=2", "--input", f"a={three}")
    for more in ((), ("--dim", "N=3")):
        c.expect("a random input fits a file", "y: f32[5, 4]" in c.good(f"sizes {more}", *words, *more))
    c.bad("--dim against a file", 1, "input 'a' dim 0 is N: expected 5 vs 3 (N is 5 by --dim)", *words, "--dim", "N=5")
    c.bad("file against file", 1, "input 'b' dim 0 is N: expected 3 vs 4 (N is 3 by input 'a')", *words, "--input",
          f"b={four}")
    c.bad("two sizes of a symbol", 2, "dim 'M' is given as 2 and as 7", *words, "--dim", "M=7")
    twice = c.save("twice", nodes[:1] + [helper.make_node("Concat", ["ab", "d"], ["y"], axis=1)],
                   [value("a", shape=("2*K", 4)), value("b", shape=("2*K", 4)), value("d", shape=("2*K", "K"))],
                   [value("y", shape=("2*K", None))])
    out = c.good("a size that follows from a file", "run", twice, "--random", "1", "--input", f"a={four}")
    c.expect("half of it", "y: f32[4, 6]" in out, out)
    c.bad("a size that is no multiple", 1, "input 'a' dim 0 is 2*K: expected such a size vs 3", "run", twice, "--random",
          "1", "--input", f"a={three}")
    c.bad("a negative seed", 2, "--random", "run", model, "--random", "-1")
    for command in ("run", "optimize", "bench"):
        c.bad(f"{command}: no such symbol", 2, "'K' is no symbol of the model, expected one of N, M", command, model,
              "--random", "1", "--dim", "K=3")


def check_archives(c):
    """NAME=FILE.npz: arrays 0, 1, ... of a sequence; of a tensor the array of its name or the only one."""
    model, w = dense(c)
    x = np.ones((2, 4), np.float32)
    for name, arrays in (("only", {"arr_0": x}), ("named", {"x": x, "other": w})):
        np.savez(c.folder / f"{name}.npz", **arrays)
        c.good(f"{name}.npz", "run", model, "--input", f"x={name}.npz", "--output-dir", name)
        c.near(f"{name}.npz is read", c.load(name, "y.npy"), x @ w + 1)
    np.savez(c.folder / "two.npz", p=x, q=x)
    c.bad("two.npz", 1, "2 arrays, expected one, or one called 'x'", "run", model, "--input", "x=two.npz")
    tensor = helper.make_tensor_type_proto(TensorProto.FLOAT, None)
    for inner, files in ((tensor, {"x": x}), (helper.make_sequence_type_proto(tensor), {"0": x, "1": w})):
        kind = helper.make_optional_type_proto(inner)
        model = c.save("maybe", [helper.make_node("OptionalGetElement", ["x"], ["y"])],
                       [helper.make_value_info("x", kind)], [helper.make_value_info("y", inner)])
        np.savez(c.folder / "maybe.npz", **files)
        for text in ("maybe.npz", "x=maybe.npz"):
            out = c.good(f"optional of {len(files)} {text}", "run", model, "--input", text)
            c.expect("an optional is read", out.startswith("y: "), out)


def check_outputs(c):
    """All outputs or none, however few files may be open."""
    names = [f"y{i}" for i in range(200)]
    model = c.save("many", [helper.make_node("Neg", ["x"], [n]) for n in names], [value("x")],
                   [value(n) for n in names])
    words = ("run", model, "--random", "1", "--dim", "N=1", "--output-dir")
    c.good("200 outputs with 32 open files", *words, "many", files=32)
    c.expect("all are there", sorted(os.listdir(c.folder / "many")) == sorted(f"{n}.npy" for n in names))
    (c.folder / "blocked/y150.npy").mkdir(parents=True)
    c.bad("a folder in place of an output", 1, "output 'y150'", *words, "blocked")
    c.expect("none is there", os.listdir(c.folder / "blocked") == ["y150.npy"])
    real, link = c.folder / "real.npy", c.folder / "linked/y7.npy"
    real.write_bytes(b"")
    real.chmod(0o640)
    link.parent.mkdir()
    link.symlink_to(real)
    c.good("a link in place of an output", *words, "linked")
    c.expect("the link is followed, the mode kept", link.is_symlink() and real.stat().st_mode & 0o777 == 0o640)
    c.expect("the file has the output", np.load(real).shape == np.load(c.folder / "linked/y8.npy").shape)


def check_files(c):
    """What is no model says so."""
    (c.folder / "empty.onnx").write_bytes(b"")
    (c.folder / "text.onnx").write_text("# a text\n")
    (c.folder / "prose.onnx").write_text("This is no model either.\n")
    np.savez(c.folder / "arrays.npz", a=np.ones(1))
    for name, part in (("empty.onnx", "'empty.onnx': is empty"), (".", "is a folder"),
                       ("text.onnx", "is neither an ONNX model nor a .pt2 file of torch.export.save"),
                       ("prose.onnx", "is neither an ONNX model nor a .pt2 file"), ("none.onnx", "No such file"),
                       ("arrays.npz", "expected an exported program")):
        for command in ("inspect", "check", "run", "optimize", "quickstart"):
            c.bad(f"{command} {name}", 1, part, command, name)


def check_export(c):
    """What torch.onnx.export of opset 11 writes for bicubic upsampling: names input and output, an empty roi."""
    attributes = dict(mode="cubic", coordinate_transformation_mode="pytorch_half_pixel", cubic_coeff_a=-0.75,
                      nearest_mode="floor")
    roi = helper.make_node("Constant", [], ["roi"], value=helper.make_tensor("v", TensorProto.FLOAT, (0,), []))
    node = helper.make_node("Resize", ["input", "roi", "scales"], ["output"], **attributes)
    image = value("input", shape=(1, 3, 8, 8))
    fixed = [helper.make_tensor("scales", TensorProto.FLOAT, (4,), [1, 1, 3, 3])]
    model = c.save("opset11", [roi, node], [image], [value("output", shape=(1, 3, 24, 24))], fixed, opset=11)
    file = c.array("image.npy", np.arange(192, dtype=np.float32).reshape(1, 3, 8, 8))
    out = c.good("opset 11 by name", "run", model, "--input", f"input={file}", "--output-dir", "opset11")
    c.expect("opset 11 output", "output: f32[1, 3, 24, 24]" in out, out)
    c.bad("a name it does not have", 1, "'img' is unknown; the model has ['input']", "run", model, "--input",
          f"img={file}")
    out = c.good("the factor is frozen", "check", model)
    inputs = [line for line in out.splitlines() if line.startswith("input ")]
    c.expect("one input is left", len(inputs) == 1 and "scales is the constant [1, 1, 3, 3]" in out, out)
    free = c.save("factor", [roi, node], [image, value("scales", shape=(4,))],
                  [value("output", shape=(1, 3, None, None))], opset=11)
    out = c.good("both inputs are listed", "inspect", free)
    c.expect("two inputs", "input input: f32[1, 3, 8, 8]" in out and "input scales: f32[4]" in out, out)
    for factor in (2, 3, 4, 1.5):
        by = c.array("scales.npy", np.array([1, 1, factor, factor], np.float32))
        out = c.good(f"factor {factor}", "run", free, "--input", f"input={file}", "--input", f"scales={by}",
                     "--output-dir", f"x{factor}")
        c.expect(f"size x{factor}", f"output: f32[1, 3, {int(8 * factor)}, {int(8 * factor)}]" in out, out)
    same = np.array_equal(c.load("x3", "output.npy"), c.load("opset11", "output.npy"))
    c.expect("one model and the frozen one agree", same)


def check_images(c):
    model = c.save("pixels", [helper.make_node("Transpose", ["image"], ["y"], perm=[2, 0, 1])],
                   [value("image", "UINT8", ("H", "W", 3))], [value("y", "UINT8", (3, "H", "W"))])
    pixels = np.arange(18, dtype=np.uint8).reshape(3, 2, 3)
    (c.folder / "in.ppm").write_bytes(b"P6\n2 3\n255\n" + pixels.tobytes())
    rows = b"".join(row[:, ::-1].tobytes() + b"\0\0" for row in pixels[::-1])
    head = struct.pack("<2sIIIIiiHHIIiiII", b"BM", 54 + len(rows), 0, 54, 40, 2, 3, 1, 24, 0, len(rows), 0, 0, 0, 0)
    (c.folder / "in.bmp").write_bytes(head + rows)
    for name in ("in.ppm", "in.bmp"):
        c.good(f"pixels of {name}", "run", model, "--input", f"image={name}", "--output-dir", name[3:])
        y = c.load(name[3:], "y.npy")
        c.expect(f"{name} is read", y is not None and np.array_equal(y, pixels.transpose(2, 0, 1)), y)
    (c.folder / "cut.bmp").write_bytes((head + rows)[:-1])
    c.bad("an image cut short", 1, "input 'image': cut.bmp: image: 3 x 2 pixels", "run", model, "--input", "cut.bmp")
    (c.folder / "gray.pgm").write_bytes(b"P5 2 1 255\n12")
    c.bad("a gray image", 1, "axis 2 is 1, expected 3", "run", model, "--input", "gray.pgm")


def check_names(c):
    odd = ["a=b", "c/d e", "ü"]
    nodes = [helper.make_node("Neg", [name], [f"{name}/out"]) for name in odd]
    nodes += [helper.make_node("Abs", [odd[0]], ["a=b out"]), helper.make_node("Abs", [odd[1]], ["../c"])]
    outputs = [f"{name}/out" for name in odd] + ["a=b out", "../c"]
    model = c.save("odd", nodes, [value(n, shape=(2,)) for n in odd], [value(n, shape=(2,)) for n in outputs])
    words = []
    for i, name in enumerate(odd):
        words += ["--input", f"{name}={c.array(f'in{i}.npy', np.array([i + 1, -i], np.float32))}"]
    c.good("names with =, / and blanks", "run", model, *words, "--output-dir", "odd/deep")
    wanted = {"a_b_out.npy", "c_d_e_out.npy", "___out.npy", "a_b_out_2.npy", ".._c.npy"}
    found = set(os.listdir(c.folder / "odd/deep")) if (c.folder / "odd/deep").exists() else set()
    c.expect("files of odd names", found == wanted, sorted(found))
    c.good("by position", "run", model, "--input", "in0.npy", "--input", "in1.npy", "--input", "in2.npy",
           "--output-dir", "placed")
    for i, name in enumerate(("a_b_out.npy", "c_d_e_out.npy", "___out.npy")):
        for folder in ("odd/deep", "placed"):
            c.near(f"{name} in {folder}", c.load(folder, name), np.array([-i - 1, i], np.float32))
    file = c.array("e=f.npy", np.array([1, 2], np.float32))
    c.good("a file with = by position", "run", model, "--input", file, *words[2:], "--output-dir", "equals")
    c.near("a file with = is read", c.load("equals", "a_b_out.npy"), np.array([-1, -2], np.float32))


def check_dtypes(c):
    for kind, file_kind in RAW:
        if not hasattr(TensorProto, kind):
            continue
        bits = np.array([0, 1, 2, 3] if "2" in kind[-2:] and "INT" in kind else [0, 1, 5, 6]).astype(file_kind)
        if kind == "BFLOAT16":
            bits = np.array([0x3F80, 0xC000, 0x0001, 0x7F80], np.uint16)
        model = c.save(f"raw_{kind}", [helper.make_node("Identity", ["x"], ["y"])], [value("x", kind, (4,))],
                       [value("y", kind, (4,))])
        c.good(f"{kind} as {file_kind}", "run", model, "--input", c.array("raw.npy", bits), "--output-dir", kind)
        y = c.load(kind, "y.npy")
        c.expect(f"{kind} keeps its bits", y is not None and y.dtype == bits.dtype and (y == bits).all(), y)
    for kind in PLAIN:
        x = np.array([[0, 1], [2, 3]]).astype(kind)
        code = helper.np_dtype_to_tensor_dtype(x.dtype)
        model = c.save(f"id_{kind}", [helper.make_node("Identity", ["x"], ["y"])],
                       [helper.make_tensor_value_info("x", code, (2, 2))],
                       [helper.make_tensor_value_info("y", code, (2, 2))])
        c.good(kind, "run", model, "--input", c.array("id.npy", x), "--output-dir", kind)
        y = c.load(kind, "y.npy")
        c.expect(f"{kind} is kept", y is not None and y.dtype == x.dtype and (y == x).all(), y)
    text = np.array(["", "plain", "ünïcode 語"])
    model = c.save("id_text", [helper.make_node("Identity", ["x"], ["y"])], [value("x", "STRING", (3,))],
                   [value("y", "STRING", (3,))])
    c.good("strings", "run", model, "--input", c.array("text.npy", text), "--output-dir", "text")
    y = c.load("text", "y.npy")
    c.expect("strings are kept", y is not None and y.dtype.kind == "U" and (y == text).all(), y)
    kind = helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, None))
    model = c.save("id_list", [helper.make_node("Identity", ["x"], ["y"])],
                   [helper.make_value_info("x", kind)], [helper.make_value_info("y", kind)])
    parts = [np.arange(3, dtype=np.float32), np.ones((2, 2), np.float32)]
    np.savez(c.folder / "list.npz", **{str(i): p for i, p in enumerate(parts)})
    c.good("a sequence", "run", model, "--input", "x=list.npz", "--output-dir", "list")
    y = c.load("list", "y.npz")
    c.expect("a sequence is kept", y is not None and sorted(y.files) == ["0", "1"] and
             all((y[str(i)] == p).all() for i, p in enumerate(parts)))


def check_limits(c):
    body = helper.make_graph([helper.make_node("Identity", ["go"], ["on"]),
                              helper.make_node("Neg", ["v"], ["w"])], "body",
                             [value("i", "INT64", ()), value("go", "BOOL", ()), value("v", shape=(1,))],
                             [value("on", "BOOL", ()), value("w", shape=(1,))])
    constants = [helper.make_tensor("most", TensorProto.INT64, (), [1 << 40]),
                 helper.make_tensor("yes", TensorProto.BOOL, (), [True])]
    model = c.save("endless", [helper.make_node("Loop", ["most", "yes", "x"], ["y"], body=body)],
                   [value("x", shape=(1,))], [value("y", shape=(1,))], constants)
    one = c.array("one.npy", np.ones(1, np.float32))
    c.bad("--time-limit", 1, "resource error", "run", model, "--input", one, "--time-limit", "0.2")
    shape = value("shape", "INT64", (2,))
    model = c.save("wide", [helper.make_node("Expand", ["x", "shape"], ["e"]), helper.make_node("Neg", ["e"], ["y"])],
                   [value("x", shape=(1,)), shape], [value("y", shape=(None, None))])
    sizes = c.array("sizes.npy", np.array([4096, 4096], np.int64))
    c.bad("--memory-limit", 1, "resource error", "run", model, "--input", one, "--input", sizes, "--memory-limit",
          "1MiB")
    c.good("enough memory", "run", model, "--input", one, "--input", sizes, "--memory-limit", "1GiB", "--output-dir",
           "wide")
    c.near("all is written", c.load("wide", "y.npy"), np.full((4096, 4096), -1, np.float32))
    huge = c.array("huge.npy", np.array([1 << 31, 1 << 31], np.int64))
    c.bad("sizes beyond any memory", 1, "error", "run", model, "--input", one, "--input", huge)


def check_optimize(c):
    model, _ = dense(c)
    words = ("--min", "1x4", "--max", "10x4", "--opt", "5x4", "--opt", "8x4", "--random", "0", "--dim", "N=5")
    c.good("optimize", "optimize", model, "-o", "fast.onnx", "--report", "report.json", *words)
    report = c.report("report.json")
    c.expect("nodes in the report", report.get("nodes") == {"before": 2, "optimized": 1, "plan": 1}, report.get("nodes"))
    c.expect("keys of the report", REPORT_KEYS <= set(report), sorted(REPORT_KEYS - set(report)))
    ranges = report.get("user_config", {}).get("dynamic_tuning_shapes", [{}])
    c.expect("ranges in the report", ranges[0].get("opts") == [[[5, 4]], [[8, 4]]], ranges)
    c.expect("the optimized model is ONNX", onnx.checker.check_model(str(c.folder / "fast.onnx")) is None)
    c.good("compare", "compare", model, "fast.onnx", "--random", "1", "--dim", "N=3", "--tolerance", "1e-5")
    c.good("compare levels", "compare", model, "--level", "none", "--level-b", "o2", "--random", "1", "--dim", "N=3",
           "--tolerance", "1e-5")
    out = c.good("optimize --level none", "optimize", model, "-o", "same.onnx", "--level", "none")
    c.expect("no node is changed", "nodes 2 -> 2, saved as same.onnx\n" in out, out)
    out = c.good("optimize counts nodes", "optimize", model, "-o", "counted.onnx")
    saved = len(onnx.load(c.folder / "counted.onnx").graph.node)
    c.expect("nodes of the saved graph", out.startswith(f"nodes 2 -> {saved}, saved as counted.onnx\n"), out)
    c.expect("nodes of the plan", "nodes in the plan for this machine 1\n" in out, out)
    out = c.good("optimize without -o", "optimize", model)
    c.expect("nothing is saved", f"nodes 2 -> {saved}, not saved: give -o FILE.onnx" in out, out)
    c.bad("--dim that nothing uses", 2, "--dim 'N=4' has no use", "optimize", model, "--dim", "N=4")
    out = " ".join(c.good("help of ranges", "optimize", "--help").split())
    shown = out[out.find("{"):out.find(" min, max and each")]
    c.expect("the example of a range", sorted(json.loads(shown)) == ["max", "min", "opts"], out)
    (c.folder / "range.json").write_text('{"dynamic_tuning_shapes": {"min": [1, 4], "max": [10, 4], "opts": [[5, 4]]},'
                                         ' "gpu_config": {"disable_fp16_accuracy_check": true}}')
    c.good("optimize --range", "optimize", model, "--range", "range.json", "-o", "ranged.onnx", "--report",
           "ranged.json")
    c.good("--range keeps the model", "compare", model, "ranged.onnx", "--random", "1", "--dim", "N=3", "--tolerance",
           "1e-5")
    device = c.report("ranged.json").get("user_config", {}).get("gpu_config")
    c.expect("gpu_config in the report", device == {"disable_fp16_accuracy_check": True}, device)
    (c.folder / "wrong.json").write_text('{"min": [1, 4], "max": [10, 4], "best": [[5, 4]]}')
    c.bad("unknown field of a range", 1, "field 'best' is unknown", "optimize", model, "--range", "wrong.json")
    c.bad("opt beyond max", 1, "input 'x' dim 0: expected min <= opt <= max vs min 1, opt 11, max 10", "optimize",
          model, "--min", "1x4", "--max", "10x4", "--opt", "11x4")
    c.bad("test data outside", 1, "expected [1, 10] vs 11", "optimize", model, *words[:4], "--random", "0", "--dim",
          "N=11")
    c.bad("--min without --max", 2, "usage", "optimize", model, "--min", "1x4")
    c.good("a pipeline", "optimize", model, "--passes", "fold-constants,remove-dead", "-o", "piped.onnx")
    c.good("the pipeline keeps the model", "compare", model, "piped.onnx", "--random", "1", "--dim", "N=3",
           "--tolerance", "1e-5")
    c.good("a pipeline alone", "optimize", model, "--passes", "remove-dead", "--report", "piped.json", *words)
    report = c.report("piped.json")
    c.expect("keys of a pipeline's report", REPORT_KEYS <= set(report), sorted(REPORT_KEYS - set(report)))
    config = report.get("user_config", {})
    c.expect("a pipeline in its report", config.get("pipeline") == "remove-dead" and
             [p.get("name") for p in report.get("passes", [])] == ["remove-dead"], report)
    c.expect("ranges in a pipeline's report", config.get("dynamic_tuning_shapes") == ranges, config)
    done = report.get("optimizations", [{}])
    c.expect("a pipeline that changes nothing", len(done) == 1 and done[0].get("status") == "no effect" and
             (report["overall"]["optimized"] or 0) > 0, done)
    c.bad("a report that cannot be written", 1, "io error", "optimize", model, "--passes", "remove-dead", "--report",
          "no/such/report.json")
    c.bad("unknown pass", 2, "'fuze' is unknown", "optimize", model, "--passes", "fuze", "-o", "piped.onnx")
    other, _ = c.save("other", [helper.make_node("Neg", ["x"], ["y"])], [value("x")], [value("y")]), 0
    c.bad("compare finds a difference", 1, "y", "compare", model, other, "--random", "1", "--dim", "N=3",
          "--tolerance", "1e-5")


def check_bench(c):
    model, _ = dense(c)
    out = c.good("bench", "bench", model, "--random", "1", "--dim", "N=2", "--threads", "1", "--warmup", "10", "--runs",
                 "100", "--json", "bench.json")
    result = json.loads((c.folder / "bench.json").read_text()) if (c.folder / "bench.json").exists() else {}
    c.expect("keys of bench", BENCH_KEYS <= set(result), sorted(BENCH_KEYS - set(result)))
    c.expect("runs and warm-ups", result.get("runs") == 100 and result.get("warmup") == 10 and "median_ms" in out)
    c.good("bench --min-time", "bench", model, "--random", "1", "--dim", "N=2", "--min-time", "0.05", "--json",
           "b.json")
    c.expect("--min-time", json.loads((c.folder / "b.json").read_text())["runs"] >= 15)
    c.expect("--profile", "kernel" in c.good("profile", "bench", model, "--random", "1", "--dim", "N=2", "--runs", "2",
                                             "--profile"))
    long = ("--random", "1", "--dim", "N=2", "--runs", "1000000", "--warmup", "1000000")
    c.bad("--json is tried before the runs", 1, "io error", "bench", model, *long, "--json", "no/such/b.json")
    c.bad("runs and time", 2, "usage", "bench", model, "--runs", "3", "--min-time", "1")


def check_lists(c):
    model, _ = dense(c)
    out = c.good("inspect", "inspect", model)
    for part in ("input x: f32[N, 4]", "output y: f32[N, 3]", "symbol N", "op matmul 1", "weights 2, parameters 15",
                 "unsupported none"):
        c.expect(f"inspect tells {part!r}", part in out, out)
    known = c.save("sizes", [helper.make_node("Concat", ["x", "x"], ["twice"], axis=0),
                             helper.make_node("NonZero", ["twice"], ["y"])], [value("x")],
                   [value("y", "INT64", (2, None))])
    out = c.good("inspect sizes", "inspect", known)
    c.expect("how sizes are known", "sizes 2 constant, 1 by formula, 1 by data, 0 values of unknown rank" in out, out)
    c.expect("inspect --text", "matmul" in c.good("inspect --text", "inspect", model, "--text"))
    up = c.save("up", [helper.make_node("Resize", ["x", "", "", "to"], ["y"], mode="linear")],
                [value("x", shape=(1, 3, "H", "W"))], [value("y", shape=(1, 3, 256, 256))],
                [helper.make_tensor("to", TensorProto.INT64, (4,), [1, 3, 256, 256])])
    out = c.good("check", "check", up)
    c.expect("check warns", "warning" in out and "256 stands where the size H is free" in out, out)
    c.expect("check declares inputs", "input x: f32[1, 3, H, W]" in out and "1 warnings" in out, out)
    for shape, to, fine in ((("N", "S"), [-1, 1], True), (("N", "S"), [0, 1, -1], True), (("N",), [1, -1], True),
                            (("N", "S", 8), [-1, 8], True), (("N", "S", 8), [0, -1, 2, 4], True),
                            (("N", 6), [1, -1], False), (("N", "S", 8), [1, -1, 8], False),
                            (("N", 6), [8, -1], False), (("N", "S"), [-1, 5], False)):
        flat = c.save("flat", [helper.make_node("Reshape", ["x", "to"], ["y"])], [value("x", shape=shape)],
                      [value("y", shape=(None,) * len(to))], [helper.make_tensor("to", TensorProto.INT64, (len(to),), to)])
        out = c.good("check a reshape", "check", flat)
        c.expect(f"check {shape} to {to}", ("0 warnings" in out) == fine, out)
    c.expect("check finds nothing", "0 warnings" in c.good("check dense", "check", model))
    unknown = c.save("unknown", [helper.make_node("Nope", ["x"], ["y"]), helper.make_node("Never", ["y"], ["z"])],
                     [value("x")], [value("z")])
    done = c.run("inspect", unknown)
    c.expect("all unsupported ops at once", done.returncode == 1 and "Nope" in done.stderr and "Never" in done.stderr,
             done.stderr)
    for command, part in (("ops", "conv("), ("rules", "conv-batch-norm"), ("passes", "fold-constants"),
                          ("errors", "resource")):
        c.expect(command, part in c.good(command, command))
    c.expect("ops conv", "group" in c.good("ops conv", "ops", "conv"))
    c.expect("ops by the ONNX name", c.good("ops Conv", "ops", "Conv").startswith("conv("))
    c.bad("ops of another name", 2, "unknown", "ops", "convolve")
    c.bad("rules of another name", 2, "unknown", "rules", "nothing")
    c.good("help", "--help")
    c.expect("version", c.good("version", "--version").startswith("tenon "))


def check_demo(c):
    c.good("demo", "demo", "resnet50", "demo.onnx", "--classes", "7")
    out = c.good("demo inspected", "inspect", "demo.onnx")
    c.expect("53 convolutions", "op conv 53" in out and "f32[N, 3, 224, 224]" in out, out)
    c.good("demo runs", "run", "demo.onnx", "--random", "1", "--dim", "N=1", "--output-dir", "demo")
    c.expect("demo classes", c.load("demo", "output.npy").shape == (1, 7))
    c.bad("demo of nothing", 2, "expected tenon demo KIND OUT (KIND: resnet50 is the one there is, OUT:", "demo")
    c.bad("another demo", 2, "resnet50", "demo", "resnet51", "demo2.onnx")
    c.bad("a folder that is not there", 1, "io error", "demo", "resnet50", "no/such/demo.onnx")


def check_quickstart(c):
    model, _ = dense(c)
    out = c.good("quickstart", "quickstart", model, "--output-dir", "quick", "--threads", "1")
    rows = [line.split() for line in out.splitlines() if line.split()[-1:] == ["equal"]]
    c.expect("quickstart times five batches", [row[0] for row in rows] == ["1", "3", "5", "7", "9"] and
             all(len(row) == 5 and float(row[1]) >= 0 and float(row[3]) > 0 for row in rows), out)
    c.expect("quickstart tells its steps", all(f"{step}/5 " in out for step in (2, 3, 4, 5)), out)
    report = c.report("quick/report.json")
    c.expect("report of quickstart", REPORT_KEYS <= set(report), sorted(REPORT_KEYS - set(report)))
    ranges = report.get("user_config", {}).get("dynamic_tuning_shapes", [{}])
    c.expect("ranges of quickstart", ranges[0] == {"min": [[1, 4]], "max": [[10, 4]], "opts": [[[5, 4]], [[8, 4]]]},
             ranges)
    c.good("quickstart keeps the model", "compare", model, "quick/dense.optimized.onnx", "--random", "1", "--dim",
           "N=3", "--tolerance", "1e-5")


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--tenon", default=os.environ.get("TENON_TOOL", str(ROOT / "build/tenon")))
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        checks = Checks(pathlib.Path(given.tenon).resolve(), folder)
        for step in (check_run, check_threads, check_sizes, check_archives, check_outputs, check_files, check_export, check_images, check_names, check_dtypes, check_limits, check_optimize,
                     check_bench, check_lists, check_demo, check_quickstart):
            try:
                step(checks)
            except Exception as mistake:
                checks.expect(step.__name__, False, f"{type(mistake).__name__}: {mistake}")
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
