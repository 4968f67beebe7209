// Packs console/dist for the server: OUT_DIR/console.pack (bytes) and OUT_DIR/console.index (text).
// The format of the index is described in console/README.md.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TYPES = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.woff2': 'font/woff2',
  '.json': 'application/json', '.png': 'image/png', '.txt': 'text/plain; charset=utf-8',
};
const DOCUMENT = 'index.html';
// A compressed form that saves less than this share is left out.
const SAVING_MIN = 0.05;

const outDir = process.argv[2];
if (outDir === undefined) {
  process.stderr.write('usage: pack.mjs OUT_DIR\n');
  process.exit(2);
}
const dist = fileURLToPath(new URL('../dist', import.meta.url));
const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(dist, join(entry.parentPath, entry.name)).split(sep).join('/'))
  .sort();

function formsOf(path, bytes) {
  // The server puts a fresh nonce into the document, so it is stored as it is.
  if (path === DOCUMENT) return [['identity', bytes]];
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
  const packed = [['br', brotliCompressSync(bytes, quality)], ['gzip', gzipSync(bytes, { level: 9 })]];
  return [...packed.filter(([, form]) => form.length < bytes.length * (1 - SAVING_MIN)), ['identity', bytes]];
}

const parts = [];
const lines = [];
let offset = 0;
for (const path of files) {
  const type = TYPES[extname(path)];
  if (type === undefined) throw new Error(`no content type is known for ${path}`);
  const bytes = readFileSync(join(dist, path));
  if (path === DOCUMENT && bytes.toString().split('__CSP_NONCE__').length !== 2) {
    throw new Error('index.html must hold __CSP_NONCE__ exactly once');
  }
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 20);
  const immutable = path.startsWith('assets/') ? 1 : 0;
  for (const [encoding, form] of formsOf(path, bytes)) {
    const etag = encoding === 'identity' ? `"${hash}"` : `"${hash}-${encoding}"`;
    lines.push([path, type, etag, encoding, offset, form.length, immutable].join('\t'));
    parts.push(form);
    offset += form.length;
  }
}
mkdirSync(outDir, { recursive: true });
writeFileSync(join(outDir, 'console.pack'), Buffer.concat(parts));
writeFileSync(join(outDir, 'console.index'), `${lines.join('\n')}\n`);
process.stdout.write(`console.pack: ${files.length} files, ${lines.length} forms, ${offset} bytes\n`);
