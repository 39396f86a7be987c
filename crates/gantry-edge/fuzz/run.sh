#!/usr/bin/env bash
# Builds every fuzz target and runs each for a while: run.sh SECONDS_PER_TARGET
#
# Stable Rust, no cargo-fuzz: coverage comes from LLVM's pass, the fuzzer from
# libfuzzer-sys. Inputs that were found live outside the tree and are taken up by
# the next run; a crash fails the run and leaves its input beside them.
set -euo pipefail

seconds=${1:?usage: run.sh SECONDS_PER_TARGET}
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

# Longer ones are mostly extensions; unit tests go to the bounds.
max_len=512

fuzz() { # target
    local target=$1 corpus crashes log runs coverage
    corpus=$cache/edge/$target/corpus
    crashes=$cache/edge/$target/crashes
    log=$cache/edge/$target/log
    mkdir -p "$corpus" "$crashes"
    if ! "$CARGO_TARGET_DIR/$host/release/$target" "$corpus" "$here/seeds/$target" \
        -max_total_time="$seconds" -max_len="$max_len" -timeout=10 \
        -rss_limit_mb=1024 -artifact_prefix="$crashes/" -print_final_stats=1 >"$log" 2>&1 </dev/null; then
        tail -n 40 "$log" >&2
        echo "fuzz $target: FAILED, see $crashes" >&2
        return 1
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    coverage=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1)
    echo "fuzz $target: ok, $runs runs, $coverage"
}

# As many at a time as there are processors.
failed=0 running=()
for source in "$here"/targets/*.rs; do
    if ((${#running[@]} >= $(nproc))); then
        wait "${running[0]}" || failed=1
        running=("${running[@]:1}")
    fi
    fuzz "$(basename "$source" .rs)" &
    running+=($!)
done
for process in "${running[@]}"; do
    wait "$process" || failed=1
done
exit "$failed"
