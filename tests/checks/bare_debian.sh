#!/usr/bin/env bash
# Runs both README commands, each twice, in a bare Debian 12: debootstrap into FOLDER/base (once), a copy of it with a
# clone of the committed state, chroot. By hand only: it needs root, network and debootstrap.
# Usage: tests/checks/bare_debian.sh FOLDER [COMMAND...]   (default: examples/quickstart.sh tests/run.sh)
set -euo pipefail
[ "$#" -ge 1 ] || { sed -n '2,4s/^# //p' "$0"; exit 2; }
folder=$(realpath -m "$1")
shift
[ "$#" -gt 0 ] || set -- examples/quickstart.sh tests/run.sh
repository=$(cd "$(dirname "$0")/../.." && pwd)
[ "$(id -u)" -eq 0 ] || { echo "bare_debian: needs root" >&2; exit 1; }
case "$folder/" in "$repository"/*) echo "bare_debian: FOLDER must lie outside the repository" >&2; exit 1 ;; esac

# Everything is mounted in a namespace of its own, so nothing stays mounted.
if [ "${BARE_DEBIAN_INSIDE:-}" != 1 ]; then
  BARE_DEBIAN_INSIDE=1 exec unshare --mount --propagation private "$0" "$folder" "$@"
fi

mirror=$(cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null |
  sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] *\)\?\([^ ]*\).*/\2/p' | sed -n 1p || true)
mkdir -p "$folder"
if [ ! -f "$folder/base.done" ]; then
  echo "== debootstrap from ${mirror:-the default mirror}"
  rm -rf "$folder/base"
  debootstrap --variant=minbase bookworm "$folder/base" ${mirror:+"$mirror"} >"$folder/debootstrap.log"
  touch "$folder/base.done"
fi

system=$folder/system
echo "== a fresh copy of the base system with a clone in it"
rm -rf "$system"
cp -a "$folder/base" "$system"
# What this machine needs to reach its mirrors; a plain machine has nothing of it.
cp -L /etc/resolv.conf /etc/hosts "$system/etc/"
for path in /etc/apt/sources.list.d/debian.sources /etc/apt/apt.conf.d /etc/pip.conf \
  /etc/ssl/certs/ca-certificates.crt /usr/local/share/ca-certificates; do
  [ -e "$path" ] || continue
  mkdir -p "$system$(dirname "$path")"
  cp -rL "$path" "$system$(dirname "$path")/"
done
[ ! -f "$system/etc/apt/sources.list.d/debian.sources" ] || : >"$system/etc/apt/sources.list"
git clone -q --no-local "$repository" "$system/tenon"
mount -t proc proc "$system/proc"
mount --rbind /dev "$system/dev"
mount --rbind /sys "$system/sys"

settings=(HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb LANG=C.UTF-8)
while IFS= read -r -d '' setting; do
  case "$setting" in PIP_*=* | *_proxy=* | *_PROXY=*) settings+=("$setting") ;; esac
done < <(env -0)

status=0
for round in first second; do
  for command in "$@"; do
    echo "== $round run of $command"
    begin=$SECONDS
    env -i "${settings[@]}" chroot "$system" bash -c "cd /tenon && $command" || status=1
    printf '== %s run of %s took %s s (status so far %s)\n' "$round" "$command" "$((SECONDS - begin))" "$status"
  done
done
exit "$status"
