#!/usr/bin/env bash
# Builds the unit tests with a sanitizer and runs them. Usage: tests/sanitizers.sh [asan|tsan] [CTEST-REGEX]
set -euo pipefail
cd "$(dirname "$0")/.."
. cmake/shell.sh
preset=${1:-asan}
pattern=${2:-.}

build() {
  cmake --preset "$preset" -DTENON_EXAMPLES=OFF -DTENON_BENCH=OFF &&
    cmake --build --preset "$preset" -j "${TENON_JOBS:-$(job_count)}"
}
say "building the unit tests with $preset"
logged "build-$preset" build
say "running them"
export ASAN_OPTIONS=detect_stack_use_after_return=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
exec ctest --preset "$preset" -L unit -R "$pattern" -j "${TENON_JOBS:-$(job_count)}"
