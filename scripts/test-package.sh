#!/usr/bin/env bash
# Tries a Debian package in a fresh Debian that is booted: installs it, uses its service, upgrades to
# another version, removes and purges it.
#
#   scripts/test-package.sh SUITE NODE DEB [NEW_DEB]
#   scripts/test-package.sh trixie debian packages/moontee_0.1.0_amd64.deb
#
# Without NEW_DEB it is upgraded to the same with a higher number.
# NODE is a release line of the npm registry's `node`, or `debian`. Needs root, debootstrap and
# systemd-nspawn. The network is there while dependencies are installed, and not afterwards.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/system.sh

[ $# = 3 ] || [ $# = 4 ] || fail "usage: scripts/test-package.sh SUITE NODE DEB [NEW_DEB]"
suite=$1 node=$2
command -v systemd-nspawn >/dev/null || fail "systemd-nspawn is missing: apt-get install systemd-container"
root=$systems/$suite-package
fresh_system "$suite" "$root"
mkdir "$root/packages"
cp "$3" "$root/packages/old.deb"
if [ $# = 4 ]; then
  cp "$4" "$root/packages/new.deb"
else
  again=$(mktemp -d)
  dpkg-deb -R "$3" "$again/content"
  sed -i 's/^Version: .*/&+next/' "$again/content/DEBIAN/control"
  dpkg-deb --root-owner-group -Zgzip -z1 -b "$again/content" "$root/packages/new.deb" >/dev/null
  rm -rf "$again"
fi
if [ "$node" != debian ]; then
  add_node "$root" "$node"
fi

cat >"$root/root/prepare.sh" <<'INSIDE'
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
packages=(systemd dbus curl)
[ -d /opt/node ] || packages+=(nodejs)
apt-get install -y -qq --no-install-recommends "${packages[@]}" >/root/apt.log 2>&1
started=$(date +%s)
# Without a Node that fits it is installed all the same, and says what is missing.
[ ! -d /opt/node ] || mv /opt/node /opt/kept
apt-get install -y --no-install-recommends /packages/old.deb 2>&1 | tee -a /root/apt.log | grep '^moontee: ' || true
[ ! -d /opt/kept ] || mv /opt/kept /opt/node
echo "installed with its dependencies: $(($(date +%s) - started)) s, $(dpkg-query -f '.\n' -W | wc -l) packages, $(du -xsm / 2>/dev/null | cut -f1) MB in all"
systemd-analyze verify /lib/systemd/system/moontee.service && echo 'systemd-analyze verify: nothing'
systemd-analyze security --offline=true /lib/systemd/system/moontee.service | tail -1
apt-get purge -y -qq moontee >>/root/apt.log 2>&1
INSIDE

cat >"$root/root/scenario.sh" <<'INSIDE'
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
say() { printf '=== %s: %s\n' "$(date +%T)" "$*"; }
trap 'say "FAILED in line $LINENO"; journalctl --no-pager -q -o cat -u moontee | tail -5' ERR
until_true() {
  local what=$1
  shift
  for _ in $(seq 300); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.2
  done
  say "FAILED: $what"
  journalctl --no-pager -u moontee | tail -20
  exit 1
}
page() { curl -fsS http://127.0.0.1:8080/; }
api() { curl --fail-with-body -sS -H 'Content-Type: application/json' "http://127.0.0.1:8080/api$1" "${@:2}"; }
main_pid() { systemctl show -P MainPID moontee; }

apt-get install -y /packages/old.deb >/root/install.log 2>&1
until_true 'the page of the service' page
say "installed: $(dpkg-query -W -f '${Version}' moontee), $(systemctl is-enabled moontee), $(systemctl is-active moontee), page of $(page | wc -c) bytes"
ps -o user=,nlwp=,args= -p "$(main_pid)" | cut -c1-120
grep -E '^Max (open files|nice)' "/proc/$(main_pid)/limits"
grep -E '^(NoNewPrivs|Seccomp|CapBnd):' "/proc/$(main_pid)/status" | tr '\n' ' '; echo

# What nobody but the service may write stays so for an administrator's commands.
moontee demo-host --http-port 47989 --pin 1234 >/root/demo-host.log 2>&1 &
host=$!
until_true 'the demo host' grep -q ready /root/demo-host.log
moontee pair 127.0.0.1:47989 --pin 1234
app=$(moontee apps 0 | awk '$2 == "Desktop" { print $1 }')
api /streamers -d '{"streamer_id":"desk","client_unique_id":"desk","host_id":0,"app_id":'"$app"',
  "bitrate":8000,"packet_size":1024,"fps":60,"width":1280,"height":720,"video_sample_queue_size":10,
  "audio_sample_queue_size":10,"play_audio_local":false,"video_supported_formats":1,
  "video_colorspace":"Rec709","video_color_range_full":false}' | head -c 300; echo
picture() { api /streamers/desk/snapshot.png -o /root/picture.png && [ -s /root/picture.png ]; }
until_true 'a picture of the stream' picture
say "a picture of the stream: $(stat -c %s /root/picture.png) bytes"
ps -o user=,ni=,args= --ppid "$(main_pid)" | cut -c1-120
stat -c '%U:%G %a %n' /etc/moontee/config.json /var/lib/moontee /var/lib/moontee/* /var/cache/moontee/*
journalctl --no-pager -q -o cat -u moontee | grep -m1 'webrtcbin rehearsed' | cut -c1-300
journalctl --no-pager -q -o cat -u moontee | grep -E '"level":[456]0' | cut -c1-300 || true

before=$(main_pid)
apt-get install -y /packages/new.deb >/root/upgrade.log 2>&1
until_true 'the page after the upgrade' page
[ "$(main_pid)" != "$before" ] || { say 'FAILED: the service was not restarted'; exit 1; }
say "upgraded: $(dpkg-query -W -f '${Version}' moontee), restarted, hosts: $(moontee hosts | wc -l)"
[ "$(moontee hosts | wc -l)" -gt 0 ] || { say 'FAILED: the host is forgotten'; exit 1; }
kill $host
wait $host || true

apt-get remove -y moontee >/root/remove.log 2>&1
say "removed: $(systemctl is-active moontee || true), data: $(ls /var/lib/moontee | tr '\n' ' ')"
[ -s /var/lib/moontee/data.json ] || { say 'FAILED: data is gone'; exit 1; }
apt-get purge -y moontee >/root/purge.log 2>&1
left=$(find / -xdev \( -path /proc -o -path /sys -o -path /packages \) -prune -o -iname '*moontee*' -print)
left+=$(getent passwd moontee || true)$(getent group moontee || true)
left+=$(ps -eo user=,args= | grep -E 'lib/[m]oontee' || true)
[ -z "$left" ] || { say "FAILED: this stays: $left"; exit 1; }
say 'purged: nothing stays'
INSIDE

cat >"$root/etc/systemd/system/scenario.service" <<'INSIDE'
[Unit]
After=multi-user.target
[Service]
Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
ExecStart=/bin/bash -c 'bash /root/scenario.sh; echo $? >/root/outcome; systemctl poweroff'
StandardOutput=file:/root/scenario.log
StandardError=inherit
INSIDE
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -s ../scenario.service "$root/etc/systemd/system/multi-user.target.wants/scenario.service"

inside "$root" bash /root/prepare.sh || { tail -20 "$root/root/apt.log" >&2; fail "preparing failed."; }
timeout 900 systemd-nspawn --quiet --register=no --keep-unit --private-network --resolv-conf=off \
  --directory="$root" --boot >"$root.boot.log" 2>&1 </dev/null || true
cat "$root/root/scenario.log"
[ "$(cat "$root/root/outcome" 2>/dev/null || echo 1)" = 0 ] || fail "failed on $suite with Node $node."
