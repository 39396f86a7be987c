#!/usr/bin/env bash
# Installs the sets of npm packages the tests run, each at pinned versions, if they are
# missing: tools/npm.sh
source "$(dirname "$0")/lib.sh"

sets=(
  "azurite azurite@3.37.0"
  "azure @azure/identity@4.14.1 @azure/container-registry@1.1.2 @azure/arm-containerregistry@12.0.0"
)

for line in "${sets[@]}"; do
  read -r set packages <<<"$line"
  place=$cache/npm/$set
  [[ $(cat "$place/version" 2>/dev/null) != "$packages" ]] || continue
  say "installing $packages"
  rm -rf "$place"
  mkdir -p "$place"
  read -ra wanted <<<"$packages"
  npm install --prefix "$place" --no-audit --no-fund --silent "${wanted[@]}" </dev/null
  echo "$packages" >"$place/version"
done
