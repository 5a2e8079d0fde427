# Sourced by tests/run.sh and examples/quickstart.sh, in the repository root: packages, progress, quiet logs.
# shellcheck shell=bash

mkdir -p build/logs

say() {
  printf '%s\n' "== $*"
}

# job count: the processors that this process or its container may use, at most one for each 1.5 GiB of memory that is free
job_count() {
  local free_kib limit period jobs groups=/sys/fs/cgroup
  jobs=$(nproc)
  free_kib=$(awk '/MemAvailable/ {print $2}' /proc/meminfo 2>/dev/null)
  free_kib=${free_kib:-4000000}
  if read -r limit 2>/dev/null <"$groups/memory.max" && [ "$limit" != max ]; then
    limit=$((limit / 1024))
    [ "$free_kib" -le "$limit" ] || free_kib=$limit
  fi
  if read -r limit period 2>/dev/null <"$groups/cpu.max" && [ "$limit" != max ]; then
    limit=$(((limit + period - 1) / period))
    [ "$jobs" -le "$limit" ] || jobs=$limit
  fi
  [ "$jobs" -le $((free_kib / 1572864)) ] || jobs=$((free_kib / 1572864))
  echo $((jobs >= 1 ? jobs : 1))
}

# logged NAME COMMAND...: output goes to build/logs/NAME.log, its last line is shown as progress,
# on failure the end of the log is shown. An interrupt ends the command with all that it started.
logged() {
  local name=$1 log=build/logs/$1.log status=0 begin=$SECONDS shown=$SECONDS process line
  shift
  set -m  # a process group of its own
  "$@" >"$log" 2>&1 </dev/null &
  set +m
  process=$!
  trap 'kill -- "-$process" 2>/dev/null || true; exit 130' HUP INT TERM
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
  trap - HUP INT TERM
  if [ -t 1 ]; then printf '\r\033[K'; fi
  if [ "$status" -ne 0 ]; then
    say "$name failed with status $status after $((SECONDS - begin)) s; the end of $log:"
    tail -n 40 "$log"
    return "$status"
  fi
  printf '   %s: done in %s s\n' "$name" "$((SECONDS - begin))"
}

# install_packages PACKAGE...: asks apt for what is missing. Where that fails it says so and goes on: the build tells what
# it cannot do without.
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
  say "installing from Debian: ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    # The password is asked for here, where no progress overwrites the question.
    if ! command -v sudo >/dev/null || ! sudo -v; then
      say "going on without these packages, which only root can install: ${missing[*]}"
      return 0
    fi
    root=(sudo)
  fi
  if ! logged apt-update "${root[@]}" apt-get update ||
    ! logged apt-install "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}"; then
    say "going on without these packages, which apt could not install: ${missing[*]}"
  fi
}
