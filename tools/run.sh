#!/usr/bin/env bash
# Builds the release binary and starts it; arguments go to `gantry serve`.
source "$(dirname "$0")/lib.sh"
"$root/tools/install.sh" build
cd "$root"
cargo build --release --package gantry-server
exec target/release/gantry serve --data ./data "$@"
