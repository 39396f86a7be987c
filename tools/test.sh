#!/usr/bin/env bash
# Every kind of test in its short form, cheap ones first: tools/test.sh
source "$(dirname "$0")/parts.sh"
cd "$root"

# Container engines, FUSE and Debian's packages.
[[ $EUID -eq 0 ]] || die "the whole set needs root; \`make check\` doesn't"

# These drive the built binary from outside and have parts of their own.
black_box=(gantry-clients gantry-crashtest)

part packages "$root/tools/debian.sh" build test
part format cargo fmt --all --check
part lints cargo clippy --locked --workspace --all-targets -- -D warnings
part tests cargo test --workspace --no-fail-fast "${black_box[@]/#/--exclude=}"
part docs "$root/tools/doc.sh"
part deny "$root/tools/deny.sh"
part server cargo build --package gantry-server

export GANTRY_BIN=$root/target/debug/gantry
part crash cargo test --package gantry-crashtest --no-fail-fast
part fuzz "$root/crates/gantry-oci/fuzz/run.sh" 20
part tools "$root/tools/go.sh" test
part conformance cargo test --package gantry-clients --test conformance --no-fail-fast -- --nocapture
part clients "$root/tools/clients.sh"

report
