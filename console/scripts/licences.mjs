// Fails on a licence that may not be shipped, on too many run-time packages, and on a lock file that
// names a registry.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ALLOWED = new Set(['MIT', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', '0BSD', 'BlueOak-1.0.0',
  'Unlicense', 'OFL-1.1']);
const PACKAGES_MAX = 90;

const root = fileURLToPath(new URL('..', import.meta.url));
const text = readFileSync(`${root}package-lock.json`, 'utf8');
const lock = JSON.parse(text);
const problems = [];
if (text.includes('"resolved"')) problems.push('package-lock.json holds download addresses');

function licenceOf(path, entry) {
  if (entry.license !== undefined) return entry.license;
  const own = JSON.parse(readFileSync(`${root}${path}/package.json`, 'utf8')).license;
  return typeof own === 'string' ? own : (own?.type ?? 'unknown');
}

function isAllowed(licence) {
  const choices = licence.replace(/[()]/g, '').split(' OR ');
  return choices.some((choice) => choice.split(' AND ').every((one) => ALLOWED.has(one)));
}

let count = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  if (path === '' || entry.dev === true || entry.devOptional === true) continue;
  count += 1;
  const licence = licenceOf(path, entry);
  if (!isAllowed(licence)) problems.push(`${path}: licence ${licence}`);
}
if (count > PACKAGES_MAX) problems.push(`${count} run-time packages, limit ${PACKAGES_MAX}`);
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`licences: ${count} run-time packages, ${problems.length} problems\n`);
process.exit(problems.length === 0 ? 0 : 1);
