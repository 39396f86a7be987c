#!/usr/bin/env bash
# Conformance and clients against three nodes behind a balancer, over PostgreSQL and
# an object store, with the binary named by GANTRY_BIN: tools/cluster.sh short|long
source "$(dirname "$0")/lib.sh"
cd "$root"

against() { # deployment cargo-arguments...
  say "$1: ${*:2}"
  GANTRY_TEST_DEPLOYMENT=$1 cargo test --workspace --no-fail-fast "${@:2}"
}

status=0
case ${1:?usage: tools/cluster.sh short|long} in
short)
  against s3 --test conformance -- --nocapture conforms_to_1_1_over_http || status=1
  against azure --test conformance -- --nocapture conforms_to_the_draft_over_tls || status=1
  against s3 --test crane --test docker --test oras || status=1
  against azure --test az --test az_coverage --test az_deployment --test az_repository --test azure_sdk || status=1
  ;;
long)
  for deployment in s3 azure; do
    against "$deployment" --test conformance -- --nocapture || status=1
    GANTRY_TEST_DEPLOYMENT=$deployment "$root/tools/clients.sh" || status=1
  done
  ;;
*) die "usage: tools/cluster.sh short|long" ;;
esac
exit $status
