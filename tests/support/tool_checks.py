"""Runs the tenon tool in a folder of its own and counts what is as expected; models and arrays to run it with."""

import json
import os
import pathlib
import resource
import subprocess

import numpy as np
import onnx
from onnx import TensorProto, helper

from tally import Tally


class Checks(Tally):
    def __init__(self, tenon, folder):
        super().__init__()
        self.tenon, self.folder = tenon, pathlib.Path(folder)

    def run(self, *words, env=None, files=None):
        """With variables on top of the environment; `files` is how many may be open at once."""
        limit = files and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)))
        return subprocess.run([str(self.tenon), *map(str, words)], capture_output=True, text=True, cwd=self.folder,
                              timeout=300, env={**os.environ, **(env or {})}, preexec_fn=limit)

    def good(self, name, *words, **how):
        """The standard output of a command that has to succeed."""
        done = self.run(*words, **how)
        self.expect(name, done.returncode == 0, f"exit {done.returncode}: {done.stderr.strip()[:300]}")
        return done.stdout

    def bad(self, name, status, part, *words, **how):
        done = self.run(*words, **how)
        lines = done.stderr.strip().splitlines()
        self.expect(name, done.returncode == status and len(lines) == 1 and part in lines[0],
                    f"exit {done.returncode}, expected {status} and {part!r}: {done.stderr.strip()[:300]}")

    def near(self, name, found, wanted):
        self.expect(name, found is not None and found.dtype == np.float32 and found.shape == wanted.shape and
                    np.allclose(found, wanted, atol=1e-5), found)

    def save(self, name, nodes, inputs, outputs, constants=(), opset=21):
        graph = helper.make_graph(nodes, name, inputs, outputs, list(constants))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
        path = self.folder / f"{name}.onnx"
        path.write_bytes(model.SerializeToString())
        return path.name

    def array(self, name, value):
        np.save(self.folder / name, value)
        return name

    def load(self, *parts):
        path = self.folder.joinpath(*parts)
        return np.load(path) if path.exists() else None

    def report(self, name):
        path = self.folder / name
        return json.loads(path.read_text()) if path.exists() else {}


def value(name, kind="FLOAT", shape=("N", 4)):
    return helper.make_tensor_value_info(name, getattr(TensorProto, kind), shape)


def dense(c):
    w = np.arange(12, dtype=np.float32).reshape(4, 3) / 7 - 0.5
    constants = [onnx.numpy_helper.from_array(w, "w"), onnx.numpy_helper.from_array(np.ones(3, np.float32), "b")]
    nodes = [helper.make_node("MatMul", ["x", "w"], ["xw"]), helper.make_node("Add", ["xw", "b"], ["y"])]
    return c.save("dense", nodes, [value("x")], [value("y", shape=("N", 3))], constants), w
