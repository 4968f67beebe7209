// The size limits of the built files: no chunk over 170 kB gzipped.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const CHUNK_KB_MAX = 170;
const assets = fileURLToPath(new URL('../dist/assets/', import.meta.url));
let failed = false;
for (const name of readdirSync(assets).sort()) {
  if (!/\.(js|css)$/.test(name)) continue;
  const kb = gzipSync(readFileSync(assets + name), { level: 9 }).length / 1000;
  if (kb > 20 || kb > CHUNK_KB_MAX) process.stdout.write(`${kb.toFixed(1).padStart(7)} kB gz  ${name}\n`);
  if (kb > CHUNK_KB_MAX) failed = true;
}
if (failed) {
  process.stderr.write(`a chunk is over ${CHUNK_KB_MAX} kB gzipped\n`);
  process.exit(1);
}
