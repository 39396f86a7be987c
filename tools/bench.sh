#!/usr/bin/env bash
# Runs the benchmarks: the release binary beside its peers, on loopback.
source "$(dirname "$0")/lib.sh"
"$root/tools/install.sh" bench
cd "$root"
cargo build --release --quiet --package gantry-server --package xtask
GANTRY_BIN=$root/target/release/gantry exec target/release/xtask bench "$@"
