#!/usr/bin/env bash
# Installs what is missing and builds what is out of date. Safe to run at any time, quick when
# there is nothing to do. Sources: the Debian archive and the npm registry, nothing else.
#
#   scripts/setup.sh [run|test|bench]   what it is for (default: run)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

purpose=${1:-run}
stamps=.cache
mkdir -p "$stamps"

say() { printf 'moontee: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# --- Node -------------------------------------------------------------------------------------
command -v node >/dev/null || fail "Node.js 20.18 or later is needed and was not found in PATH."
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 18) ? 0 : 1)' ||
  fail "Node.js 20.18 or later is needed, this is $(node --version)."

# --- Debian packages --------------------------------------------------------------------------
run_packages=(
  gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
  gstreamer1.0-plugins-bad gstreamer1.0-libav gstreamer1.0-nice
  gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0 gir1.2-gst-plugins-bad-1.0 gir1.2-nice-0.1
  libgirepository1.0-dev libcairo2-dev pkg-config g++ make python3
  libssl-dev dpkg-dev
)
test_packages=(chromium fonts-dejavu-core git procps iproute2 coturn)
bench_packages=(janus)
packages=("${run_packages[@]}")
case $purpose in
  run) ;;
  test) packages+=("${test_packages[@]}") ;;
  bench) packages+=("${test_packages[@]}" "${bench_packages[@]}") ;;
  *) fail "usage: scripts/setup.sh [run|test|bench]" ;;
esac

if command -v dpkg-query >/dev/null; then
  missing=()
  for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] ||
      missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    as_root=()
    if [ "$(id -u)" != 0 ]; then
      command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; } && as_root=(sudo) || {
        say "these Debian packages are missing and may not be installed from here. Run as root:"
        printf '\n    apt-get update && apt-get install -y --no-install-recommends %s\n\n' "${missing[*]}" >&2
        exit 1
      }
    fi
    say "installing Debian packages: ${missing[*]}"
    "${as_root[@]}" apt-get update -qq >&2 || fail "apt-get update failed."
    # Services that come with a package (a TURN server, say) are not to be started by it.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
      apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$stamps/apt.log" 2>&1 ||
      { tail -20 "$stamps/apt.log" >&2; fail "apt-get install failed, see above."; }
  fi
else
  say "this is not Debian: make sure that the equivalents of these packages are there: ${packages[*]}"
fi

# --- libsrtp2 upon OpenSSL ----------------------------------------------------------------------
if command -v apt-get >/dev/null; then
  scripts/build-srtp.sh ||
    say "libsrtp2 could not be built upon OpenSSL (.cache/srtp.log): a viewer will cost a third more."
fi

# --- npm packages -----------------------------------------------------------------------------
wanted=$(cat package-lock.json <(node --version) | sha256sum | cut -d' ' -f1)
if [ ! -d node_modules/node-gtk ] || [ "$(cat node_modules/.moontee-stamp 2>/dev/null || true)" != "$wanted" ]; then
  # node-gtk is compiled here. Its build wants Node's own headers; they lie beside the node
  # binary in every packaging of Node 20 but must be pointed at, or they would be downloaded.
  prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
  if [ -f "$prefix/include/node/node.h" ]; then
    export npm_config_nodedir=$prefix
  elif [ -z "$(npm config get nodedir 2>/dev/null | grep -v '^\(undefined\|null\)$')" ]; then
    fail "Node's headers are not in $prefix/include/node. Install Node with its headers (the archives of nodejs.org and NodeSource's package have them)."
  fi
  say "installing npm packages (node-gtk is compiled, about a minute)"
  { npm ci --ignore-scripts --no-audit --no-fund &&
    npm_config_build_from_source=true npm rebuild node-gtk --foreground-scripts; } >"$stamps/npm.log" 2>&1 ||
    { tail -40 "$stamps/npm.log" >&2; fail "installing npm packages failed, see above."; }
  printf '%s' "$wanted" >node_modules/.moontee-stamp
fi

# --- Types of the installed GStreamer ----------------------------------------------------------
# They follow the typelibs of this machine and node-gtk's naming.
typelibs=$({ gst-inspect-1.0 --version; printf '%s' "$wanted"; cat scripts/generate-gi-types.js; } | sha256sum | cut -d' ' -f1)
if [ ! -f src/gst/generated/Gst-1.0.d.ts ] || [ "$(cat "$stamps/typelibs" 2>/dev/null || true)" != "$typelibs" ]; then
  node scripts/generate-gi-types.js >"$stamps/types.log" 2>&1 ||
    { tail -20 "$stamps/types.log" >&2; fail "generating types failed, see above."; }
  printf '%s' "$typelibs" >"$stamps/typelibs"
fi

# --- Compiled server and page -----------------------------------------------------------------
node scripts/build.js >&2
