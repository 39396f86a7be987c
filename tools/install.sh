#!/usr/bin/env bash
# Installs what a machine with only the language toolchains lacks.
#
#   tools/install.sh build    what `make run` needs
#   tools/install.sh test     what `make test` needs (includes build)
#   tools/install.sh bench    what `make bench` needs (includes build)
#
# Debian packages go where Debian puts them; everything built here goes to
# ${GANTRY_CACHE:-~/.cache/gantry}, so a second run finds it and does nothing.
source "$(dirname "$0")/lib.sh"

group=${1:-test}
have cargo || die "cargo is missing: install a Rust toolchain (see rust-version in Cargo.toml)"

case $group in
build) "$root/tools/debian.sh" build ;;
test)
  have go || die "go is missing: the Go clients are built from their modules"
  "$root/tools/debian.sh" build test
  have npm || die "npm is missing: an object store and clients are packages of npm's"
  "$root/tools/go.sh" test
  "$root/tools/npm.sh"
  "$root/tools/python.sh"
  "$root/tools/releases.sh"
  "$root/tools/cargo-deny.sh" >/dev/null
  ;;
bench)
  have go || die "go is missing: the peers are built from their modules"
  "$root/tools/debian.sh" build bench
  "$root/tools/go.sh" bench
  ;;
*) die "usage: tools/install.sh build|test|bench" ;;
esac
