#!/usr/bin/env bash
# Builds the image of the server from this tree (deploy/Containerfile), with buildah, podman or docker.
#
#   scripts/build-image.sh [--name moontee] [--version V] [--node 24] [--archive FILE] [--bare]
#
# --archive writes the image as an OCI archive too, and says how large it is. --bare makes the base
# from the Debian archive (debootstrap, root), where no registry of images can be reached. In a
# container BUILDAH_ISOLATION=chroot and STORAGE_DRIVER=vfs may be needed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/system.sh

name=moontee version= node=24 archive= bare=
while [ $# -gt 0 ]; do
  case $1 in
    --bare) bare=yes; shift; continue ;;
    --name) name=${2:?} ;;
    --version) version=${2:?} ;;
    --node) node=${2:?} ;;
    --archive) archive=${2:?} ;;
    *) fail "usage: scripts/build-image.sh [--name N] [--version V] [--node 24] [--archive FILE] [--bare]" ;;
  esac
  shift 2
done
for engine in buildah podman docker ''; do
  [ -z "$engine" ] || ! command -v "$engine" >/dev/null || break
done
[ -n "$engine" ] || fail "buildah, podman or docker is needed: apt-get install buildah"

arguments=(--file deploy/Containerfile --build-arg "NODE=$node" --build-arg "VERSION=$version")
# What a HEALTHCHECK is, OCI's own format does not know.
[ "$engine" = docker ] || arguments+=(--format docker --layers)
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ] && [ "$engine" != docker ]; then
  arguments+=(--volume "$(readlink -f "$NODE_EXTRA_CA_CERTS"):/run/extra-certificates.crt:ro"
    --build-arg NODE_EXTRA_CA_CERTS=/run/extra-certificates.crt)
fi
if [ -n "$bare" ]; then
  [ "$engine" = buildah ] || fail "--bare needs buildah."
  base=$(bare_system trixie)
  container=$(buildah from scratch)
  mounted=$(buildah mount "$container")
  cp -a "$base/." "$mounted/"
  rm -rf "$mounted"/var/cache/apt/* "$mounted"/var/lib/apt/lists/* "$mounted"/var/log/*
  buildah umount "$container" >/dev/null
  buildah commit --quiet --rm "$container" moontee-base >/dev/null
  arguments+=(--build-arg BASE=localhost/moontee-base)
fi
"$engine" build "${arguments[@]}" --tag "$name" .
if [ -n "$archive" ]; then
  rm -f "$archive"
  case $engine in
    buildah) buildah push --quiet "$name" "oci-archive:$archive" ;;
    *) "$engine" save --output "$archive" "$name" ;;
  esac
  ls -l "$archive"
fi
