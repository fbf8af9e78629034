#!/usr/bin/env bash
# Installs what is missing and builds what is out of date. Safe to run at any time, quick when
# there is nothing to do. Sources: the Debian archive and the npm registry, nothing else.
#
#   scripts/setup.sh [run|test|bench|package]   what it is for (default: run)
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
node_prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")

# --- Debian packages --------------------------------------------------------------------------
packages=(
  gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
  gstreamer1.0-plugins-bad gstreamer1.0-libav gstreamer1.0-nice
  gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0 gir1.2-gst-plugins-bad-1.0 gir1.2-nice-0.1
  libgirepository1.0-dev libcairo2-dev pkg-config g++ make python3 ca-certificates
  libssl-dev libzstd-dev dpkg-dev
)
# Not in every release: installed where the archive has them. node-gtk reads typelibs through
# girepository 1, whose own typelib has a package to itself where 2 is the default.
optional=(gir1.2-girepository-2.0)
test_packages=(
  chromium firefox-esr fonts-dejavu-core git procps iproute2 coturn gstreamer1.0-plugins-base-apps
)
case $purpose in
  run) ;;
  test) packages+=("${test_packages[@]}") ;;
  bench) packages+=("${test_packages[@]}"); optional+=(janus) ;;
  package) packages+=(debhelper) ;;
  *) fail "usage: scripts/setup.sh [run|test|bench|package]" ;;
esac

# A distribution's own Node comes in parts.
if command -v dpkg-query >/dev/null && dpkg-query -S "$(readlink -f "$(command -v node)")" >/dev/null 2>&1; then
  [ -f "$node_prefix/include/node/node.h" ] || optional+=(libnode-dev)
  command -v npm >/dev/null || packages+=(npm)
fi

not_installed() {
  local package
  for package; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || echo "$package"
  done
}
available() { [ -n "$(apt-cache show --no-all-versions "$1" 2>/dev/null)" ]; }

if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
  mapfile -t missing < <(not_installed "${packages[@]}")
  mapfile -t wished < <(not_installed "${optional[@]}")
  # What the archive does not have is asked for once only.
  asked=$(printf '%s ' "${wished[@]}" "$(sha256sum /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null)")
  [ "$(cat "$stamps/unavailable-$purpose" 2>/dev/null || true)" != "$asked" ] || wished=()
  if [ ${#missing[@]} -gt 0 ] || [ ${#wished[@]} -gt 0 ]; then
    as_root=()
    if [ "$(id -u)" != 0 ]; then
      command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; } && as_root=(sudo)
    fi
    if [ "$(id -u)" = 0 ] || [ ${#as_root[@]} -gt 0 ]; then
      "${as_root[@]}" apt-get update -qq >&2 || fail "apt-get update failed."
    fi
    for package in "${wished[@]}"; do
      if available "$package"; then missing+=("$package"); fi
    done
    if [ ${#missing[@]} -gt 0 ]; then
      if [ "$(id -u)" != 0 ] && [ ${#as_root[@]} = 0 ]; then
        say "these Debian packages are missing and may not be installed from here. Run as root:"
        printf '\n    apt-get update && apt-get install -y --no-install-recommends %s\n\n' "${missing[*]}" >&2
        exit 1
      fi
      say "installing Debian packages: ${missing[*]}"
      # Services that come with a package (a TURN server, say) are not to be started by it.
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$stamps/apt.log" 2>&1 ||
        { tail -20 "$stamps/apt.log" >&2; fail "apt-get install failed, see above."; }
    fi
    mapfile -t wished < <(not_installed "${optional[@]}")
    printf '%s ' "${wished[@]}" "$(sha256sum /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null)" \
      >"$stamps/unavailable-$purpose"
  fi
else
  say "this is not Debian: make sure that the equivalents of these packages are there: ${packages[*]}"
fi
command -v npm >/dev/null || fail "npm was not found in PATH. The archives of Node.js have it beside node."

# --- libsrtp2 upon OpenSSL ----------------------------------------------------------------------
if command -v apt-get >/dev/null; then
  scripts/build-srtp.sh ||
    say "libsrtp2 could not be built upon OpenSSL (.cache/srtp.log): a viewer will cost a third more."
fi

# --- npm packages -----------------------------------------------------------------------------
# Prints the folder whose include/node has this Node's headers, which node-gtk's build wants. They
# lie beside the node binary in most packagings; the npm registry has them for the others.
node_headers() {
  local configured version=${1#v} arch packed=$PWD/$stamps/node-headers
  configured=$(npm config get nodedir 2>/dev/null || true)
  for prefix in "$node_prefix" "$configured" "$packed"; do
    [ -f "$prefix/include/node/node_version.h" ] || continue
    # Headers of another major release have another ABI.
    grep -qs "^#define NODE_MAJOR_VERSION ${version%%.*}\$" "$prefix/include/node/node_version.h" || continue
    echo "$prefix"
    return
  done
  arch=$(node -p process.arch)
  rm -rf "$packed" && mkdir -p "$packed"
  for wanted in "$version" "${version%%.*}"; do
    (cd "$packed" && npm pack --silent "node-linux-$arch@$wanted" && tar xzf ./*.tgz --strip-components=1 package/include) \
      >>"$stamps/npm.log" 2>&1 || continue
    rm -f "$packed"/*.tgz
    echo "$packed"
    return
  done
  return 1
}

loads() { node -e 'require("node-gtk").require("Gst", "1.0")' >>"$stamps/npm.log" 2>&1; }

compile_node_gtk() {
  local headers
  headers=$(node_headers "$(node --version)") ||
    fail "Node's headers are not in $node_prefix/include/node, nor are they in the npm registry. Install Node with its headers (the archives of nodejs.org and NodeSource's package have them)."
  # By the builder itself: npm runs install scripts only of packages that are allowed to, and says
  # nothing about those that it leaves out.
  node node_modules/@mapbox/node-pre-gyp/bin/node-pre-gyp install --build-from-source \
    --nodedir="$headers" --directory=node_modules/node-gtk >>"$stamps/npm.log" 2>&1 ||
    { tail -40 "$stamps/npm.log" >&2; fail "compiling node-gtk failed, see above."; }
  loads || { tail -20 "$stamps/npm.log" >&2; fail "node-gtk was compiled and does not load, see above."; }
}

wanted=$(cat package-lock.json <(node -p 'process.versions.modules + process.arch') | sha256sum | cut -d' ' -f1)
installed=$(cat node_modules/.moontee-stamp 2>/dev/null || true)
# A package brings node-gtk for several releases of Node, which build-deb.sh compiles.
if [ "$purpose" = package ] && [ "$installed" != "$wanted" ]; then wanted="without node-gtk: $wanted"; fi
if [ ! -d node_modules/node-gtk ] || [ "$installed" != "$wanted" ]; then
  if [ "$purpose" = package ]; then say "installing npm packages"; else
    say "installing npm packages (node-gtk is compiled, about a minute)"
  fi
  : >"$stamps/npm.log"
  npm ci --ignore-scripts --no-audit --no-fund >>"$stamps/npm.log" 2>&1 ||
    { tail -40 "$stamps/npm.log" >&2; fail "installing npm packages failed, see above."; }
  [ "$purpose" = package ] || compile_node_gtk
  printf '%s' "$wanted" >node_modules/.moontee-stamp
fi

# --- Types of the installed GStreamer ----------------------------------------------------------
# For editors and `npm run check` alone: what runs is compiled without them. They follow the
# typelibs of this machine and node-gtk's naming.
if [ "$purpose" = test ] || [ "$purpose" = bench ]; then
  typelibs=$({ gst-inspect-1.0 --version; printf '%s' "$wanted"; cat scripts/generate-gi-types.js; } | sha256sum | cut -d' ' -f1)
  if [ ! -f src/gst/generated/Gst-1.0.d.ts ] || [ "$(cat "$stamps/typelibs" 2>/dev/null || true)" != "$typelibs" ]; then
    if node scripts/generate-gi-types.js >"$stamps/types.log" 2>&1; then
      printf '%s' "$typelibs" >"$stamps/typelibs"
    else
      tail -5 "$stamps/types.log" >&2
      say "types of GStreamer could not be generated ($stamps/types.log): only npm run check needs them."
    fi
  fi
fi

# --- Compiled server and page -----------------------------------------------------------------
node scripts/build.js >&2
