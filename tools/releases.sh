#!/usr/bin/env bash
# Builds the earlier releases of tools/releases.txt from this repository's history, if they are
# missing: tools/releases.sh
source "$(dirname "$0")/lib.sh"

work=$cache/releases
while read -r name commit; do
  out=$cache/bin/gantry-$name-$commit
  [[ ! -x $out ]] || continue
  say "building the release $name ($commit)"
  git -C "$root" cat-file -e "$commit^{commit}" 2>/dev/null ||
    die "commit $commit is missing: fetch the whole history (git fetch --unshallow)"
  rm -rf "$work/source"
  mkdir -p "$work/source" "$cache/bin"
  git -C "$root" archive "$commit" | tar -x -C "$work/source"
  # One directory for all: most of what they are built from is the same.
  (cd "$work/source" && CARGO_TARGET_DIR=$work/target cargo build --locked --quiet --package gantry-server)
  # A rename, so that a copy cut short never looks finished.
  cp "$work/target/debug/gantry" "$out.$$"
  mv "$out.$$" "$out"
done < <(grep -v '^#' "$root/tools/releases.txt")
rm -rf "$work"
