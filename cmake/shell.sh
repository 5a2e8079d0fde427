# Sourced by tests/run.sh and examples/quickstart.sh, in the repository root: packages, progress, quiet logs.
# shellcheck shell=bash

mkdir -p build/logs

say() {
  printf '%s\n' "== $*"
}

# job count: the processors this process may use, at most one for each 1.5 GiB of memory that is free
job_count() {
  local free_kib by_memory processors
  processors=$(nproc)
  free_kib=$(awk '/MemAvailable/ {print $2}' /proc/meminfo 2>/dev/null || echo 4000000)
  by_memory=$((free_kib / 1572864))
  [ "$by_memory" -ge 1 ] || by_memory=1
  echo $((processors < by_memory ? processors : by_memory))
}

# logged NAME COMMAND...: output goes to build/logs/NAME.log, its last line is shown as progress,
# on failure the end of the log is shown.
logged() {
  local name=$1 log=build/logs/$1.log status=0 begin=$SECONDS shown=$SECONDS process line
  shift
  "$@" >"$log" 2>&1 &
  process=$!
  while kill -0 "$process" 2>/dev/null; do
    sleep 0.3
    line=$(tail -n 1 "$log" 2>/dev/null | tr -d '\r' | cut -c 1-90)
    if [ -t 1 ]; then
      printf '\r\033[K   %3ss %s' "$((SECONDS - begin))" "$line"
    elif [ $((SECONDS - shown)) -ge 20 ]; then
      shown=$SECONDS
      printf '   %3ss %s\n' "$((SECONDS - begin))" "$line"
    fi
  done
  wait "$process" || status=$?
  if [ -t 1 ]; then printf '\r\033[K'; fi
  if [ "$status" -ne 0 ]; then
    say "$name failed with status $status after $((SECONDS - begin)) s; the end of $log:"
    tail -n 40 "$log"
    return "$status"
  fi
  printf '   %s: done in %s s\n' "$name" "$((SECONDS - begin))"
}

# install_packages PACKAGE...: asks apt for what is missing; where there is no apt the compiler's word is taken later.
install_packages() {
  local missing=() package root=()
  if ! command -v dpkg-query >/dev/null; then
    say "not a Debian system: expecting these to be installed: $*"
    return 0
  fi
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
      say "these packages are missing and there is no sudo to install them: ${missing[*]}"
      return 1
    }
    root=(sudo)
  fi
  say "installing from Debian: ${missing[*]}"
  logged apt-update "${root[@]}" apt-get update
  logged apt-install "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}"
}
