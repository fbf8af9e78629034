#!/usr/bin/env bash
# Runs the README's two commands in a fresh Debian with the wanted Node, from the last commit.
#
#   scripts/test-on.sh SUITE NODE [NPM] [--only FILE… | -- COMMAND…]
#   scripts/test-on.sh trixie 24          # Debian 13, the newest Node 24, the npm of this machine
#   scripts/test-on.sh bookworm 22 12 -- ./moontee doctor
#   scripts/test-on.sh trixie debian      # the distribution's own Node
#   scripts/test-on.sh sid 24 --only test/gst/peer.test.ts test/gst/shortcuts.test.ts
#
# Needs root and debootstrap. The system that the commands ran in, in $MOONTEE_SYSTEMS, is replaced by
# the next run. With COMMAND that one runs instead of the two. With FILEs these are all of the tests that
# run, and nothing is installed for others.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

. scripts/system.sh
suite=${1:-} node=${2:-} npm=
[ -n "$suite" ] && [ -n "$node" ] || fail "usage: scripts/test-on.sh SUITE NODE [NPM] [--only FILE… | -- COMMAND…]"
shift 2
if [ $# -gt 0 ] && [[ $1 != --* ]]; then npm=$1; shift; fi
only=()
if [ "${1:-}" = --only ]; then shift; only=("$@"); set --; fi
if [ "${1:-}" = -- ]; then shift; fi
[[ $suite =~ ^[a-z]+$ && $node =~ ^[a-z0-9.]+$ && $npm =~ ^[0-9.]*$ ]] || fail "not a suite, a Node and an npm"

root=$systems/$suite-node$node${npm:+-npm$npm}
fresh_system "$suite" "$root"

# A Node of the npm registry: the binary with its headers, and npm beside it.
if [ "$node" != debian ]; then
  add_node "$root" "$node"
  unpack "npm@${npm:-$(npm --version)}" "$root/opt/node/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/opt/node/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/opt/node/bin/npx"
  chmod +x "$root"/opt/node/lib/node_modules/npm/bin/*.js
fi
git clone -q --no-hardlinks . "$root/root/moontee"

printf '%s\n' "${only[@]}" | sed '/^$/d' >"$root/root/only"
cat >"$root/root/commands.sh" <<'INSIDE'
set -euo pipefail
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
if [ -s /root/only ]; then
  mapfile -t files </root/only
  say "npx ava ${files[*]}"
  npx ava "${files[@]}"
  say 'passed'
  exit
fi
say './moontee test'
./moontee test
say 'both commands passed'
INSIDE

inside "$root" bash /root/commands.sh "$@"
