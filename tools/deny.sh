#!/usr/bin/env bash
# Checks dependencies against deny.toml: tools/deny.sh [CHECK...]
#
# The default checks need no network. `tools/deny.sh advisories` fetches RustSec's
# database, which lives on GitHub: for a machine that reaches it.
source "$(dirname "$0")/lib.sh"

[[ $# -gt 0 ]] || set -- licenses bans sources
PATH=$("$root/tools/cargo-deny.sh"):$PATH
cd "$root"
exec cargo deny --all-features check --hide-inclusion-graph "$@"
