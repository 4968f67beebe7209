#!/usr/bin/env bash
# Builds the console with npm into build/console/ when its sources changed; CMake packs it into the binary.
set -euo pipefail
cd "$(dirname "$0")/.."
stamp=build/console/stamp
sum=$(git ls-files -co --exclude-standard console | LC_ALL=C sort | xargs -r sha256sum 2>/dev/null | sha256sum | cut -d' ' -f1)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ] && exit 0
mkdir -p build/console
cd console
lock=$(sha256sum package-lock.json | cut -d' ' -f1)
if [ "$(cat node_modules/.kansoku-lock 2>/dev/null)" != "$lock" ]; then
  echo "==> installing the console's packages" >&2
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  echo "$lock" >node_modules/.kansoku-lock
fi
echo "==> building the console" >&2
npm run --silent build >&2
node scripts/pack.mjs ../build/console >&2
echo "$sum" >../build/console/stamp
