#!/usr/bin/env bash
# Installs the npm packages the tests run, each at one pinned version, if they are
# missing: tools/npm.sh
source "$(dirname "$0")/lib.sh"

packages=(azurite@3.37.0)

for pinned in "${packages[@]}"; do
  place=$cache/npm/${pinned%@*}
  [[ $(cat "$place/version" 2>/dev/null) != "$pinned" ]] || continue
  say "installing $pinned"
  rm -rf "$place"
  mkdir -p "$place"
  npm install --prefix "$place" --no-audit --no-fund --silent "$pinned" </dev/null
  echo "$pinned" >"$place/version"
done
