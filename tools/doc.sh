#!/usr/bin/env bash
# Builds the Rust documentation of our own crates; a warning is an error.
source "$(dirname "$0")/lib.sh"
cd "$root"
RUSTDOCFLAGS='-D warnings' exec cargo doc --workspace --no-deps --document-private-items --quiet
