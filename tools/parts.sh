# Running named parts one after the other with counts and times; sourced, never run.
#
# A part that runs Rust tests contributes its tests to the counts; any other part
# counts as one. A failing part doesn't keep the next one from running.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

passed=0 failed=0 timings=()
logs=$artifacts/logs
mkdir -p "$logs"

part() { # name command...
  local name=$1 started=$SECONDS status=0 ok bad
  shift
  say "$name"
  "$@" >"$logs/$name.log" 2>&1 </dev/null || status=$?
  # cargo prints "test result: ok. 3 passed; 0 failed; …" for each test binary.
  read -r ok bad < <(awk '/^test result:/ { ok += $4; bad += $6 } END { print ok + 0, bad + 0 }' "$logs/$name.log")
  if [[ $status -eq 0 && $ok -eq 0 ]]; then ok=1; fi
  if [[ $status -ne 0 && $bad -eq 0 ]]; then bad=1; fi
  passed=$((passed + ok)) failed=$((failed + bad))
  grep -oE 'totals: .*' "$logs/$name.log" || true
  if [[ $status -ne 0 ]]; then
    grep -E '^(test .* FAILED|error)' "$logs/$name.log" | head -n 40 || true
    echo "--- the end of $logs/$name.log:"
    tail -n 60 "$logs/$name.log"
  fi
  timings+=("$(printf '%-14s %5d s  %5d passed  %3d failed' "$name" $((SECONDS - started)) "$ok" "$bad")")
  echo "${timings[-1]}"
}

# Prints the closing lines; fails if anything did.
report() {
  say "times"
  printf '%s\n' "${timings[@]}" "$(printf '%-14s %5d s' total $SECONDS)" | tee "$artifacts/timings.txt"
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  [[ $failed -eq 0 ]]
}
