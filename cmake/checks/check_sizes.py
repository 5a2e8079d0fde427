#!/usr/bin/env python3
"""Fails on long files, long functions, grown folders, unlisted macros and names outside namespace tenon."""

import pathlib
import re
import sys
import tempfile

import gate

FILE_LINES = 500
FUNCTION_LINES = 60
FOLDERS = ("include", "tests", "bench", "examples", "cmake")
ENDINGS = (".hpp", ".cpp", ".cuh", ".cu", ".py", ".sh")
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.M)
TYPE_HEAD = re.compile(r"\b(?:class|struct|union|enum)\b[^()]*$")
LAMBDA_HEAD = re.compile(r"(?<![\w\])\[])\[[^\[\]]*\]\s*(?:<[^;]*>\s*)?(?:\([^;]*\))?"
                         r"\s*(?:mutable\b|noexcept\b|constexpr\b|->[\w:<>,&*\s]+|\s)*$")
NAMESPACE_HEAD = re.compile(r"\b(?:namespace\b[^;=]*|extern\s*\"\"\s*)$")
OUTSIDE_ALLOWED = re.compile(
    r"^\s*(?:(?:inline\s+)?namespace\s+tenon\b|template\s*<>\s*(?:struct|class|inline constexpr bool|constexpr bool)\s"
    r"|template\s*<.*>\s*(?:struct|class)\s+(?:std|fmt|Eigen)::|namespace\s+(?:std|fmt|Eigen)\b)", re.S)


def blank_directives(text):
    return DIRECTIVE.sub(lambda match: "\n" * match.group().count("\n"), text)


def is_function(head, parens):
    if LAMBDA_HEAD.search(head):
        return True
    if parens or TYPE_HEAD.search(head) or head.rstrip().endswith(("=", "return", ",")):
        return False
    return ")" in head


def scan(text):
    """Long functions as (first line, lines), and heads that stand outside every namespace as (line, head)."""
    code = blank_directives(gate.strip(text))
    functions, outside = [], []
    stack = []  # (kind, line, paren depth)
    line, parens, start = 1, 0, 0
    head_line = 1

    def note_outside():
        head = code[start:position].strip()
        if head and not stack and not OUTSIDE_ALLOWED.match(head):
            outside.append((head_line, " ".join(head.split())[:60]))

    for position, letter in enumerate(code):
        if letter == "\n":
            line += 1
            if not code[start:position].strip():
                head_line = line
        elif letter == "(":
            parens += 1
        elif letter == ")":
            parens = max(0, parens - 1)
        elif letter == "{":
            head = code[start:position]
            if not code[start:position].strip():
                head_line = line
            note_outside()
            in_function = any(kind == "function" for kind, _, _ in stack)
            if NAMESPACE_HEAD.search(head):
                kind = "namespace"
            elif in_function:
                kind = "block"
            else:
                kind = "function" if is_function(head, parens) else "other"
            stack.append((kind, head_line if kind == "function" else line, parens))
            parens, start, head_line = 0, position + 1, line
        elif letter == "}" and stack:
            kind, first, parens = stack.pop()
            if kind == "function" and line - first + 1 > FUNCTION_LINES:
                functions.append((first, line - first + 1))
            start, head_line = position + 1, line
        elif letter == ";" and parens == 0:
            note_outside()
            start, head_line = position + 1, line
    return functions, outside


def left_defined(text):
    """Macros that are defined and not undefined again."""
    names = set(re.findall(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", text, re.M))
    names = {name for name in names if not name.startswith("TENON_DETAIL_")}
    return names - set(re.findall(r"^[ \t]*#[ \t]*undef[ \t]+(\w+)", text, re.M))


def read_words(path):
    lines = path.read_text().splitlines() if path.is_file() else []
    return [line.split(None, 1) for line in lines if line.strip() and not line.startswith("#")]


def check_file(root, path, excused, macros):
    text = (root / path).read_text()
    lines, problems = text.count("\n"), []
    if lines > FILE_LINES and not excused:
        problems.append(f"{path}:1: {lines} lines, expected at most {FILE_LINES}")
    if path.suffix in (".py", ".sh"):
        return lines, problems
    functions, outside = scan(text)
    if not excused:
        problems += [f"{path}:{first}: function of {count} lines, expected at most {FUNCTION_LINES}"
                     for first, count in functions]
    if path.parts[0] == "include" and path.suffix == ".hpp" and not gate.is_fragment(path):
        problems += [f"{path}:{first}: outside namespace tenon: {head}" for first, head in outside]
        problems += [f"{path}:1: macro {name} stays defined and is not in cmake/macros.txt"
                     for name in sorted(left_defined(gate.strip(text)) - macros)]
        if "#pragma once" not in text:
            problems.append(f"{path}:1: no #pragma once")
    return lines, problems


def check(root):
    exceptions = read_words(root / "cmake/size_exceptions.txt")
    macros = {words[0] for words in read_words(root / "cmake/macros.txt")}
    caps = {words[0]: int(words[1]) for words in read_words(root / "cmake/size_caps.txt")}
    problems = [f"cmake/size_exceptions.txt: {words[0]} has no reason" for words in exceptions if len(words) < 2]
    problems += [f"cmake/size_exceptions.txt: no such file: {words[0]}" for words in exceptions
                 if not (root / words[0]).is_file()]
    excused = {words[0] for words in exceptions}
    totals = dict.fromkeys(FOLDERS, 0)
    for path in gate.sources(root, FOLDERS, ENDINGS):
        lines, found = check_file(root, path, path.as_posix() in excused, macros)
        totals[path.parts[0]] += lines
        problems += found
    problems += [f"{folder}/ has {totals[folder]} lines, expected at most {cap} (cmake/size_caps.txt)"
                 for folder, cap in caps.items() if totals.get(folder, 0) > cap]
    return problems, ", ".join(f"{folder} {lines} lines" for folder, lines in totals.items())


def self_test():
    body = "#pragma once\nnamespace tenon {\n%s\n}\n"
    long_function = "inline int f(int a) {\n" + "  a += 1;\n" * 70 + "  return a;\n}"
    fine = ("/// { unbalanced in a comment\nstruct s {\n  s() : a_{1}, b_(2) {}\n  int f() const { return '}'; }\n"
            "  int a_, b_;\n};\ninline constexpr int table[] = {\n" + "  1,\n" * 80 + "};")
    cases = [
        ("long file", {"include/tenon/a.hpp": body % ("\n" * 600)}, "expected at most 500"),
        ("long function", {"include/tenon/a.hpp": body % long_function}, "function of 73 lines"),
        ("long member", {"include/tenon/a.hpp": body % ("struct s {\n" + long_function + "\n};")}, "function of 73"),
        ("long lambda", {"tests/a.cpp": "const auto f = [](int a) {\n" + "  a += 1;\n" * 70 + "};\n"}, "function of"),
        ("macro", {"include/tenon/a.hpp": body % "#define MY_MACRO 1"}, "MY_MACRO"),
        ("function outside", {"include/tenon/a.hpp": "#pragma once\ninline int f() { return 1; }\n"}, "outside"),
        ("type outside", {"include/tenon/a.hpp": "#pragma once\nnamespace other {\nstruct s {};\n}\n"}, "outside"),
        ("variable outside", {"include/tenon/a.hpp": "#pragma once\ninline int x = 1;\n"}, "outside"),
        ("no pragma once", {"include/tenon/a.hpp": "namespace tenon {}\n"}, "no #pragma once"),
        ("cap", {"bench/a.cpp": "\n" * 30, "cmake/size_caps.txt": "bench 20\n"}, "bench/ has 30 lines"),
        ("no reason", {"a": "", "cmake/size_exceptions.txt": "a\n"}, "has no reason"),
        ("fine", {"include/tenon/a.hpp": body % fine + "template <>\nstruct std::hash<tenon::s> {};\n"}, None),
    ]
    checks = []
    for description, tree, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            gate.write_tree(folder, tree)
            checks.append((description, check(pathlib.Path(folder))[0], expected))
    return gate.self_test("sizes", checks)


if __name__ == "__main__":
    if "--self-test" in sys.argv:
        sys.exit(self_test())
    sys.exit(gate.finish("sizes", *check(gate.ROOT)))
