#!/usr/bin/env bash
# Runs one fuzz target, or all of them, for so many seconds each. Finds stay in build/fuzz-finds/TARGET.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:-} seconds=${2:-10}
found=0
for program in build/fuzz/fuzz/fuzz_*; do
  [ -x "$program" ] || continue
  name=${program##*/fuzz_}
  [ -z "$target" ] || [ "$target" = "$name" ] || continue
  found=1
  mkdir -p "build/fuzz-corpus/$name" "build/fuzz-finds/$name"
  seeds=()
  [ -d "fuzz/$name/corpus" ] && seeds=("fuzz/$name/corpus")
  echo "==> fuzz $name, $seconds s" >&2
  "$program" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -print_final_stats=0 \
    -artifact_prefix="build/fuzz-finds/$name/" "build/fuzz-corpus/$name" "${seeds[@]}" 2>"build/fuzz-finds/$name/log" \
    || { tail -40 "build/fuzz-finds/$name/log" >&2; echo "fuzz: $name failed" >&2; exit 1; }
  tail -1 "build/fuzz-finds/$name/log" >&2
done
[ "$found" = 1 ] || { echo "fuzz: no target named \"$target\"" >&2; exit 2; }
