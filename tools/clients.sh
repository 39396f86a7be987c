#!/usr/bin/env bash
# Runs every real client against the binary named by GANTRY_BIN; arguments go to cargo.
source "$(dirname "$0")/lib.sh"
cd "$root"

# The conformance suite and Terraform live beside them and are parts of their own.
tests=()
for file in crates/gantry-clients/tests/*.rs; do
  test=$(basename "$file" .rs)
  [[ $test == @(conformance|terraform) ]] || tests+=(--test "$test")
done
exec cargo test --workspace --no-fail-fast "$@" "${tests[@]}"
