#!/usr/bin/env bash
# Builds Debian's libsrtp2 upon OpenSSL into .cache/srtp, for streamers alone. Debian's own
# package is built upon NSS, which takes about three times as long for a packet (docs/fan-out.md).
# Same source, same ABI, checked against the archive's signature by apt. Nothing is installed.
#
# Exit code 1, with the reason in .cache/srtp.log, where that is not possible: streamers then use
# the system's library. With --is-settled nothing is built: 0 if there is nothing to be done now.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
target=$root/.cache/srtp

version=$(dpkg-query -W -f='${source:Version}' libsrtp2-1)
wanted="$version $(dpkg-query -W -f='${Version}' libssl-dev) $(sha256sum "${BASH_SOURCE[0]}")"
[ -f "$target/libsrtp2.so.1" ] && [ "$(cat "$target/stamp" 2>/dev/null || true)" = "$wanted" ] && exit 0
# What failed is tried again after a day, or when something has changed: it can take minutes.
if [ "$(cat "$target/failed" 2>/dev/null || true)" = "$wanted" ] && [ -z "$(find "$target/failed" -mmin +1440)" ]; then
  [ "${1:-}" = --is-settled ] || exit 1
  exit 0
fi
[ "${1:-}" != --is-settled ] || exit 1

mkdir -p "$target"
printf '%s' "$wanted" >"$target/failed"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{
  # The machine's own archives, asked for sources, with lists of their own: apt's are left alone.
  mkdir -p "$work/sources" "$work/lists/partial"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$file" ] || continue
    sed -n 's/^deb[[:space:]]/deb-src /p' "$file" >"$work/sources/$(basename "$file" .list).list"
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] || continue
    sed 's/^Types:.*/Types: deb-src/' "$file" >"$work/sources/$(basename "$file")"
  done
  # Three minutes for each step: an archive that hangs must not hang the set-up.
  apt=(timeout 180 apt-get -qq -o "Dir::Etc::SourceList=/dev/null" -o "Dir::Etc::SourceParts=$work/sources"
    -o "Dir::State::Lists=$work/lists" -o "APT::Sandbox::User=$(id -un)")
  # An archive without sources among others is no reason to stop.
  "${apt[@]}" update || true
  cd "$work"
  "${apt[@]}" source "libsrtp2=$version"
  cd libsrtp2-*/
  ./configure --enable-openssl
  make shared_library
  mv "$(readlink -f libsrtp2.so.1)" "$target/libsrtp2.so.1"
  printf '%s' "$wanted" >"$target/stamp"
  rm -f "$target/failed"
} >"$root/.cache/srtp.log" 2>&1
