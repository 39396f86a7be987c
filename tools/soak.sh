#!/usr/bin/env bash
# The long sizes, by part: tools/soak.sh PART
source "$(dirname "$0")/parts.sh"
cd "$root"

"$root/tools/install.sh" test
cargo build --release --quiet --package gantry-server
export GANTRY_BIN=$root/target/release/gantry

case ${1:-} in
crash)
  GANTRY_CRASH_ROUNDS=200 part crash cargo test --release --package gantry-crashtest --no-fail-fast -- --nocapture
  ;;
fuzz)
  part fuzz "$root/crates/gantry-oci/fuzz/run.sh" 600
  ;;
conformance)
  part conformance cargo test --release --package gantry-clients --test conformance -- --nocapture
  ;;
clients)
  for round in {1..5}; do part "clients-$round" "$root/tools/clients.sh" --release; done
  ;;
*) die "usage: make soak PART=crash|fuzz|conformance|clients" ;;
esac
report
