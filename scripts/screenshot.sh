#!/usr/bin/env bash
# Makes docs/images/console.png: a real server on a fresh data directory observes this host, and a
# browser takes the picture of Home, which shows no mount points of the machine that made it.
# Needs what ./dev build and ./dev test install.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=${KANSOKU_BINARY:-build/release/kansoku}
out=$(realpath -m "${1:-docs/images/console.png}")
seconds=${KANSOKU_SCREENSHOT_SECONDS:-75} # of data before the picture, so that the charts have some length
bytes_max=$((300 * 1024))

[ -x "$binary" ] || { echo "screenshot: $binary is missing; ./dev build makes it" >&2; exit 1; }
[ -d console/node_modules/playwright-core ] || { echo "screenshot: run npm ci in console/" >&2; exit 1; }

work=$(mktemp -d)
server=""
finish() {
  [ -z "$server" ] || { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; } || true
  rm -rf "$work"
}
trap finish EXIT

mkfifo "$work/stdout"
"$binary" up --data "$work/data" --listen 127.0.0.1:0 >"$work/stdout" 2>"$work/stderr" &
server=$!
read -r word url <"$work/stdout" || true
[ "${word:-}" = ready ] || { cat "$work/stderr" >&2; exit 1; }

echo "==> collecting $seconds s of data" >&2
sleep "$seconds"
mkdir -p "$(dirname "$out")"
node console/e2e/screenshot.mjs "$url" "$out" "$work/data/credentials" home
bytes=$(stat -c %s "$out")
if [ "$bytes" -gt "$bytes_max" ]; then
  echo "screenshot: $out has $bytes bytes, more than $bytes_max" >&2
  exit 1
fi
