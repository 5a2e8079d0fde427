"""What every gate shares: the list of files, text without comments and strings, the closing line."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED_FOLDERS = ("build", ".git", ".cache", "__pycache__")


def files(root=ROOT):
    """Paths relative to root of everything that git tracks or would track; without git, of everything."""
    try:
        listing = subprocess.run(
            ["git", "-C", str(root), "-c", f"safe.directory={root}", "ls-files", "-co", "--exclude-standard", "-z"],
            check=True, capture_output=True, text=True).stdout
        found = [pathlib.Path(name) for name in listing.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = [path.relative_to(root) for path in root.rglob("*")]
        found = [path for path in found if not any(part.startswith(SKIPPED_FOLDERS) for part in path.parts[:1])]
    return sorted({path for path in found if (root / path).is_file()})


def sources(root=ROOT, folders=("include", "tests", "bench", "examples"), endings=(".hpp", ".cpp", ".cuh", ".cu")):
    """The C++ files of the given folders."""
    return [path for path in files(root) if path.parts[0] in folders and path.suffix in endings]


def is_fragment(path):
    """NAME-inl.hpp is included several times in one translation unit, once for each set of macros."""
    return path.name.endswith("-inl.hpp")


TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/|R\"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)\"|\"(?:\\.|[^\"\\\n])*\""
    r"|(?<![0-9A-Za-z])'(?:\\.|[^'\\\n])+'", re.S)


def strip(text):
    """The text with comments and literals blanked out; line numbers stay."""
    def blank(match):
        kept = "\n" * match.group().count("\n")
        return kept if match.group().startswith("/") else '""' + kept
    return TOKEN.sub(blank, text)


def finish(name, problems, summary):
    """Prints the problems and the closing line; returns the exit status."""
    for problem in problems:
        print(problem)
    print(f"{name}: {'FAILED, ' + str(len(problems)) + ' problem(s)' if problems else 'ok'} ({summary})")
    return 1 if problems else 0


def self_test(name, checks):
    """checks: (description, problems, text that one problem must contain; None when there must be none)."""
    wrong = []
    for description, problems, expected in checks:
        found = not problems if expected is None else any(expected in problem for problem in problems)
        if not found:
            wrong.append(f"self-test: {description}: expected {expected!r} vs {problems}")
    return finish(f"{name} self-test", wrong, f"{len(checks)} cases")


def write_tree(root, tree):
    """Writes {path: text} below root, for the self-tests."""
    for path, text in tree.items():
        target = pathlib.Path(root) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


if __name__ == "__main__":
    for listed in sources(ROOT):
        sys.stdout.write(f"{listed}\n")
