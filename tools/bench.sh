#!/usr/bin/env bash
# Measures the binary, built as it is published, against its peers: tools/bench.sh [WORKLOAD[,WORKLOAD…]] [OPTION…]
#
# Options go to the program: --quick, --turns N, --write docs/benchmarks.md. The report is
# test-artifacts/bench/bench.md, and bench.json beside it.
source "$(dirname "$0")/lib.sh"
"$root/tools/install.sh" bench
cd "$root"

# Optimised across crates: minutes, on two cores.
cargo build --profile dist --quiet --package gantry-server
cargo build --release --quiet --package gantry-bench
target=${CARGO_TARGET_DIR:-$root/target}
scratch=$target/bench

# The program removes its directory and stops its servers; a killed one leaves the directory.
rm -rf "$scratch"
trap 'rm -rf "$scratch"' EXIT
"$target/release/gantry-bench" "$@" \
  --gantry "$target/dist/gantry" \
  --scratch "$scratch" \
  --artifacts "$artifacts/bench" \
  --commit "$(git describe --always --dirty 2>/dev/null || echo unknown)"
