#!/usr/bin/env bash
# Installs Debian packages by group, if they are missing: tools/debian.sh build test bench
source "$(dirname "$0")/lib.sh"

packages() {
  case $1 in
  # SQLite and the TLS library are C; the linker comes with the compiler.
  build) have cc || echo gcc libc6-dev ;;
  # The clients with their helpers (runc and iptables for the Docker engine, environments for
  # Python's packages),
  # the second database with a pooler, a load balancer, and FUSE for the disk that loses writes.
  test) echo docker.io runc iptables podman buildah skopeo containerd postgresql pgbouncer \
    haproxy openssl fuse3 curl iproute2 python3-venv ;;
  # The ceiling (nginx), the load generators, one client to push whole images, and the database.
  bench) echo nginx wrk nghttp2-client skopeo openssl postgresql curl ;;
  *) die "no such package group: $1" ;;
  esac
}

installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

wanted=()
for group in "$@"; do wanted+=($(packages "$group")); done
[[ ${#wanted[@]} -gt 0 ]] || exit 0
have dpkg-query || die "this is not Debian: install the equivalents of: ${wanted[*]}"

missing=()
for package in "${wanted[@]}"; do installed "$package" || missing+=("$package"); done
[[ ${#missing[@]} -gt 0 ]] || exit 0

if [[ $EUID -eq 0 ]]; then
  as_root=()
elif have sudo && sudo -n true 2>/dev/null; then
  as_root=(sudo)
else
  die "missing Debian packages; as root, run: apt-get install --no-install-recommends ${missing[*]}"
fi

# The programs are wanted, not their services: no engine, database or web server
# is started by this. The tests start private ones.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 0755 "$policy"
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi

say "Debian packages: ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0)
"${apt[@]}" update
"${apt[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null
