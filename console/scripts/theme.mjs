// Writes src/theme.css at build time, because applying a theme at run time adds 590 kB to the main
// chunk. The library's modules use directory imports, which Node cannot load, so Vite bundles them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const outDir = here('../node_modules/.cache/theme');
mkdirSync(outDir, { recursive: true });
await build({
  configFile: false,
  root: here('..'),
  logLevel: 'error',
  publicDir: false,
  ssr: { noExternal: true },
  build: { ssr: here('theme-tokens.mjs'), outDir, emptyOutDir: true },
});
const { css } = await import(pathToFileURL(`${outDir}/theme-tokens.js`).href);
writeFileSync(here('../src/theme.css'), css);
process.stdout.write(`theme.css ${css.length} bytes\n`);
