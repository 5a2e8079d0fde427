#!/usr/bin/env python3
"""What tenon costs besides running: compile time and size of an application, load and optimize time of graphs.

usage: costs.py [--build DIR] [--compiler g++] [--runs 3]
Needs a build (tests/run.sh or cmake) for tenon::compiled. Prints one line a measurement with its aim; seconds are the
median of the runs, of one compiler process without a cache."""
import argparse
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
LINK = ["-pthread", "-s", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"]


def seconds(command, runs):
    taken = []
    for _ in range(runs):
        begin = time.monotonic()
        subprocess.run(command, check=True)
        taken.append(time.monotonic() - begin)
    return statistics.median(taken)


def preprocessed_lines(command):
    text = subprocess.run(command + ["-E", "-P"], check=True, capture_output=True, text=True).stdout
    return text.count("\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=ROOT / "build")
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    os.environ["CCACHE_DISABLE"] = "1"
    library = pathlib.Path(options.build) / "libtenon_compiled.a"
    base = [options.compiler, "-std=c++20", "-O2", "-DNDEBUG", f"-I{ROOT / 'include'}"]
    with tempfile.TemporaryDirectory() as folder:
        def report(name, value, unit, aim):
            print(f"{name:52s} {value:10.2f} {unit:6s} aim {aim}", flush=True)

        def size(name, source, extra, aim, out=f"{folder}/out"):
            subprocess.run(base + LINK + extra[0] + [str(ROOT / "bench" / source), "-o", out] + extra[1], check=True)
            report(name, os.path.getsize(out) / 1e6, "MB", aim)
            return out

        def compare_runs(name, programs):
            """Ratio of the first program's time to the second's, run in turn on one thread."""
            subprocess.run([str(library.parent / "tenon"), "demo", "resnet50", f"{folder}/resnet50.onnx"], check=True,
                           stdout=subprocess.DEVNULL)
            taken = [[], []]
            for _ in range(max(3, options.runs)):
                for program, times in zip(programs, taken):
                    text = subprocess.run([program, f"{folder}/resnet50.onnx", "15"], check=True, text=True,
                                          capture_output=True, env={**os.environ, "TENON_NUM_THREADS": "1"}).stdout
                    times.append(float(re.search(r"median ([0-9.]+) ms", text)[1]))
            report(name, statistics.median(taken[0]) / statistics.median(taken[1]), "x", "1")

        app = str(ROOT / "bench/app.cpp")
        compiled = ["-DTENON_COMPILED=1"]
        report("preprocessed lines, umbrella, header-only", preprocessed_lines(base + [app]), "lines", "-")
        report("preprocessed lines, umbrella, tenon::compiled", preprocessed_lines(base + compiled + [app]), "lines", "-")
        to = ["-c", app, "-o", f"{folder}/app.o"]
        pathlib.Path(f"{folder}/include.cpp").write_text("#include <tenon/tenon.hpp>\n")
        include = ["-c", f"{folder}/include.cpp", "-o", f"{folder}/include.o"]
        report("compile, umbrella alone, tenon::compiled, -O2", seconds(base + compiled + include, options.runs), "s", "1.5")
        report("compile, application, tenon::compiled, -O2", seconds(base + compiled + to, options.runs), "s", "-")
        report("compile, application, header-only, -O2", seconds(base + to, options.runs), "s", "8")
        size("application with all ops, stripped, compiled", "app.cpp", (compiled, [str(library)]), "6")
        programs = [size(f"application with ResNet-50's ops, stripped, {level}", "small_app.cpp", ([level], []), "1",
                         f"{folder}/small{level}") for level in ("-Os", "-O2")]
        compare_runs("its run of ResNet-50, time at -Os to time at -O2", programs)
        program = f"{folder}/graph_costs"
        subprocess.run(base + compiled + [str(ROOT / "bench/graph_costs.cpp"), str(library), "-pthread", "-o", program],
                       check=True)
        subprocess.run([program, folder], check=True)


if __name__ == "__main__":
    main()
