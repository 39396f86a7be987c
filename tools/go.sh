#!/usr/bin/env bash
# Builds the Go programs of one group of tools/go-tools.txt, if they are missing:
# tools/go.sh test|bench|terraform
#
# A version of `latest` is asked for each time, and the program kept under that name
# too, which is good enough when nobody answers.
#
# Each is built as the only requirement of an empty module, which gives it exactly
# the dependencies its own go.mod names (checked against Go's checksum database)
# and also works for modules that `go install` refuses. A module that is replaced in its go.mod is
# replaced in the last column: only a main module's replacements count.
source "$(dirname "$0")/lib.sh"

build() { # program module version package [replacement]
  local program=$1 module=$2 version=$3 package=$2/$4 replacement=${5:-} work
  local out=$cache/bin/$program-$version
  [[ ! -x $out ]] || return 0
  say "building $program $version"
  work=$(mktemp -d)
  if (
    cd "$work"
    export CGO_ENABLED=0 GOWORK=off GOFLAGS=-mod=mod
    go mod init gantry.invalid/tools 2>/dev/null
    go mod edit -require="$module@$version" -tool="${package%/.}" ${replacement:+-replace="$replacement"}
    go build -trimpath -ldflags '-s -w' -o "$work/program" "${package%/.}" 2>&1 |
      { grep -v '^go: downloading' || true; } >&2
  ); then
    # A rename, so that a build cut short never looks finished.
    mkdir -p "$cache/bin"
    mv "$work/program" "$out.$$"
    mv "$out.$$" "$out"
  fi
  rm -rf "$work"
  [[ -x $out ]]
}

latest() { # program module package
  local program=$1 module=$2 version kept=$cache/bin/$1-latest
  version=$(cd / && GOFLAGS=-mod=mod go list -m -f '{{.Version}}' "$module@latest") ||
    { [[ -x $kept ]] && return 0; }
  build "$program" "$module" "$version" "$3" &&
    ln -sfn "$program-$version" "$kept" && echo "$program: $version" >&2
}

unavailable=()
while read -r program group module version package replacement; do
  [[ $group == "${1:?usage: tools/go.sh GROUP}" ]] || continue
  started=$SECONDS
  if [[ $version == latest ]]; then
    latest "$program" "$module" "$package"
  else
    build "$program" "$module" "$version" "$package" "$replacement"
  fi || unavailable+=("$program ($module@$version)")
  [[ $((SECONDS - started)) -lt 2 ]] || echo "$program: $((SECONDS - started)) s" >&2
done < <(grep -v '^#' "$root/tools/go-tools.txt")

# All that can be had is built first, so that one absent module hides nothing else.
[[ ${#unavailable[@]} -eq 0 ]] || die "could not be built: ${unavailable[*]}"

# A client of our own on Azure's SDK for Go, built each time: Go knows what has changed.
if [[ $1 == test ]]; then
  (
    cd "$root/crates/gantry-clients/tests/azure_sdk/go"
    CGO_ENABLED=0 GOWORK=off go build -trimpath -o "$cache/bin/azure-sdk-go" .
  ) || die "the client on Azure's SDK for Go could not be built"
fi
