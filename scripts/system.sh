# For scripts that try things in a fresh Debian: sourced, not run. Needs root and debootstrap.
#
# Systems lie in $MOONTEE_SYSTEMS (default /var/tmp/moontee-systems): the bare one of each release
# is kept.
systems=${MOONTEE_SYSTEMS:-/var/tmp/moontee-systems}
program=$(basename "$0" .sh)

fail() { printf '%s: %s\n' "$program" "$*" >&2; exit 1; }

# Prints the folder of a release's bare system, which is made on the first call.
bare_system() {
  local suite=$1 base=$systems/$1
  [ "$(id -u)" = 0 ] || fail "root is needed."
  command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"
  [[ $suite =~ ^[a-z]+$ ]] || fail "$suite is not a release of Debian."
  mkdir -p "$systems"
  if [ ! -f "$base.complete" ]; then
    rm -rf "$base"
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$base" >"$base.log" 2>&1 ||
      { tail -5 "$base.log" >&2; fail "debootstrap failed."; }
    touch "$base.complete"
  fi
  echo "$base"
}

# Replaces a folder by a fresh copy of a release's bare system, with the network as this machine has
# it: names, certificates, a registry of its own.
fresh_system() {
  local base root=$2
  base=$(bare_system "$1")
  rm -rf "$root"
  cp -a --reflink=auto "$base" "$root"
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  cp -L /etc/hosts "$root/etc/hosts"
  # A mirror may be weeks behind, in which an unstable release expires.
  echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/old-mirror"
  if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
    cp -L "$NODE_EXTRA_CA_CERTS" "$root/etc/ssl/extra-certificates.crt"
  fi
}

# Packs a package of the npm registry and unpacks it into a folder.
unpack() {
  local work
  work=$(mktemp -d)
  (cd "$work" && npm pack --silent "$1" >/dev/null) || fail "$1 is not in the npm registry."
  mkdir -p "$2"
  tar xzf "$work"/*.tgz -C "$2" --strip-components=1
  rm -rf "$work"
}

# A Node of the npm registry, with its headers, in /opt/node of a system.
add_node() {
  unpack "node-linux-$(node -p process.arch)@$2" "$1/opt/node"
}

# Runs a command in a system, with mounts and processes of its own: both are gone with its end.
inside() {
  local root=$1
  shift
  local environment=(HOME=/root LANG=C.UTF-8 TERM=dumb
    "PATH=/opt/node/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
  if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
    environment+=(NODE_EXTRA_CA_CERTS=/etc/ssl/extra-certificates.crt)
  fi
  unshare --mount --pid --fork --kill-child bash -c '
    root=$1
    shift
    mount --bind "$root" "$root"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"
    mount -t proc proc "$root/proc"
    mount -t sysfs sysfs "$root/sys"
    exec chroot "$root" env -i "$@"
  ' bash "$root" "${environment[@]}" "$@"
}
