// House rules that the type checker does not know: text only through t(), who may import what, sizes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../src', import.meta.url));
const LINES_MAX = 300;
const COLUMNS_MAX = 120;
// Names, not words: these are the same in every language.
const NAMES = new Set(['kansoku', 'UTC', 'Ctrl K']);

const files = readdirSync(root, { recursive: true }).filter((name) => /\.tsx?$/.test(name));
const problems = [];
const report = (file, line, what) => problems.push(`src/${file}:${line}: ${what}`);

// [rule, what is forbidden, where it is allowed]
const BANS = [
  ['only chart/Plot.tsx knows uPlot', /from 'uplot'/, /^chart\/Plot\.tsx$/],
  ['only editor/ knows CodeMirror', /from '(@codemirror|@lezer|@prometheus-io)\//, /^editor\//],
  ['only api/ calls fetch', /\bfetch\(/, /^api\//],
  ['no `any`', /\bas any\b|: any\b|<any>/, null],
  ['no run-time theme', /\bapplyTheme\b/, null],
  ['no stylesheet of global-styles', /global-styles\/.*\.css/, null],
  ['no token in local storage', /localStorage/, /^state\/prefs\.ts$/],
];
const ATTRIBUTE = /\b(aria-label|title|placeholder|alt|label)="([^"{]*[A-Za-z][^"{]*)"/g;
const JSX_TEXT = /(?<!=)>\s*([^<>{}()=;]*[A-Za-z]{2}[^<>{}()=;]*)\s*<\//g;

for (const file of files) {
  const text = readFileSync(join(root, file), 'utf8');
  const lines = text.split('\n');
  const isLanguage = file.startsWith('i18n/e') || file.startsWith('i18n/j');
  if (!isLanguage && lines.length > LINES_MAX) report(file, 1, `${lines.length} lines, limit ${LINES_MAX}`);
  lines.forEach((line, i) => {
    if (line.length > COLUMNS_MAX && !isLanguage) report(file, i + 1, `${line.length} columns`);
    for (const [rule, pattern, allowed] of BANS) {
      if (pattern.test(line) && !(allowed?.test(file) ?? false)) report(file, i + 1, rule);
    }
  });
  const page = /^pages\/(\w+)\//.exec(file)?.[1];
  if (page !== undefined) {
    for (const [, other] of text.matchAll(/from '\.\.\/(\w+)\//g)) {
      if (other !== page) report(file, 1, `a page imports from the page ${other}`);
    }
  }
  if (!file.endsWith('.tsx')) continue;
  const lineOf = (index) => text.slice(0, index).split('\n').length;
  for (const match of text.matchAll(ATTRIBUTE)) {
    report(file, lineOf(match.index), `untranslated ${match[1]} "${match[2]}"`);
  }
  for (const match of text.matchAll(JSX_TEXT)) {
    const words = match[1].trim();
    if (!NAMES.has(words)) report(file, lineOf(match.index), `untranslated text "${words}"`);
  }
}
const keyUse = new Set();
for (const file of files) {
  if (file.startsWith('i18n/')) continue;
  for (const [, key] of readFileSync(join(root, file), 'utf8').matchAll(/'([a-z]+\.[\w.]+)'/g)) keyUse.add(key);
}
const english = readFileSync(join(root, 'i18n/en.ts'), 'utf8');
const MADE = /^(theme|density|range|host\.pressure)\./; // keys that are put together at run time
for (const [, key] of english.matchAll(/^ {2}'([\w.]+)':/gm)) {
  if (!keyUse.has(key) && !MADE.test(key)) report('i18n/en.ts', 1, `nobody uses the key ${key}`);
}
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`lint: ${files.length} files, ${problems.length} problems\n`);
process.exit(problems.length === 0 ? 0 : 1);
