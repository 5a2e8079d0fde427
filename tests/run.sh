#!/usr/bin/env bash
# Builds tenon and runs every test: installs what is missing, then gates, build, unit tests, examples, checks.
# The last line is "N passed, N failed, N skipped". Environment: TENON_JOBS, the number of parallel jobs.
set -euo pipefail
cd "$(dirname "$0")/.."
. cmake/shell.sh

begin=$SECONDS
jobs=${TENON_JOBS:-$(job_count)}
install_packages ca-certificates g++ cmake ninja-build ccache \
  nlohmann-json3-dev doctest-dev libcli11-dev python3 python3-venv clang-format-14 strace

# A function under `logged` runs without set -e, so its steps are joined with &&.
# The oracles: never needed to build or use tenon, so their absence only skips tests.
oracles="onnx==1.20.1 onnxruntime==1.31.1 numpy"
make_venv() {
  # shellcheck disable=SC2086
  rm -rf build/venv && python3 -m venv build/venv &&
    build/venv/bin/python -m pip install --disable-pip-version-check --retries 2 $oracles &&
    echo "$oracles" >build/venv/installed
}
if [ "$(cat build/venv/installed 2>/dev/null)" != "$oracles" ]; then
  say "installing the test oracles from PyPI into build/venv: $oracles"
  logged venv make_venv || say "the tests that compare with the oracles will be skipped"
fi

installed=$SECONDS

say "building with $jobs jobs"
status=0
configure_and_build() {
  cmake -S . -B build -G Ninja -DTENON_TESTS=ON -DTENON_EXAMPLES=ON -DTENON_BENCH=OFF &&
    cmake --build build -j "$jobs"
}
logged build configure_and_build || status=$?

say "running gates, tests and checks"
export PYTHONDONTWRITEBYTECODE=1
exec python3 tests/run_all.py --jobs "$jobs" --build-status "$status" \
  --stage "install=$((installed - begin))" --stage "build=$((SECONDS - installed))"
