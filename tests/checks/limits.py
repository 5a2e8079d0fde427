#!/usr/bin/env python3
"""The tool in real cgroups: threads by the quota, typed errors instead of kills at falling memory limits.

usage: limits.py [--tenon FILE]; needs the right to make cgroups below /sys/fs/cgroup, and is skipped without it."""

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from tally import Tally  # noqa: E402

V1 = {"cpu": ("cpu/cpu.cfs_quota_us", "{}"), "memory": ("memory/memory.limit_in_bytes", "{}")}
V2 = {"cpu": ("cpu.max", "{} 100000"), "memory": ("memory.max", "{}")}
MEGABYTES = (1000, 450, 400, 350, 300, 280, 260, 240, 220, 200, 180, 160, 140, 120, 100, 80, 60, 50, 40)


@contextlib.contextmanager
def group(what):
    """A new cgroup as (its folder, the file of the limit, the form of its text); OSError where none can be made."""
    base = pathlib.Path("/sys/fs/cgroup")
    files = V2 if (base / "cgroup.controllers").exists() else V1
    name, form = files[what]
    limit = pathlib.PurePath(name)
    folder = base / limit.parent / f"tenon-check-{os.getpid()}"
    folder.mkdir()
    try:
        if not (folder / limit.name).exists():
            raise OSError(f"{what} is not controlled in {folder}")
        yield folder, folder / limit.name, form
    finally:
        folder.rmdir()


def run_in(made, value, words, folder):
    """Runs a command in the group under this limit."""
    place, limit, form = made
    limit.write_text(form.format(value))
    script = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
    return subprocess.run(["sh", "-c", script, str(place), *map(str, words)], cwd=folder, capture_output=True, text=True)


def check_threads(c, tool, folder):
    words = (tool, "bench", "model.onnx", "--random", "1", "--dim", "N=1", "--runs", "1", "--warmup", "0", "--json", "o")
    allowed = len(os.sched_getaffinity(0))
    with group("cpu") as made:
        for quota in (50000, 100000, 150000, 250000):
            done = run_in(made, quota, words, folder)
            found = json.loads((folder / "o").read_text())["threads"] if done.returncode == 0 else done.stderr
            c.expect(f"threads under a quota of {quota / 1e5} CPUs", found == min(allowed, -(-quota // 100000)), found)


def check_memory(c, tool, folder):
    words = (tool, "run", "model.onnx", "--random", "1", "--dim", "N=16")
    codes = set()
    with group("memory") as made:
        for size in MEGABYTES:
            done = run_in(made, size * 1000000, words, folder)
            codes.add(done.returncode)
            fine = done.returncode == 0 or (done.returncode == 1 and "memory limit: " in done.stderr)
            c.expect(f"run under {size} MB", fine, f"status {done.returncode}: {done.stderr.strip()[:300]}")
    c.expect("large limits are met, small ones refused", codes == {0, 1}, sorted(codes))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenon", type=pathlib.Path, default=os.environ.get("TENON_TOOL", ROOT / "build/tenon"))
    tool = pathlib.Path(parser.parse_args().tenon).resolve()
    c = Tally()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for what, check in (("cpu", check_threads), ("memory", check_memory)):
            try:
                with group(what) as made:
                    probe = run_in(made, 1 << 30 if what == "memory" else 100000, ("true",), folder)
                if probe.returncode:
                    raise OSError(probe.stderr.strip())
            except OSError as refusal:
                c.skip(f"a cgroup of {what}", f"none can be made here ({refusal.strerror or refusal})")
                continue
            if not (folder / "model.onnx").exists():
                subprocess.run([tool, "demo", "resnet50", folder / "model.onnx"], check=True, capture_output=True)
            check(c, tool, folder)
    return c.close()


if __name__ == "__main__":
    sys.exit(main())
