#!/usr/bin/env bash
# Runs the README's two commands in a fresh Debian with the wanted Node, from the last commit.
#
#   scripts/test-on.sh SUITE NODE [NPM] [-- COMMAND…]
#   scripts/test-on.sh trixie 24          # Debian 13, the newest Node 24, the npm of this machine
#   scripts/test-on.sh bookworm 22 12 -- ./moontee doctor
#   scripts/test-on.sh trixie debian      # the distribution's own Node
#
# Needs root and debootstrap. Systems lie in $MOONTEE_SYSTEMS (default /var/tmp/moontee-systems):
# the bare one is kept, the one that the commands ran in is replaced by the next run. With COMMAND
# that one runs instead of the two.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { printf 'test-on: %s\n' "$*" >&2; exit 1; }
suite=${1:-} node=${2:-} npm=
[ -n "$suite" ] && [ -n "$node" ] || fail "usage: scripts/test-on.sh SUITE NODE [NPM] [-- COMMAND…]"
shift 2
if [ $# -gt 0 ] && [ "$1" != -- ]; then npm=$1; shift; fi
if [ "${1:-}" = -- ]; then shift; fi
[ "$(id -u)" = 0 ] || fail "root is needed."
command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"
[[ $suite =~ ^[a-z]+$ && $node =~ ^[a-z0-9.]+$ && $npm =~ ^[0-9.]*$ ]] || fail "not a suite, a Node and an npm"

systems=${MOONTEE_SYSTEMS:-/var/tmp/moontee-systems}
base=$systems/$suite
root=$systems/$suite-node$node${npm:+-npm$npm}
mkdir -p "$systems"

if [ ! -f "$base.complete" ]; then
  rm -rf "$base"
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$base" >"$base.log" 2>&1 ||
    { tail -5 "$base.log" >&2; fail "debootstrap failed."; }
  touch "$base.complete"
fi
rm -rf "$root"
cp -a --reflink=auto "$base" "$root"

# The network as this machine has it: names, certificates, a registry of its own.
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
cp -L /etc/hosts "$root/etc/hosts"
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
  cp -L "$NODE_EXTRA_CA_CERTS" "$root/etc/ssl/extra-certificates.crt"
fi

# Packs a package of the npm registry and unpacks it into a folder.
unpack() {
  local work
  work=$(mktemp -d)
  (cd "$work" && npm pack --silent "$1" >/dev/null) || fail "$1 is not in the npm registry."
  mkdir -p "$2"
  tar xzf "$work"/*.tgz -C "$2" --strip-components=1
  rm -rf "$work"
}
# A Node of the npm registry: the binary with its headers, and npm beside it.
if [ "$node" != debian ]; then
  unpack "node-linux-$(node -p process.arch)@$node" "$root/opt/node"
  unpack "npm@${npm:-$(npm --version)}" "$root/opt/node/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/opt/node/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/opt/node/bin/npx"
  chmod +x "$root"/opt/node/lib/node_modules/npm/bin/*.js
fi
git clone -q --no-hardlinks . "$root/root/moontee"

cat >"$root/root/commands.sh" <<'INSIDE'
set -euo pipefail
mountpoint -q /proc || mount -t proc proc /proc
mountpoint -q /sys || mount -t sysfs sysfs /sys
cd /root/moontee
if [ ! -d /opt/node ]; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends nodejs >/dev/null
fi
say() { printf '\n=== %s: %s\n' "$(date +%T)" "$*"; }
say "$(. /etc/os-release; echo "$PRETTY_NAME"), Node $(node --version), npm $(npm --version 2>/dev/null || echo none)"
if [ $# -gt 0 ]; then exec "$@"; fi

say './moontee demo'
./moontee demo --port 0 >/root/demo.log 2>&1 &
demo=$!
for _ in $(seq 1800); do
  url=$(grep -om1 'http://[^ "]*/' /root/demo.log || true)
  [ -n "$url" ] && break
  kill -0 $demo 2>/dev/null || break
  sleep 1
done
grep '^moontee' /root/demo.log || true
[ -n "$url" ] || { tail -30 /root/demo.log; say 'the demo did not start'; exit 1; }
node -e 'fetch(process.argv[1]).then(async (answer) => {
  const text = await answer.text();
  if (!answer.ok || !text.includes("<script")) process.exit(1);
  console.log(`the page: ${answer.status}, ${text.length} bytes`);
})' "$url"
kill -INT $demo
wait $demo && say 'the demo ended with 0'
say './moontee test'
./moontee test
say 'both commands passed'
INSIDE

environment=(HOME=/root LANG=C.UTF-8 TERM=dumb "PATH=/opt/node/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
  environment+=(NODE_EXTRA_CA_CERTS=/etc/ssl/extra-certificates.crt)
fi
# Mounts and processes of its own: both are gone with the last command.
exec unshare --mount --pid --fork --kill-child bash -c '
  root=$1
  shift
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/tmp"
  exec chroot "$root" env -i "$@"
' bash "$root" "${environment[@]}" bash /root/commands.sh "$@"
