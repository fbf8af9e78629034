#!/usr/bin/env bash
# Builds a Debian package of the server from this tree: compiled code, production packages,
# node-gtk for several lines of Node.js, and libsrtp2 upon OpenSSL.
#
#   scripts/build-deb.sh [--version V] [--nodes '20 22 24'] [--out DIR]
#
# It is for this release of Debian and later ones: built on Debian 12 it runs on 13. Without
# --version it is that of package.json, marked as made before it where the commit has no tag.
# Sources: the Debian archive and the npm registry. What takes long is kept in .cache/package.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD

say() { printf 'build-deb: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

version=$(node -p 'require("./package.json").version')
nodes='20 22 24'
out=$root/packages
if commit=$(git rev-parse --short HEAD 2>/dev/null); then
  export SOURCE_DATE_EPOCH
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
  [ -n "$(git tag --points-at HEAD --list "v$version")" ] ||
    version+="~$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S).$commit"
fi
while [ $# -gt 0 ]; do
  case $1 in
    --version) version=${2:?} ;;
    --nodes) nodes=${2:?} ;;
    --out) out=$(mkdir -p "${2:?}" && cd "$2" && pwd) ;;
    *) fail "usage: scripts/build-deb.sh [--version V] [--nodes '20 22 24'] [--out DIR]" ;;
  esac
  shift 2
done
[[ $version =~ ^[0-9][0-9A-Za-z.+~]*$ ]] || fail "$version is not a version of a package."
[[ $nodes =~ ^[0-9]+(\ [0-9]+)*$ ]] || fail "$nodes are not release lines of Node.js."

scripts/setup.sh package

cache=$root/.cache/package
work=$cache/moontee
payload=$work/lib/moontee
log=$cache/log
rm -rf "$work"
mkdir -p "$payload/lib" "$work/launcher" "$work/etc/moontee" "$out"
: >"$log"
step() { "$@" >>"$log" 2>&1 || { tail -30 "$log" >&2; fail "$1 failed, see above."; }; }

# --- Code -------------------------------------------------------------------------------------
cp -r dist pipelines "$payload/"
cp package.json package-lock.json "$payload/"
[ ! -f .cache/srtp/libsrtp2.so.1 ] || cp .cache/srtp/libsrtp2.so.1 "$payload/lib/"

# --- npm packages -----------------------------------------------------------------------------
say "production packages"
(cd "$payload" && step npm ci --omit=dev --ignore-scripts --no-audit --no-fund)

# Unpacks a Node of the npm registry, with its headers.
unpack_node() {
  local packed
  [ ! -x "$2/bin/node" ] || return 0
  packed=$(mktemp -d)
  (cd "$packed" && step npm pack --silent "node-linux-$(node -p process.arch)@$1")
  rm -rf "$2" && mkdir -p "$2"
  tar xzf "$packed"/*.tgz -C "$2" --strip-components=1
  rm -rf "$packed"
}
gtk=$payload/node_modules/node-gtk
for line in $nodes; do
  prefix=$cache/node-$line
  unpack_node "$line" "$prefix"
  binding=node-v$("$prefix/bin/node" -p process.versions.modules)-linux-$(node -p process.arch)
  kept=$cache/$(node -p 'require("./node_modules/node-gtk/package.json").version')-$(. /etc/os-release && echo "$ID$VERSION_ID")-$binding
  if [ ! -f "$kept/node_gtk.node" ]; then
    say "node-gtk for $("$prefix/bin/node" --version), about a minute"
    step env JOBS=max PATH="$prefix/bin:$PATH" "$prefix/bin/node" \
      "$payload/node_modules/@mapbox/node-pre-gyp/bin/node-pre-gyp" install --build-from-source \
      --nodedir="$prefix" --directory="$gtk"
    rm -rf "$kept" && cp -r "$gtk/lib/binding/$binding" "$kept"
  fi
  mkdir -p "$gtk/lib/binding"
  rm -rf "$gtk/lib/binding/$binding" && cp -r "$kept" "$gtk/lib/binding/$binding"
done
rm -rf "$gtk/build" "$gtk/src"

# What compiled node-gtk is not needed to run it.
(
  cd "$payload"
  node -e '
    const { readFileSync, writeFileSync } = require("node:fs");
    const edit = (file, change) => {
      const content = JSON.parse(readFileSync(file, "utf8"));
      change(content);
      writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
    };
    edit("node_modules/node-gtk/package.json", ({ dependencies }) => {
      for (const name of ["@mapbox/node-pre-gyp", "node-gyp", "nan"]) delete dependencies[name];
    });
    edit("package.json", (content) => {
      delete content.devDependencies;
      delete content.scripts;
    });
  '
  rm -f package-lock.json node_modules/.package-lock.json
  step npm prune --omit=dev --ignore-scripts --no-audit --no-fund --no-package-lock --offline
  rm -f node_modules/.package-lock.json
)
# Neither types, nor other languages' sources, nor what only tests of others need.
find "$payload/node_modules" -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' \
  -o -name '*.tsbuildinfo' -o -name '.*' \) -delete
find "$payload/node_modules" -regextype posix-extended -type d \
  -regex '.*/node_modules/((@[^/]+/)?[^/]+/(tests?|docs|examples?|bench|benchmarks?|\.github)|\.bin)' \
  -prune -exec rm -rf {} +
find "$payload/node_modules" -type f -iname '*.md' ! -iname '*licen*' -delete
find "$payload" -type d -empty -delete

# --- Does it load? ----------------------------------------------------------------------------
for line in $nodes; do
  step "$cache/node-$line/bin/node" "$payload/dist/src/cli.js" pipeline list
  (cd "$payload" && step "$cache/node-$line/bin/node" -e 'require("node-gtk").require("Gst", "1.0")')
done

# --- Package ----------------------------------------------------------------------------------
say "moontee $version"
cp -r deploy/debian "$work/debian"
mv "$work/debian/moontee" "$work/launcher/moontee"
mv "$work/debian/config.json" "$work/etc/moontee/config.json"
mkdir -p "$work/docs"
cp README.md CHANGELOG.md SECURITY.md "$work/"
cp -r docs "$work/"
maintainer=$(sed -n 's/^Maintainer: //p' deploy/debian/control)
printf 'moontee (%s) unstable; urgency=medium\n\n  * Changes are in CHANGELOG.md.\n\n -- %s  %s\n' \
  "$version" "$maintainer" "$(date -uR ${SOURCE_DATE_EPOCH:+-d "@$SOURCE_DATE_EPOCH"})" >"$work/debian/changelog"
node scripts/package-licences.js "$payload/node_modules" >>"$work/debian/copyright"
(cd "$work" && step dpkg-buildpackage -b --no-sign)
mv "$cache"/moontee_*.deb "$out/"
rm -f "$cache"/moontee_*.{buildinfo,changes}
ls -l "$out/moontee_${version}_$(dpkg --print-architecture).deb" >&2
