#!/usr/bin/env bash
# clang-tidy 14 over the compiled units in build/, any warning is an error. By hand; slow. Arguments: unit names.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -f build/compile_commands.json ] || { echo "tidy: run tests/run.sh first" >&2; exit 2; }
units=("${@/#/build/compiled/}")
[ "$#" -gt 0 ] && units=("${units[@]/%/.cpp}") || units=(build/compiled/*.cpp)
printf '%s\0' "${units[@]}" | xargs -0 -n 1 -P 2 clang-tidy-14 -p build --quiet
echo "tidy: ok (${#units[@]} units)"
