// A picture of the console: node e2e/screenshot.mjs URL OUT.png [CREDENTIALS_FILE] [home|host]
// Dark, 1440 x 900, Home or the page of this server's own host (default), once its charts have data.
import { launch, readCredentials, setPrefs, signInWhenAsked } from './browser.mjs';

const [url, out, credentialsFile, which = 'host'] = process.argv.slice(2);
if (url === undefined || out === undefined || !['home', 'host'].includes(which)) {
  process.stderr.write('usage: screenshot.mjs URL OUT.png [CREDENTIALS_FILE] [home|host]\n');
  process.exit(2);
}
const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
await setPrefs(context, { theme: 'dark', language: 'en', tz: 'utc', density: 'compact', recent: [] });
const page = await context.newPage();
await page.goto(new URL('/ui/', url).href);
await signInWhenAsked(page, readCredentials(credentialsFile));
if (which === 'host') {
  const { hostId } = await page.evaluate(async () => (await fetch('/ui/api/session')).json());
  await page.goto(new URL(`/ui/hosts/${hostId}`, url).href);
}
await page.waitForSelector('[data-chart] canvas', { timeout: 30_000 });
await page.waitForFunction(() => document.querySelector('.skeleton') === null, undefined, { timeout: 10_000 })
  .catch(() => undefined);
await page.waitForTimeout(1_500);
await page.screenshot({ path: out });
await browser.close();
process.stdout.write(`${out}\n`);
