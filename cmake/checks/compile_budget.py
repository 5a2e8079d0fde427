#!/usr/bin/env python3
"""Fails when a header listed in cmake/budget.txt costs more than 5 % over its lines (with --seconds: or its time)."""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

import compiler
import gate

TOLERANCE = 1.05


def run(command, header):
    begin = time.monotonic()
    done = subprocess.run(command + ["-x", "c++", "-"], input=f'#include "{header}"\n', capture_output=True, text=True)
    return done, time.monotonic() - begin


def remembered(path, measure):
    """The number in the file, or the measured one, which is then written there."""
    if not path.is_file():
        value = measure()
        if value is None:
            return None
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(value))
    return float(path.read_text())


def count_lines(command, header):
    done, _ = run(command + ["-E", "-P"], header)
    return None if done.returncode else sum(1 for line in done.stdout.splitlines() if line.strip())


def check_header(root, words, command, stamps, with_seconds):
    header, mode, most_lines, most_seconds = words[0], words[1], int(words[2]), words[3]
    command = command + (["-DTENON_COMPILED=1"] if mode == "compiled" else [])
    if not (root / "include" / header).is_file():
        return [], f"{header} skipped: no such header"
    stamp = stamps / compiler.key(root, header, command)
    lines = remembered(stamp, lambda: count_lines(command, header))
    if lines is None:
        return [f"{header} ({mode}): does not preprocess"], f"{header} failed"
    problems, text = [], f"{header} ({mode}) {int(lines)} of {most_lines} lines"
    if lines > most_lines * TOLERANCE:
        problems.append(f"{header} ({mode}): {int(lines)} preprocessed lines, expected at most {most_lines} + 5 %")
    if with_seconds and most_seconds != "-":
        done, seconds = run(command + ["-O2", "-c", "-o", "/dev/null"], header)
        text += f", {seconds:.1f} of {most_seconds} s"
        if done.returncode:
            problems.append(f"{header}: does not compile")
        elif seconds > float(most_seconds) * TOLERANCE:
            problems.append(f"{header} ({mode}): {seconds:.1f} s to compile, expected at most {most_seconds} s + 5 %")
    return problems, text


def check(root, stamps, command, with_seconds):
    problems, texts = [], []
    for line in (root / "cmake/budget.txt").read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            found, text = check_header(root, words, command, stamps, with_seconds)
            problems += found
            texts.append(text)
    return problems, "; ".join(texts)


def self_test():
    budget = "tenon/a.hpp headers 10 0.000001\ntenon/b.hpp compiled 10 -\ntenon/absent.hpp headers 1 -\n"
    tree = {"cmake/budget.txt": budget, "include/tenon/a.hpp": "int a();\n" * 11,
            "include/tenon/b.hpp": "int b();\n" * 10}
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        gate.write_tree(root, tree)
        command = ["g++"] + compiler.STANDARD + compiler.include_flags(root)
        problems, summary = check(root, root / "stamps", command, True)
    return gate.self_test("budget", [
        ("lines", problems, "tenon/a.hpp (headers): 11 preprocessed lines, expected at most 10"),
        ("seconds", problems, "s to compile, expected at most 0.000001 s"),
        ("within", [problem for problem in problems if "b.hpp" in problem], None),
        ("missing", [summary], "tenon/absent.hpp skipped: no such header")])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--seconds", action="store_true", help="also compile and compare the time")
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--stamps", type=pathlib.Path, default=gate.ROOT / "build/budget")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    command = [options.compiler] + compiler.STANDARD + compiler.include_flags()
    return gate.finish("budget", *check(gate.ROOT, options.stamps, command, options.seconds))


if __name__ == "__main__":
    sys.exit(main())
