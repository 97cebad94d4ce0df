#!/usr/bin/env bash
# After a change of package-lock.json: installs the dependencies as package.nix does and writes their hashes to node-modules.json.
# Needs npm and nix-hash (on Debian: apt-get install npm nix-bin). The hash does not depend on npm's version (10 and 11 were tried).
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

hash_for() {
  local folder=$work/$1
  mkdir -p "$folder/build"
  cp package.json package-lock.json .npmrc "$folder"
  cp -r build/empty-module "$folder/build"
  (cd "$folder" && npm ci --silent --ignore-scripts --os=linux --cpu="$1" --libc=glibc)
  rm -f "$folder/node_modules/.package-lock.json"
  nix-hash --type sha256 --base32 "$folder/node_modules"
}

lock=$(sha256sum package-lock.json | cut -d' ' -f1)
x64=$(hash_for x64)
arm64=$(hash_for arm64)
cat >nix/node-modules.json <<END
{
  "lock": "$lock",
  "x86_64-linux": "$x64",
  "aarch64-linux": "$arm64"
}
END
cat nix/node-modules.json
