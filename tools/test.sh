#!/usr/bin/env bash
# Every kind of test in its short form, cheap ones first: tools/test.sh
source "$(dirname "$0")/parts.sh"
cd "$root"

# Container engines, FUSE and Debian's packages.
[[ $EUID -eq 0 ]] || die "the whole set needs root; \`make check\` doesn't"

# Every part names the whole workspace: for one package's features alone, dependencies would be
# compiled again.
crash=(--test kill9 --test full --test power --test faults --test upgrade)

part packages "$root/tools/debian.sh" build test
part format cargo fmt --all --check
part lints cargo clippy --locked --workspace --all-targets -- -D warnings
part tools "$root/tools/install.sh" test
part tests cargo test --workspace --no-fail-fast
part docs "$root/tools/doc.sh"
part deny "$root/tools/deny.sh"

# The tests of the server have built it.
export GANTRY_BIN=$root/target/debug/gantry
part crash cargo test --workspace --no-fail-fast "${crash[@]}"
part acme cargo test --workspace --no-fail-fast --test acme
part fuzz "$root/tools/fuzz.sh" 20
part conformance cargo test --workspace --test conformance --no-fail-fast -- --nocapture
part clients "$root/tools/clients.sh"
part cluster "$root/tools/cluster.sh" short

report
