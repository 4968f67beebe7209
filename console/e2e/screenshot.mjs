// The picture of the README: node e2e/screenshot.mjs URL OUT.png [CREDENTIALS_FILE]
// Dark, 1440 x 900, the page of this server's own host with data.
import { launch, readCredentials, setPrefs, signInWhenAsked } from './browser.mjs';

const [url, out, credentialsFile] = process.argv.slice(2);
if (url === undefined || out === undefined) {
  process.stderr.write('usage: screenshot.mjs URL OUT.png [CREDENTIALS_FILE]\n');
  process.exit(2);
}
const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
await setPrefs(context, { theme: 'dark', language: 'en', tz: 'utc', density: 'compact', recent: [] });
const page = await context.newPage();
await page.goto(new URL('/ui/', url).href);
await signInWhenAsked(page, readCredentials(credentialsFile));
const { hostId } = await page.evaluate(async () => (await fetch('/ui/api/session')).json());
await page.goto(new URL(`/ui/hosts/${hostId}`, url).href);
await page.waitForSelector('[data-chart=cpu] canvas', { timeout: 30_000 });
await page.waitForFunction(() => document.querySelector('.skeleton') === null, undefined, { timeout: 10_000 })
  .catch(() => undefined);
await page.waitForTimeout(1_500);
await page.screenshot({ path: out });
await browser.close();
process.stdout.write(`${out}\n`);
