"""How the gates call a compiler: default include folders, the text that decides whether a result still holds."""

import functools
import hashlib
import os
import pathlib
import re
import subprocess

import gate

STANDARD = ["-std=c++20", "-Wall", "-Wextra"]
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"](tenon/[^>"]+)[>"]', re.M)


def include_flags(root=gate.ROOT):
    flags = [f"-I{root / 'include'}"]
    for prefix in os.environ.get("TENON_DEPENDENCIES", "/usr/include:/usr/local/include").split(":"):
        flags += [] if prefix.startswith("/usr/") else ["-isystem", prefix]
    return flags


@functools.lru_cache(maxsize=None)
def version(compiler):
    return subprocess.run([compiler, "--version"], check=True, capture_output=True, text=True).stdout


@functools.lru_cache(maxsize=None)
def read(path):
    return path.read_text()


@functools.lru_cache(maxsize=None)
def closure(root, header):
    """Every project header that including header reads, itself first."""
    seen, open_list = [], [header]
    while open_list:
        name = open_list.pop()
        if name in seen or not (root / "include" / name).is_file():
            continue
        seen.append(name)
        open_list += INCLUDE.findall(read(root / "include" / name))
    return tuple(seen)


def key(root, header, command):
    """Changes when a header that is read, the compiler or the command changes."""
    digest = hashlib.sha256(" ".join(command).encode() + version(command[0]).encode())
    for name in sorted(closure(root, header)):
        digest.update(name.encode() + b"\0" + read(root / "include" / name).encode())
    return digest.hexdigest()
