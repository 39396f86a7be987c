#!/usr/bin/env bash
# The fast inner loop: format, lints, unit tests. Needs no tool beyond a build's.
source "$(dirname "$0")/lib.sh"
"$root/tools/install.sh" build
cd "$root"
cargo fmt --all --check
cargo clippy --workspace --all-targets --quiet -- -D warnings
cargo test --workspace --lib --bins --quiet
