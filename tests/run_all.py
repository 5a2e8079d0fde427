#!/usr/bin/env python3
"""Runs the gates, ctest and tests/checks/*.py, and sums everything in one closing line. Called by tests/run.sh."""

import argparse
import collections
import contextlib
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "cmake/checks"))
from gate import files as gate_files  # noqa: E402
BUILD = ROOT / "build"
LOGS = BUILD / "logs"
GATES = ["check_format.sh", "check_layers.py", "check_sizes.py", "check_paths.py", "compile_budget.py",
         "check_headers.py"]
UMBRELLAS = ["tenon/tenon.hpp", "tenon/tools/optimize.hpp"]
CHECK_TOOLS = ("strace", "objdump", "clang++-14")  # without which a check skips
TALLY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped\s*$", re.M)
SKIPPED = re.compile(r"^skipped: (.+?): (.+)$", re.M)


class Sum:
    def __init__(self):
        self.counts = [0, 0, 0]
        self.skips = collections.OrderedDict()
        self.failures = []
        self.seconds = collections.OrderedDict()

    def add(self, name, passed, failed, skipped, text=""):
        for index, count in enumerate((passed, failed, skipped)):
            self.counts[index] += count
        if failed:
            self.failures.append(name)
        found = SKIPPED.findall(text)
        for case, reason in found:
            self.skips.setdefault(reason, []).append(case)
        if skipped > len(found):
            self.skips.setdefault("no reason given", []).append(f"{skipped - len(found)} of {name}")

    @contextlib.contextmanager
    def stage(self, name):
        """Adds the time of a block to the stage's."""
        begin = time.monotonic()
        yield
        self.seconds[name] = self.seconds.get(name, 0) + time.monotonic() - begin

    def report(self):
        print("== result")
        print("time: " + ", ".join(f"{name} {value:.0f} s" for name, value in self.seconds.items())
              + f", all {sum(self.seconds.values()):.0f} s")
        for reason, cases in self.skips.items():
            names = ", ".join(cases[:8]) + (f" and {len(cases) - 8} more" if len(cases) > 8 else "")
            print(f"skipped {len(cases)}: {reason}: {names}")
        for name in self.failures:
            print(f"failed: {name}")
        print("{} passed, {} failed, {} skipped".format(*self.counts), flush=True)
        return 1 if self.counts[1] else 0


def outcome_of(command, limit_s, **options):
    """(output, exit status); after the limit the command and all that it started are ended, which is a failure."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", start_new_session=True, **options) as process:
        try:
            return process.communicate(timeout=limit_s)[0], process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.communicate()[0] + f"\nno end after {limit_s} s\n0 passed, 1 failed, 0 skipped\n", 1
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def run(name, command, show=True, limit_s=3600, **options):
    """Runs one command with its output in build/logs; (exit status, output)."""
    begin = time.monotonic()
    if sys.stdout.isatty():
        print(f"\033[K   {name} ...", end="\r", flush=True)
    output, status = outcome_of(command, limit_s, **options)
    (LOGS / (name.replace("/", "-").replace(" ", "-") + ".log")).write_text(output)
    last = output.strip().splitlines()[-1:] or [""]
    if status:
        print("\n".join(output.strip().splitlines()[-40:-1]), flush=True)
    if show:
        print(f"   {name}: {last[0]} [{time.monotonic() - begin:.1f} s]", flush=True)
    return status, output


def run_gates(total, jobs):
    for gate in GATES:
        path = str(ROOT / "cmake/checks" / gate)
        command = [path] if gate.endswith(".sh") else [sys.executable, path]
        compilers = [[]]
        if gate == "check_headers.py":
            # Every header alone, without the bodies that the build compiles anyway; what users include, with them.
            parallel = ["--jobs", str(jobs)]
            compilers = [["--compiler", "g++", "--define", "TENON_COMPILED=1"] + parallel]
            compilers.append(["--compiler", "g++"] + UMBRELLAS + parallel)
            if shutil.which("clang++-14"):
                compilers.append(["--compiler", "clang++-14"] + UMBRELLAS + parallel)
            else:
                total.add(gate, 0, 0, 1, f"skipped: gate {gate} --compiler clang++-14: clang++-14 is not installed")
        for extra in [["--self-test"]] + compilers:
            name = " ".join(["gate", gate] + extra[:3])
            with total.stage("headers" if gate == "check_headers.py" else "other gates"):
                status, _ = run(name, command + extra)
            total.add(name, int(status == 0), int(status != 0), 0)


def run_ctest(total, jobs):
    report = BUILD / "ctest.xml"
    report.unlink(missing_ok=True)
    status, text = run("ctest", ["ctest", "--test-dir", str(BUILD), "-j", str(jobs), "--output-on-failure",
                                 "--output-junit", str(report), "--test-output-size-passed", "200000",
                                 "--test-output-size-failed", "200000", "--test-output-truncation", "head",
                                 "--no-tests=error"], show=False, limit_s=7200)
    if not report.is_file():
        return total.add("ctest wrote no report", 0, 1, 0)
    suites = xml.etree.ElementTree.parse(report).getroot().iter("testcase")
    number = 0
    for number, case in enumerate(suites, 1):
        output = case.findtext("system-out") or ""
        good = case.get("status") == "run"
        tallies = TALLY.findall(output)
        passed, failed, skipped = map(int, tallies[-1]) if tallies else (int(good), int(not good), 0)
        failed = max(failed, int(not good))
        total.add(case.get("name"), passed, failed, skipped, output)
    if number == 0:
        total.add("ctest found no tests", 0, 1, 0)
    print(f"   ctest: {number} programs, {'all passed' if status == 0 else 'some failed'}", flush=True)
    return None


def listing(folder):
    """Names, sizes and times of the files of a folder."""
    return [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in sorted(folder.glob("*.*"))]


def content_key():
    """Changes when a file of the repository, what was built from it or what checks find on the machine changes."""
    digest = hashlib.sha256()
    built = [path for path in (BUILD / "tenon", BUILD / "tenon_tests") if path.is_file()]
    for path in [ROOT / name for name in gate_files(ROOT)] + built:
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    installed = BUILD / "venv/installed"
    found = [installed.read_text() if installed.is_file() else None, os.environ.get("TENON_ONNX_DATA"),
             os.environ.get("TENON_MODEL_RECIPES"), listing(BUILD / "models"), *map(shutil.which, CHECK_TOOLS)]
    digest.update(repr(found).encode())
    return digest.hexdigest()


def run_check(path, total, environment, has_venv, state):
    name = f"check {path.stem}"
    text = path.read_text()
    if re.search(r"^# needs:", text, re.M) and not has_venv:
        reason = "the packages of build/venv could not be installed (build/logs/venv.log)"
        print(f"   {name}: skipped: {reason}", flush=True)
        return total.add(name, 0, 0, 1, f"skipped: {path.stem}: {reason}")
    stamp = BUILD / "stamps" / path.stem
    key = hashlib.sha256(f"{state} {path.name}".encode()).hexdigest() + "\n"
    if stamp.is_file() and stamp.read_text().startswith(key):
        output = stamp.read_text()[len(key):]
        print(f"   {name}: unchanged since it last passed: {output.strip().splitlines()[-1]}", flush=True)
        return total.add(name, *map(int, TALLY.findall(output)[-1]), output)
    python = str(BUILD / "venv/bin/python") if has_venv else sys.executable
    status, output = run(name, [python, str(path)], env=environment)
    tallies = TALLY.findall(output)
    if not tallies or (status and not int(tallies[-1][1])):
        return total.add(f"{name} ended with status {status}", 0, 1, 0)
    passed, failed, skipped = map(int, tallies[-1])
    total.add(name, passed, failed, skipped, output)
    if passed and not failed:
        stamp.parent.mkdir(exist_ok=True)
        kept = "\n".join(line for line in output.splitlines() if line.startswith("skipped: "))
        stamp.write_text(f"{key}{kept}\n{passed} passed, {failed} failed, {skipped} skipped\n")
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--build-status", type=int, default=0)
    parser.add_argument("--stage", action="append", default=[], help="NAME=SECONDS of a stage that is over")
    options = parser.parse_args()
    LOGS.mkdir(parents=True, exist_ok=True)
    total = Sum()
    total.seconds.update((name, float(seconds)) for name, seconds in (stage.split("=") for stage in options.stage))
    has_venv = (BUILD / "venv/installed").is_file()
    if has_venv:
        data = next((BUILD / "venv/lib").glob("python*/site-packages/onnx/backend/test/data"), None)
        os.environ.update({"TENON_ONNX_DATA": str(data)} if data else {})
    os.environ.update(TENON_BUILD=str(BUILD), TENON_TOOL=str(BUILD / "tenon"), TENON_JOBS=str(options.jobs))
    total.add("build", int(options.build_status == 0), int(options.build_status != 0), 0)
    run_gates(total, options.jobs)
    if options.build_status == 0:
        with total.stage("ctest"):
            run_ctest(total, options.jobs)
        state = content_key()
        for path in sorted((ROOT / "tests/checks").glob("*.py")):
            with total.stage(f"check {path.stem}"):
                run_check(path, total, dict(os.environ), has_venv, state)
    return total.report()


if __name__ == "__main__":
    sys.exit(main())
