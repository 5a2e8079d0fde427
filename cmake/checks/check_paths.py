#!/usr/bin/env python3
"""Fails when a file of the repository names a folder of somebody's machine."""

import os
import pathlib
import re
import sys
import tempfile

import gate

HOMES = ("home", "root", "Users", "work", "workspace", "mnt")
BEFORE = r"""(?:^|(?<=[\s"'`=:(,;<>\[]))"""


def forbidden(root):
    """A pattern for home-like folders, and the places where this checkout and this user live."""
    words = [BEFORE + "/" + name + r"/[\w.-]+" for name in HOMES]
    words += [BEFORE + re.escape(place) for place in (os.environ.get("HOME", ""), str(root)) if place.count("/") > 1]
    return re.compile("|".join(words), re.M)


def check(root):
    problems, count, pattern = [], 0, forbidden(root)
    for path in gate.files(root):
        data = (root / path).read_bytes()
        if b"\0" in data or path.parts[0].startswith("build"):
            continue
        count += 1
        text = data.decode("utf-8", "replace")
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            problems.append(f"{path}:{line}: machine path {match.group()}")
    return problems, f"{count} text files"


def self_test():
    checks = []
    for description, text, expected in [
            ("home", "see /" + "home/someone/x\n", "machine path /" + "home/someone"),
            ("quoted", 'open("/' + 'root/a.txt")\n', "machine path /" + "root/a.txt"),
            ("second line", "a\nb=" + "/" + "work/x\n", "a.txt:2"),
            ("relative", "build/work/x and examples/home/y, /usr/include, /dev/null\n", None)]:
        with tempfile.TemporaryDirectory() as folder:
            gate.write_tree(folder, {"a.txt": text})
            checks.append((description, check(pathlib.Path(folder))[0], expected))
    return gate.self_test("paths", checks)


if __name__ == "__main__":
    if "--self-test" in sys.argv:
        sys.exit(self_test())
    sys.exit(gate.finish("paths", *check(gate.ROOT)))
