#!/usr/bin/env bash
# Installs the sets of Python packages of tools/python-tools.txt, each in an environment of its own,
# if they are missing: tools/python.sh
source "$(dirname "$0")/lib.sh"

while read -r set packages; do
  place=$cache/python/$set
  [[ $(cat "$place/packages" 2>/dev/null) != "$packages" ]] || continue
  say "installing $packages"
  started=$SECONDS
  rm -rf "$place"
  /usr/bin/python3 -m venv "$place"
  read -ra wanted <<<"$packages"
  # What is run gets compiled when it is first run: a tenth of all there is.
  "$place/bin/pip" install --quiet --disable-pip-version-check --no-compile "${wanted[@]}" </dev/null
  # Written last, so that what was cut short never looks finished.
  echo "$packages" >"$place/packages"
  echo "$set: $((SECONDS - started)) s, $(du -sm "$place" | cut -f1) MB" >&2
done < <(grep -v '^#' "$root/tools/python-tools.txt")
