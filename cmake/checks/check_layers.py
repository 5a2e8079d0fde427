#!/usr/bin/env python3
"""Fails when an include points upward or sideways in cmake/layers.txt, or includes form a cycle."""

import pathlib
import re
import sys
import tempfile

import gate

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"](tenon/[^>"]+)[>"]')
BODY_BEGIN = re.compile(r"^\s*#\s*(?:ifndef\s+|if\s+!\s*defined\s*\(?\s*)TENON_COMPILED\b")
CONDITION_BEGIN = re.compile(r"^\s*#\s*if")
CONDITION_END = re.compile(r"^\s*#\s*endif")


def read_layers(path):
    layers = {"number": {}, "allow": set(), "root": {}, "umbrella": set(), "bodies": {}, "except": {}}
    for line in path.read_text().splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] == "allow":
            layers["allow"].add((words[1], words[2]))
        elif words[0] == "root":
            layers["root"][words[1]] = int(words[2])
        elif words[0] == "umbrella":
            layers["umbrella"].add(words[1])
        elif words[0] == "bodies":
            layers["bodies"][words[1]] = words[2]
        elif words[0] == "except":
            layers["except"][f"tenon/{words[1]}", f"tenon/{words[2]}"] = " ".join(words[3:])
        else:
            layers["number"].update({folder: int(words[0]) for folder in words[1:]})
    return layers


def includes(text):
    """(line number, header, is a body include) of each project include."""
    depth, body_depth = 0, None
    for number, line in enumerate(text.splitlines(), 1):
        if CONDITION_BEGIN.match(line):
            depth += 1
            if BODY_BEGIN.match(line) and body_depth is None:
                body_depth = depth
        elif CONDITION_END.match(line):
            if body_depth == depth:
                body_depth = None
            depth -= 1
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), body_depth is not None


def is_body_header(header):
    return header.startswith("tenon/impl/")


def place(header, layers):
    """(room, number) of tenon/room/file.hpp, or of the room whose bodies tenon/impl/PREFIX_file.hpp holds;
    the room of a backend is backends/NAME."""
    parts = pathlib.PurePosixPath(header).parts[1:]
    if len(parts) == 1:
        return None, layers["root"].get(parts[0])
    if is_body_header(header):
        parts = (*layers["bodies"].get(parts[1].split("_")[0], "no room").split("/"), parts[1])
    room = "/".join(parts[:2]) if parts[0] == "backends" and len(parts) > 2 else parts[0]
    return room, layers["number"].get(parts[0])


def judge(source, target, is_body, layers):
    """What is wrong with source including target, or None."""
    name = pathlib.PurePosixPath(source).name
    if len(pathlib.PurePosixPath(source).parts) == 2 and name in layers["umbrella"]:
        return None
    from_room, from_number = place(source, layers)
    to_room, to_number = place(target, layers)
    if from_number is None:
        return "the folder, root header or prefix of bodies has no layer in cmake/layers.txt"
    if len(pathlib.PurePosixPath(target).parts) == 2 and target.split("/")[1] in layers["umbrella"]:
        return f"{target} is an umbrella; include what is used"
    if to_number is None:
        return f"{target} has no layer in cmake/layers.txt"
    if is_body_header(target) and not is_body and not is_body_header(source):
        return f"{target} has bodies: expected below #ifndef TENON_COMPILED"
    if from_room == to_room and from_room is not None or to_number < from_number:
        return None
    if (from_room, to_room) in layers["allow"] or (source, target) in layers["except"]:
        return None
    if to_number == from_number:
        if from_room is None or to_room is None or from_room.split("/")[0] == to_room == "backends":
            return None
        return f"sideways include of {target} (layer {to_number})"
    return f"upward include of {target}: layer {to_number}, expected less than {from_number}"


def cycles(edges):
    """Include cycles, each as one text."""
    state, found = {}, []

    def visit(node, path):
        state[node] = 1
        for following in edges.get(node, ()):
            if state.get(following) == 1:
                loop = path[path.index(following):] if following in path else [following]
                found.append("include cycle: " + " -> ".join(loop + [following]))
            elif following not in state:
                visit(following, path + [following])
        state[node] = 2

    for node in sorted(edges):
        if node not in state:
            visit(node, [node])
    return found


def check(root):
    layers = read_layers(root / "cmake/layers.txt")
    problems, edges, seen, count = [], {}, set(), 0
    for path in gate.sources(root, folders=("include",)):
        source = path.relative_to("include").as_posix()
        edges[source] = []
        if is_body_header(source) and place(source, layers)[1] is None:
            problems.append(f"{path}: the prefix has no room: expected one of {', '.join(sorted(layers['bodies']))}")
        for line, target, is_body in includes((root / path).read_text()):
            count += 1
            seen.add((source, target))
            wrong = judge(source, target, is_body, layers)
            if wrong:
                problems.append(f"{path}:{line}: {wrong}")
            if not (root / "include" / target).is_file():
                problems.append(f"{path}:{line}: no such header: {target}")
            if not is_body:
                edges[source].append(target)
    for pair, reason in layers["except"].items():
        if not reason:
            problems.append(f"cmake/layers.txt: except {' '.join(pair)}: expected a reason")
        if (root / "include" / pair[0]).is_file() and pair not in seen:
            problems.append(f"cmake/layers.txt: except {' '.join(pair)}: no such include; remove the line")
    return problems + cycles(edges), f"{len(edges)} headers, {count} includes"


def self_test():
    cases = [
        ("upward", {"core/a.hpp": '#include "tenon/ir/b.hpp"\n', "ir/b.hpp": ""}, "upward include of tenon/ir/b.hpp"),
        ("sideways", {"formats/a.hpp": '#include "tenon/rewrite/b.hpp"\n', "rewrite/b.hpp": ""}, "sideways"),
        ("between backends", {"backends/cpu/a.hpp": '#include "tenon/backends/cuda/b.hpp"\n',
                              "backends/cuda/b.hpp": ""}, "sideways"),
        ("cycle", {"ir/a.hpp": '#include "tenon/ir/b.hpp"\n', "ir/b.hpp": '#include "tenon/ir/a.hpp"\n'}, "cycle"),
        ("unknown folder", {"utils/a.hpp": '#include "tenon/core/b.hpp"\n', "core/b.hpp": ""}, "has no layer"),
        ("missing header", {"ir/a.hpp": '#include "tenon/core/b.hpp"\n'}, "no such header"),
        ("umbrella from inside", {"ir/a.hpp": '#include "tenon/tenon.hpp"\n', "tenon.hpp": ""}, "umbrella"),
        ("upward from a body", {"impl/core_a.hpp": '#include "tenon/ir/b.hpp"\n', "ir/b.hpp": ""},
         "include/tenon/impl/core_a.hpp:1: upward include of tenon/ir/b.hpp"),
        ("sideways from a body", {"impl/torch_a.hpp": '#include "tenon/rewrite/b.hpp"\n', "rewrite/b.hpp": ""},
         "sideways include of tenon/rewrite/b.hpp"),
        ("upward to a body", {"impl/ir_a.hpp": '#include "tenon/impl/cpu_b.hpp"\n', "impl/cpu_b.hpp": ""},
         "upward include of tenon/impl/cpu_b.hpp"),
        ("upward to a body from a header", {"ir/a.hpp": '#ifndef TENON_COMPILED\n#include "tenon/impl/plan_b.hpp"\n'
                                                        '#endif\n', "impl/plan_b.hpp": ""}, "upward include"),
        ("body outside of the condition", {"ir/a.hpp": '#include "tenon/impl/ir_a.hpp"\n', "impl/ir_a.hpp": ""},
         "below #ifndef TENON_COMPILED"),
        ("body without a room", {"impl/stray_a.hpp": ""}, "impl/stray_a.hpp: the prefix has no room"),
        ("an exception for one include only",
         {"impl/runtime_compile.hpp": '#include "tenon/backends/cpu/other.hpp"\n', "backends/cpu/other.hpp": ""},
         "upward include of tenon/backends/cpu/other.hpp"),
        ("an exception that nothing needs", {"impl/runtime_compile.hpp": ""}, "no such include; remove the line"),
        ("allowed", {"ir/a.hpp": '#include "tenon/core/b.hpp"\n#ifndef TENON_COMPILED\n'
                                 '#include "tenon/impl/ir_a.hpp"\n#endif\n', "core/b.hpp": "",
                     "impl/ir_a.hpp": '#include "tenon/ir/a.hpp"\n#include "tenon/impl/ir_b.hpp"\n',
                     "impl/ir_b.hpp": '#include "tenon/core/b.hpp"\n',
                     "formats/c.hpp": '#include "tenon/infer/d.hpp"\n', "infer/d.hpp": ""}, None),
    ]
    checks = []
    for description, tree, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            gate.write_tree(root, {f"include/tenon/{path}": text for path, text in tree.items()})
            gate.write_tree(root, {"cmake/layers.txt": (gate.ROOT / "cmake/layers.txt").read_text()})
            checks.append((description, check(root)[0], expected))
    return gate.self_test("layers", checks)


if __name__ == "__main__":
    if "--self-test" in sys.argv:
        sys.exit(self_test())
    sys.exit(gate.finish("layers", *check(gate.ROOT)))
