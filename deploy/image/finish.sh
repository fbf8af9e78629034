#!/bin/sh
# The second stage of deploy/Containerfile: installs what the first has built, prepares what a start
# would, and takes away what nothing needs that runs.
set -eu
export DEBIAN_FRONTEND=noninteractive

cat >/etc/dpkg/dpkg.cfg.d/image <<'TEXT'
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-include=/usr/share/doc/moontee/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/lintian/*
TEXT
apt-get update -qq
apt-get install -y -qq --no-install-recommends ca-certificates /built/moontee_*.deb >/tmp/apt.log 2>&1 ||
  { tail -20 /tmp/apt.log; exit 1; }

install -D -m 0755 /built/node /usr/local/bin/node
install -D -m 0644 /built/LICENSE /usr/local/share/doc/node/LICENSE
install -D -m 0644 /built/health.mjs /usr/lib/moontee/image/health.mjs
install -D -m 0644 /built/config.json /etc/moontee/config.json

# The distribution's plugins bring what draws, speaks and reads pictures by networks: a third of the image,
# and nothing of it is on the way of a stream. Plugins that cannot be loaded without go as well.
installed() { dpkg-query -W -f '${Package}\n' "$@" 2>/dev/null || true; }
# shellcheck disable=SC2046
dpkg --purge --force-depends $(installed 'libllvm*' 'mesa-libgallium' 'libgl1-mesa-dri' 'libz3-*' \
  'libdnnl*' 'libonnxruntime*' 'adwaita-icon-theme' 'timgm6mb-soundfont' 'libflite1') >/dev/null 2>&1
for plugin in /usr/lib/*/gstreamer-1.0/*.so; do
  ! ldd "$plugin" | grep -q 'not found' || rm "$plugin"
done

# What is there of plugins: no start has to look for them.
cd /usr/lib/moontee
GST_REGISTRY=/usr/lib/moontee/gstreamer-registry.bin \
  node -e 'require("node-gtk").require("Gst", "1.0").init([])'
test -s gstreamer-registry.bin

# A user that the image does not know is in the group of root.
chown -R 10001:0 /var/lib/moontee
chmod -R g=u /var/lib/moontee
deluser --quiet --system moontee
echo 'moontee:x:10001:0:Moontee:/var/lib/moontee:/usr/sbin/nologin' >>/etc/passwd

# Nobody becomes somebody else.
find / -xdev -type f -perm /6000 -exec chmod a-s {} +

# Nobody installs anything here; the list of what is installed stays, for those who look for holes.
dpkg --purge --force-depends --force-remove-essential adduser apt >/dev/null 2>&1
rm -rf /tmp/* /var/lib/apt /var/cache/* /var/log/* /root/.npm /etc/dpkg/dpkg.cfg.d/image \
  /usr/share/locale /usr/share/man
