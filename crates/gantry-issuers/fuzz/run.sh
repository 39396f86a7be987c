#!/usr/bin/env bash
# Builds the fuzz target and runs it for a while: run.sh SECONDS
#
# As gantry-oci's run.sh: stable Rust, no cargo-fuzz. Inputs that were found live
# outside the tree; a crash fails the run and leaves its input beside them.
set -euo pipefail

seconds=${1:?usage: run.sh SECONDS}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${GANTRY_CACHE:-$HOME/.cache/gantry}/fuzz

# Naming the host as a target keeps the flags away from build scripts.
host=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR=$cache/target
export RUSTFLAGS="--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module \
-Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"
cargo build --quiet --locked --release --target "$host" --manifest-path "$here/Cargo.toml"

corpus=$cache/issuers/token/corpus
crashes=$cache/issuers/token/crashes
log=$cache/issuers/token/log
mkdir -p "$corpus" "$crashes"
if ! "$CARGO_TARGET_DIR/$host/release/token" "$corpus" "$here/seeds/token" \
    -max_total_time="$seconds" -max_len=2048 -timeout=10 -rss_limit_mb=1024 \
    -artifact_prefix="$crashes/" -print_final_stats=1 >"$log" 2>&1 </dev/null; then
    tail -n 40 "$log" >&2
    echo "fuzz token: FAILED, see $crashes" >&2
    exit 1
fi
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
echo "fuzz token: ok, $runs runs, $(grep -o 'cov: [0-9]*' "$log" | tail -n 1)"
