#!/usr/bin/env bash
# From a fresh Debian 12 to a benchmark: builds the tenon tool, then `tenon quickstart` writes, optimizes and times
# a ResNet-50, or the model that is given. Usage: examples/quickstart.sh [MODEL.onnx]
set -euo pipefail
model=${1:-}
[ "$#" -le 1 ] || { echo "usage: $0 [MODEL.onnx]" >&2; exit 2; }
if [ -n "$model" ]; then
  [ -f "$model" ] || { echo "quickstart: no such file: $model" >&2; exit 1; }
  model=$(realpath "$model")
fi
cd "$(dirname "$0")/.."
. cmake/shell.sh

install_packages g++ cmake ninja-build ccache nlohmann-json3-dev \
  libcli11-dev

build_tool() {
  { [ -f build/build.ninja ] || cmake -S . -B build -G Ninja -DTENON_TESTS=OFF -DTENON_BENCH=OFF; } &&
    cmake --build build -j "${TENON_JOBS:-$(job_count)}" --target tenon_tool
}
say "building the tenon tool"
logged build-tool build_tool

say "results go to build/quickstart"
exec build/tenon quickstart ${model:+"$model"} --output-dir build/quickstart
