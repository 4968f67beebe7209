// Runs vitest and ends with `N passed, N failed, N skipped`. KANSOKU_TEST_REPORT=FILE also writes the
// counts there as JSON.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'kansoku-console-'));
const result = join(folder, 'result.json');
const run = spawnSync(process.execPath, [
  `${root}node_modules/vitest/vitest.mjs`, 'run', '--reporter=default', '--reporter=json',
  `--outputFile.json=${result}`, ...process.argv.slice(2),
], { cwd: root, stdio: 'inherit' });
let counts = { passed: 0, failed: 1, skipped: 0 };
try {
  const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests } = JSON.parse(
    readFileSync(result, 'utf8'),
  );
  // A file that does not load has failed although no test of it did.
  const failed = numFailedTests > 0 ? numFailedTests : numFailedTestSuites;
  counts = { passed: numPassedTests, failed, skipped: numPendingTests };
} catch (error) {
  process.stderr.write(`no report of the tests: ${error}\n`);
}
rmSync(folder, { recursive: true });
if (run.status !== 0 && counts.failed === 0) counts.failed = 1;
if (process.env.KANSOKU_TEST_REPORT !== undefined) {
  writeFileSync(process.env.KANSOKU_TEST_REPORT, `${JSON.stringify(counts)}\n`);
}
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exit(counts.failed === 0 ? 0 : 1);
