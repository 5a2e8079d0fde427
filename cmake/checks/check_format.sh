#!/usr/bin/env bash
# Fails when a C++ file differs from what clang-format 14 makes of it. --self-test: a bad sample must fail.
set -euo pipefail
cd "$(dirname "$0")/../.."

formatter=${CLANG_FORMAT:-}
for candidate in clang-format-14 clang-format; do
  [ -n "$formatter" ] || formatter=$(command -v "$candidate" || true)
done
[ -n "$formatter" ] || { echo "format: FAILED (no clang-format-14)"; exit 1; }
case "$("$formatter" --version)" in
  *"version 14."*) ;;
  *) echo "format: FAILED ($formatter is not version 14)"; exit 1 ;;
esac

differs() {
  ! "$formatter" --style=file "$1" | cmp -s - "$1"
}

if [ "${1:-}" = --self-test ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  cp .clang-format "$folder"
  printf 'int  f( ){return 1 ;}\n' >"$folder/bad.cpp"
  printf 'int f();\n' >"$folder/good.cpp"
  if ! differs "$folder/bad.cpp" || differs "$folder/good.cpp"; then
    echo "format self-test: FAILED (a badly formatted sample passed, or a good one did not)"
    exit 1
  fi
  echo "format self-test: ok (2 cases)"
  exit 0
fi

# The output is compared because --dry-run reports replacements that change nothing.
export formatter
export -f differs
mapfile -t files < <(PYTHONDONTWRITEBYTECODE=1 python3 cmake/checks/gate.py)
wrong=$(printf '%s\0' "${files[@]}" | xargs -0 -r -n 8 -P 2 bash -c 'for f in "$@"; do if differs "$f"; then echo "$f: not formatted"; fi; done' _)
if [ -n "$wrong" ]; then
  printf '%s\n' "$wrong" | sort
  echo "format: FAILED (run clang-format-14 -i on these files)"
  exit 1
fi
echo "format: ok (${#files[@]} files)"
