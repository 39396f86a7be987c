#!/usr/bin/env bash
# Builds cargo-deny into the cache, if it is missing, and prints its directory.
source "$(dirname "$0")/lib.sh"

version=0.20.2
prefix=$cache/cargo-deny-$version
if [[ ! -x $prefix/bin/cargo-deny ]]; then
  say "building cargo-deny $version"
  started=$SECONDS
  # Unoptimised: it runs for a second, and optimising costs minutes.
  CARGO_PROFILE_DEV_DEBUG=false CARGO_TARGET_DIR=$prefix/target \
    cargo install --quiet --locked --debug --root "$prefix" --version "$version" cargo-deny >&2
  rm -rf "$prefix/target"
  echo "cargo-deny: $((SECONDS - started)) s" >&2
fi
echo "$prefix/bin"
