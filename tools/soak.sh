#!/usr/bin/env bash
# The long sizes, by part, each within an hour on two cores: tools/soak.sh PART
source "$(dirname "$0")/parts.sh"
cd "$root"

soak=${1:-}
case $soak in
crash | power | faults | simulation | fuzz | access | management | conformance | clients | cluster) ;;
*) die "usage: make soak PART=crash|power|faults|simulation|fuzz|access|management|conformance|clients|cluster" ;;
esac

"$root/tools/install.sh" test
cargo build --release --quiet --package gantry-server
export GANTRY_BIN=$root/target/release/gantry

case $soak in
# Two hundred times kill -9, and disks that fill up.
crash)
  GANTRY_CRASH_ROUNDS=200 GANTRY_FULL_ROUNDS=60 part crash \
    cargo test --workspace --no-fail-fast --test kill9 --test full -- --nocapture
  ;;
# Power lost at every boundary of a sync.
power)
  GANTRY_CRASH_CUTS=1000000 part power \
    cargo test --workspace --no-fail-fast --test power -- --nocapture
  ;;
# Ten minutes of faults in what three nodes stand on.
faults)
  GANTRY_CRASH_FAULTS=30 GANTRY_CRASH_FAULT_SECONDS=20 part faults \
    cargo test --workspace --no-fail-fast --test faults -- --nocapture
  ;;
# Thousands of seeds of three simulated nodes.
simulation)
  GANTRY_SIM_SEEDS=12000 part simulation \
    cargo test --release --workspace --no-fail-fast --test simulation -- --nocapture
  ;;
# Ten minutes for each target.
fuzz) part fuzz "$root/tools/fuzz.sh" 600 ;;
# The laws of who may do what on many more cases; sign-ins, roles, revocation on other nodes, network
# rules, guesses and attacks again and again, also on PostgreSQL and an object store; limits and
# credentials shared by nodes; certificates.
access)
  PROPTEST_CASES=50000 part laws \
    cargo test --release --workspace --no-fail-fast --test laws --test decision --test scope_maps
  rounds=${GANTRY_ACCESS_ROUNDS:-5}
  # The server takes it for a setting that there is none of.
  unset GANTRY_ACCESS_ROUNDS
  GANTRY_TEST_DEPLOYMENT=s3 part access-nodes cargo test --workspace --no-fail-fast --test server -- \
    access entra attributes authorisation tokens
  for round in $(seq "$rounds"); do
    part "access-$round" \
      cargo test --workspace --no-fail-fast --test server -- access entra operator tokens authorisation
    part "nodes-$round" cargo test --workspace --no-fail-fast --test nodes
    part "acme-$round" cargo test --workspace --no-fail-fast --test acme
  done
  ;;
# The management API: whatever is sent to it, and every command of az again and again, also by three nodes;
# templates and ids on many more cases; and Terraform, whose provider takes a quarter of an hour to build, the
# first time.
management)
  "$root/tools/go.sh" terraform
  part terraform cargo test --workspace --test terraform
  SCHEMATHESIS_EXAMPLES=30 part schemathesis cargo test --workspace --test schemathesis -- --nocapture
  PROPTEST_CASES=20000 part laws cargo test --release --workspace --no-fail-fast --test laws
  part fuzz "$root/tools/fuzz.sh" 300 gantry-arm gantry-arm-template
  for deployment in embedded s3 azure; do
    GANTRY_TEST_DEPLOYMENT=$deployment part "az-$deployment" cargo test --workspace --no-fail-fast \
      --test az --test az_acr --test az_coverage --test az_deployment --test az_repository --test azure_sdk
  done
  GANTRY_TEST_DEPLOYMENT=s3 part management-nodes cargo test --workspace --no-fail-fast --test server -- \
    management
  ;;
conformance)
  part conformance cargo test --workspace --test conformance -- --nocapture
  ;;
# All clients again and again, against the release binary.
clients)
  for round in {1..5}; do part "clients-$round" "$root/tools/clients.sh"; done
  ;;
# Conformance and all clients against three nodes, on each kind of object store.
cluster) part cluster "$root/tools/cluster.sh" long ;;
esac
report
