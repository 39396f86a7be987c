#!/usr/bin/env bash
# Builds every fuzz target and runs each for a while: tools/fuzz.sh SECONDS_PER_TARGET [CRATE…]
#
# Without crates, those of all. Stable Rust, no cargo-fuzz: coverage comes from LLVM's
# pass, the fuzzer from libfuzzer-sys. Inputs that were found live outside the tree and
# are taken up by the next run; a crash fails the run and leaves its input beside them.
set -euo pipefail

seconds=${1:?usage: tools/fuzz.sh SECONDS_PER_TARGET [CRATE…]}
shift
crates=$(cd "$(dirname "${BASH_SOURCE[0]}")/../crates" && pwd)
cache=${GANTRY_CACHE:-$HOME/.cache/gantry}/fuzz
if (($# == 0)); then
  cd "$crates"
  set -- */fuzz
  set -- "${@%/fuzz}"
fi

# Naming the host as a target keeps the flags away from build scripts.
host=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR=$cache/target
export RUSTFLAGS="--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module \
-Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"
# All go to one directory: no two targets have the same name.
for crate in "$@"; do
  cargo build --quiet --locked --release --target "$host" \
    --manifest-path "$crates/$crate/fuzz/Cargo.toml"
done

# The bounds of the parsers are beyond these; unit tests go there.
max_len() {
  case $1 in
    manifest) echo 4096 ;;
    condition | endpoint | scope | scope_map) echo 1024 ;;
    *) echo 512 ;;
  esac
}

fuzz() { # crate target
  local crate=$1 target=$2 words=${1#gantry-} corpus crashes log runs coverage
  corpus=$cache/$words/$target/corpus
  crashes=$cache/$words/$target/crashes
  log=$cache/$words/$target/log
  mkdir -p "$corpus" "$crashes"
  if ! "$CARGO_TARGET_DIR/$host/release/$target" "$corpus" "$crates/$crate/fuzz/seeds/$target" \
    -max_total_time="$seconds" -max_len="$(max_len "$target")" -timeout=10 \
    -rss_limit_mb=1024 -artifact_prefix="$crashes/" -print_final_stats=1 >"$log" 2>&1 </dev/null; then
    tail -n 40 "$log" >&2
    echo "fuzz $words $target: FAILED, see $crashes" >&2
    return 1
  fi
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  coverage=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1)
  echo "fuzz $words $target: ok, $runs runs, $coverage"
}

# As many at a time as there are processors.
failed=0 running=()
for crate in "$@"; do
  for source in "$crates/$crate"/fuzz/targets/*.rs; do
    if ((${#running[@]} >= $(nproc))); then
      wait "${running[0]}" || failed=1
      running=("${running[@]:1}")
    fi
    fuzz "$crate" "$(basename "$source" .rs)" &
    running+=($!)
  done
done
for process in "${running[@]}"; do
  wait "$process" || failed=1
done
exit "$failed"
