#!/usr/bin/env python3
"""Fails when a header does not compile alone. Results are remembered by content in build/headers/.

Left out unless --all is given (before a release), because something else compiles them with nothing before them: bodies (include/tenon/impl)
that are the first header of a unit of tenon::compiled, and headers that are the first include of another one.
"""

import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile

import compiler
import gate


def compile_alone(root, header, command, stamps):
    """Error text, or an empty string; a good result leaves a stamp."""
    stamp = stamps / compiler.key(root, header, command)
    if stamp.is_file():
        return "", False
    run = subprocess.run(command + ["-fsyntax-only", "-x", "c++", "-"], input=f'#include "{header}"\n',
                         capture_output=True, text=True)
    if run.returncode:
        return f"include/{header}: does not compile alone:\n" + "\n".join(run.stderr.splitlines()[:12]), True
    stamp.touch()
    return "", True


def all_bodies(root):
    headers = [path.relative_to("include").as_posix() for path in gate.sources(root, ("include",), (".hpp",))]
    return {name for name in headers if name.startswith("tenon/impl/")}


def first_of_units(root):
    """The body headers that begin a unit of the compiled library: as cmake/tenon-compiled.cmake sees it."""
    units = root / "cmake/compiled_units.txt"
    lines = units.read_text().splitlines() if units.is_file() else []
    return all_bodies(root) - {word for line in lines if not line.startswith("#") for word in line.split()[2:]}


FIRST_LINE = re.compile(r'(?:\s*(?://[^\n]*)?\n|#pragma once\n)*#include "(tenon/[^"]+)"')


def first_of_headers(root, headers):
    """The headers that another one includes before anything else of its own."""
    matches = (FIRST_LINE.match((root / "include" / header).read_text()) for header in headers)
    return {match[1] for match in matches if match}


def missing_bodies(root):
    """Body headers that the implementation.hpp files, the compiled library in one file, do not include."""
    paths = [root / "include/tenon" / name for name in ("implementation.hpp", "implementation_tools.hpp")]
    listed = {name for path in paths if path.is_file() for name in compiler.INCLUDE.findall(path.read_text())}
    return [f"include/tenon/implementation.hpp: does not include {name}"
            for name in sorted(all_bodies(root)) if listed and name not in listed]


def check(root, stamps, command, jobs, only=(), is_all=True):
    stamps.mkdir(parents=True, exist_ok=True)
    headers = [path.relative_to("include").as_posix() for path in gate.sources(root, ("include",), (".hpp",))
               if not gate.is_fragment(path)]
    headers = [header for header in headers if not only or any(word in header for word in only)]
    if not is_all and not only:
        headers = sorted(set(headers) - first_of_units(root))
        headers = sorted(set(headers) - first_of_headers(root, headers))
    headers.sort(key=lambda header: -len(compiler.closure(root, header)))
    problems, compiled = missing_bodies(root), 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = pool.map(lambda header: compile_alone(root, header, command, stamps), headers)
        for number, (error, ran) in enumerate(results, 1):
            compiled += ran
            problems += [error] if error else []
            if sys.stderr.isatty():
                print(f"\r{number}/{len(headers)} headers", end="\n" * (number == len(headers)), file=sys.stderr)
    return problems, f"{command[0]}: {len(headers)} headers, {compiled} compiled, {len(headers) - compiled} unchanged"


def self_test(command):
    trees = [("incomplete", "inline tenon::missing f();\n", "does not compile alone"),
             ("complete", "#include <vector>\nnamespace tenon { inline std::vector<int> v() { return {}; } }\n", None)]
    checks = []
    for description, text, expected in trees:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            gate.write_tree(root, {"include/tenon/a.hpp": "#pragma once\n" + text})
            flags = command[:1] + compiler.STANDARD + compiler.include_flags(root)
            checks.append((description, check(root, root / "stamps", flags, 1)[0], expected))
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        gate.write_tree(root, {"cmake/compiled_units.txt": "# x tenon/impl/c.hpp\nab tenon/impl/a.hpp tenon/impl/b.hpp\n",
                               **{f"include/tenon/impl/{name}.hpp": "" for name in "abc"}})
        expected = {"tenon/impl/a.hpp", "tenon/impl/c.hpp"}
        checks.append(("units", sorted(first_of_units(root) ^ expected), None))
        gate.write_tree(root, {"include/tenon/d.hpp": '#pragma once\n\n// first\n#include "tenon/e.hpp"\n#include "tenon/g.hpp"\n',
                               "include/tenon/f.hpp": '#pragma once\n#define X\n#include "tenon/h.hpp"\n'})
        checks.append(("first includes", sorted(first_of_headers(root, ["tenon/d.hpp", "tenon/f.hpp"]) ^ {"tenon/e.hpp"}),
                       None))
        broken = {"include/tenon/d.hpp": '#pragma once\n#include "tenon/e.hpp"\n', "include/tenon/e.hpp": "x y;\n"}
        gate.write_tree(root, {**broken, "include/tenon/implementation.hpp": "", "include/tenon/f.hpp": "",
                               **{f"include/tenon/impl/{name}.hpp": "" for name in "abc"}})
        flags = command[:1] + compiler.STANDARD + compiler.include_flags(root)
        found = check(root, root / "stamps", flags, 1, (), False)[0]
        checks.append(("a header through its first reader", found, "include/tenon/d.hpp: does not compile alone"))
        gate.write_tree(root, {"include/tenon/implementation.hpp": '#include "tenon/impl/a.hpp"\n'})
        checks.append(("unlisted body", missing_bodies(root), "does not include tenon/impl/b.hpp"))
    return gate.self_test("headers", checks)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--stamps", type=pathlib.Path, default=gate.ROOT / "build/headers")
    parser.add_argument("--define", action="append", default=[], help="for example TENON_COMPILED=1")
    parser.add_argument("--all", action="store_true", help="also those that something else compiles alone")
    parser.add_argument("words", nargs="*", help="check only headers whose path contains one of these")
    options = parser.parse_args()
    command = [options.compiler] + compiler.STANDARD + [f"-D{name}" for name in options.define]
    command += compiler.include_flags()
    if options.self_test:
        return self_test(command)
    return gate.finish("headers", *check(gate.ROOT, options.stamps, command, options.jobs, options.words, options.all))


if __name__ == "__main__":
    sys.exit(main())
