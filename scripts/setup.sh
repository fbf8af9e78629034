#!/usr/bin/env bash
# Installs what is missing and builds what is out of date. Safe to run at any time, quick when
# there is nothing to do. Sources: the Debian archive and the npm registry, nothing else.
# On a terminal it shows how far it is, elsewhere it prints a line for each step.
#
#   scripts/setup.sh [run|test|bench|package]   what it is for (default: run)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

purpose=${1:-run}
stamps=.cache
mkdir -p "$stamps"

say() { printf 'moontee: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

terminal=
if [ -t 2 ] && [ "${TERM:-dumb}" != dumb ]; then terminal=yes; fi
# A line that the next one replaces; without words the line is cleared.
show() { if [ -n "$terminal" ]; then printf '\r\033[K%s' "${*:+moontee:   $*}" >&2; fi; }

# Also for what runs with its output in a log.
exec 8>&2

working=
# What works in the background would outlive a Ctrl-C.
stop_working() {
  if [ -n "$working" ]; then kill -TERM "$working" 2>/dev/null || true; fi
  show
}
trap stop_working EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Runs a command and shows what it is about, how long it takes and where its log is. HOW_FAR, a
# command that prints a few words, is asked meanwhile.
#
#   step WHAT USUAL_TIME LOG HOW_FAR COMMAND…
step() {
  local what=$1 usual=$2 log=$3 how_far=$4 begin=$SECONDS code=0
  shift 4
  say "$what (usually $usual; log: $PWD/$log)"
  # Another set-up may not begin before this one ends, but for what a package starts.
  "$@" >>"$log" 2>&1 9>&- &
  working=$!
  while [ -n "$terminal" ] && kill -0 "$working" 2>/dev/null; do
    show "$((SECONDS - begin)) s  $($how_far 2>/dev/null || true)"
    sleep 1
  done
  wait "$working" || code=$?
  working=
  show
  if [ $code = 0 ]; then say "  done in $((SECONDS - begin)) s"; fi
  return $code
}

# --- Node -------------------------------------------------------------------------------------
# What to do on this distribution, from its own archive and the npm registry alone.
node_remedy() {
  local candidate=
  if command -v apt-cache >/dev/null; then
    candidate=$(apt-cache policy nodejs 2>/dev/null | sed -n 's/^  Candidate: \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
  fi
  if [ -z "$candidate" ]; then
    cat <<'EOF'
Install Node.js 22 and npm with the means of your system. If it has an older Node.js with npm, as root:

    npm install --global node@22     # the official binary, from the npm registry
EOF
  elif fits $candidate; then
    printf 'Install that of this distribution, as root:\n\n    apt-get update && apt-get install --no-install-recommends nodejs npm\n'
  else
    cat <<'EOF'
That of this distribution is older. Its npm can install a newer one beside it, as root:

    apt-get update && apt-get install --no-install-recommends nodejs npm
    npm install --global node@22     # the official binary, from the npm registry
    hash -r; node --version          # v22 or later: /usr/local/bin comes before /usr/bin
EOF
  fi
}
fits() { [ "$1" -gt 20 ] || { [ "$1" = 20 ] && [ "$2" -ge 18 ]; }; }

if ! command -v node >/dev/null; then
  say "Node.js 20.18 or later is needed and was not found in PATH."
  node_remedy >&2
  exit 1
fi
version=$(node -p 'process.versions.node.split(".").slice(0, 2).join(" ")')
# shellcheck disable=SC2086 # Two words.
if ! fits $version; then
  say "Node.js 20.18 or later is needed, this is $(node --version) ($(command -v node))."
  node_remedy >&2
  exit 1
fi
node_prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")

# --- One set-up at a time ---------------------------------------------------------------------
# The lock ends with this process, however it ends.
if command -v flock >/dev/null; then
  exec 9>"$stamps/setup.lock"
  if ! flock -n 9; then
    say "another set-up of this folder is running: waiting for it"
    flock 9
  fi
fi

# --- Debian packages --------------------------------------------------------------------------
packages=(
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good
  gstreamer1.0-plugins-bad gstreamer1.0-libav gstreamer1.0-nice
  gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0 gir1.2-gst-plugins-bad-1.0 gir1.2-nice-0.1
  libgirepository1.0-dev libcairo2-dev pkg-config g++ make python3 ca-certificates
  libssl-dev libzstd-dev dpkg-dev
)
# Not in every release: installed where the archive has them. node-gtk reads typelibs through
# girepository 1, whose own typelib has a package to itself where 2 is the default.
optional=(gir1.2-girepository-2.0)
test_packages=(
  gstreamer1.0-tools chromium firefox-esr fonts-dejavu-core git procps iproute2 coturn gstreamer1.0-plugins-base-apps
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

# Seconds that another program may have apt's lock.
LOCK_PATIENCE=600
# Runs apt; if another program has its lock, waits and tries again.
patiently() {
  local until=$((SECONDS + LOCK_PATIENCE)) told= output
  while :; do
    output=$("$@" 2>&1) && { printf '%s\n' "$output"; return 0; }
    printf '%s\n' "$output"
    grep -qiE 'could not get lock|unable to (acquire|lock)' <<<"$output" || return 1
    [ $SECONDS -lt $until ] || { echo "apt's lock was not free for $LOCK_PATIENCE s."; return 1; }
    if [ -z "$told" ]; then
      told=yes
      { show; say "  another program uses apt, often the automatic updates: waiting for it, ten minutes at most"; } 2>&8
    fi
    sleep 3
  done
}

# How far apt is, by what it reports last.
apt_progress() {
  tail -n 1 "$stamps/apt.status" | awk -F: '
    $1 == "dlstatus" { printf "downloading, %d %%", $3 }
    $1 == "pmstatus" { printf "installing, %d %%", $3 }'
}

# How much there is to be downloaded, and how much room it takes, as apt reckons.
sizes() {
  local plan count download room
  plan=$(LC_ALL=C "${as_root[@]}" apt-get install --assume-no --no-install-recommends "$@" 2>/dev/null || true)
  count=$(sed -n 's/.* \([0-9]*\) newly installed.*/\1/p' <<<"$plan")
  download=$(sed -n 's/^Need to get \([^/]*B\)\(\/.*\)\? of archives.*/\1/p' <<<"$plan")
  room=$(sed -n 's/^After this operation, \(.*B\) of additional.*/\1/p' <<<"$plan")
  if [ -n "$count" ]; then
    say "${count} Debian packages are missing: ${download:-0 B} to download, ${room:-0 B} on the disk"
  fi
}

if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
  mapfile -t missing < <(not_installed "${packages[@]}")
  mapfile -t wished < <(not_installed "${optional[@]}")
  # What the archive does not have is asked for once only.
  asked=$(printf '%s ' "${wished[@]}" "$(sha256sum /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null)")
  [ "$(cat "$stamps/unavailable-$purpose" 2>/dev/null || true)" != "$asked" ] || wished=()
  if [ ${#missing[@]} -gt 0 ] || [ ${#wished[@]} -gt 0 ]; then
    as_root=()
    if [ "$(id -u)" != 0 ]; then
      # Asked for now: later a line about the progress would hide the question.
      command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; } && as_root=(sudo)
    fi
    : >"$stamps/apt.log"
    if [ "$(id -u)" = 0 ] || [ ${#as_root[@]} -gt 0 ]; then
      step "reading the lists of the Debian archive" "10 s" "$stamps/apt.log" true \
        patiently "${as_root[@]}" apt-get update -q ||
        { tail -20 "$stamps/apt.log" >&2; fail "apt-get update failed, see above."; }
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
      sizes "${missing[@]}"
      # Services that come with a package (a TURN server, say) are not to be started by it.
      step "installing Debian packages" "2 to 6 minutes" "$stamps/apt.log" apt_progress \
        patiently "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 LC_ALL=C \
        bash -c 'status=$1; shift; exec "$@" 3>"$status"' bash "$stamps/apt.status" \
        apt-get install -y -q --no-install-recommends -o APT::Status-Fd=3 "${missing[@]}" ||
        { tail -20 "$stamps/apt.log" >&2; fail "apt-get install failed, see above."; }
      rm -f "$stamps/apt.status"
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
if command -v apt-get >/dev/null && ! scripts/build-srtp.sh --is-settled; then
  step "building libsrtp2 upon OpenSSL" "half a minute" "$stamps/srtp.log" true scripts/build-srtp.sh ||
    say "libsrtp2 could not be built upon OpenSSL ($stamps/srtp.log): a viewer will cost a third more."
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

npm_progress() { printf '%d packages' "$(find node_modules -maxdepth 2 -name package.json 2>/dev/null | wc -l)"; }

loads() { node -e 'require("node-gtk").require("Gst", "1.0")' >>"$stamps/npm.log" 2>&1; }

compile_node_gtk() {
  local headers
  headers=$(node_headers "$(node --version)") ||
    fail "Node's headers are not in $node_prefix/include/node, nor are they in the npm registry. Install Node with its headers (the archives of nodejs.org and NodeSource's package have them)."
  # By the builder itself: npm runs install scripts only of packages that are allowed to, and says
  # nothing about those that it leaves out.
  step "compiling node-gtk, the binding to GStreamer" "1 to 2 minutes" "$stamps/npm.log" true \
    node node_modules/@mapbox/node-pre-gyp/bin/node-pre-gyp install --build-from-source \
    --nodedir="$headers" --directory=node_modules/node-gtk ||
    { tail -40 "$stamps/npm.log" >&2; fail "compiling node-gtk failed, see above."; }
  loads || { tail -20 "$stamps/npm.log" >&2; fail "node-gtk was compiled and does not load, see above."; }
}

wanted=$(cat package-lock.json <(node -p 'process.versions.modules + process.arch') | sha256sum | cut -d' ' -f1)
installed=$(cat node_modules/.moontee-stamp 2>/dev/null || true)
# A package brings node-gtk for several releases of Node, which build-deb.sh compiles.
if [ "$purpose" = package ] && [ "$installed" != "$wanted" ]; then wanted="without node-gtk: $wanted"; fi
if [ ! -d node_modules/node-gtk ] || [ "$installed" != "$wanted" ]; then
  : >"$stamps/npm.log"
  step "installing npm packages, about 120 MB to download" "half a minute" "$stamps/npm.log" npm_progress \
    npm ci --ignore-scripts --no-audit --no-fund ||
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
if ! node scripts/build.js --is-built; then
  : >"$stamps/build.log"
  step "building server and page" "15 s" "$stamps/build.log" true node scripts/build.js ||
    { tail -20 "$stamps/build.log" >&2; fail "the build failed, see above."; }
fi
