// Browser tests against a running server: node e2e/run.mjs URL [CREDENTIALS_FILE] [OUT_DIR] [--full]
// Prints `N passed, N failed` at the end; exit code 1 on a failure. KANSOKU_TEST_REPORT=FILE also
// writes the counts as JSON. --full: every route in both themes and both languages.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch, readCredentials, setPrefs, signInWhenAsked } from './browser.mjs';
import { axeViolations, drawnCanvases, geometryProblems, pointsOf, watch } from './checks.mjs';

const FIRST_LOAD_KB_MAX = 400;
const REQUESTS_MAX = 20;
const POINTS_MIN = 3;
const POINTS_WAIT_MS = 20_000;

const args = process.argv.slice(2).filter((one) => one !== '--full');
const full = process.argv.includes('--full');
if (args[0] === undefined) {
  process.stderr.write('usage: run.mjs URL [CREDENTIALS_FILE] [OUT_DIR] [--full]\n');
  process.exit(2);
}
const base = new URL('/ui', args[0]).href;
const { origin } = new URL(args[0]);
const credentials = readCredentials(args[1]);
const outDir = args[2] ?? 'out';
mkdirSync(outDir, { recursive: true });

const counts = { passed: 0, failed: 0, skipped: 0 };

function check(name, problems) {
  const list = Array.isArray(problems) ? problems : [problems].filter(Boolean);
  if (list.length === 0) {
    counts.passed += 1;
    process.stdout.write(`ok    ${name}\n`);
  } else {
    counts.failed += 1;
    process.stdout.write(`FAIL  ${name}\n${list.map((one) => `        ${one}\n`).join('')}`);
  }
}

const browser = await launch();
let storage;

async function open(path, { theme = 'dark', language = 'en', width = 1440, height = 900 } = {}) {
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme: theme, ...(storage === undefined ? {} : { storageState: storage }),
  });
  await setPrefs(context, { theme, language, tz: 'utc', density: 'compact', shortcuts: true, recent: [] });
  const page = await context.newPage();
  const seen = watch(page, origin);
  await page.goto(base + path, { waitUntil: 'load' });
  await page.waitForSelector('.frame, .signin');
  return { context, page, seen };
}

async function settled(page) {
  await page.waitForSelector('main h1');
  // Cards further down are not asked for yet and keep their skeleton.
  await page.waitForFunction(() => [...document.querySelectorAll('.skeleton')].every((one) => (
    one.getBoundingClientRect().top > window.innerHeight
  )), undefined, { timeout: 15_000 }).catch(() => undefined);
}

async function guard(name, action) {
  try {
    await action();
  } catch (error) {
    check(name, String(error).split('\n').slice(0, 4).join(' '));
  }
}

async function signIn() {
  const { context, page, seen } = await open('/');
  const asked = await page.locator('.signin').count() > 0;
  if (asked) {
    check('sign-in: axe', await axeViolations(page));
    await page.screenshot({ path: join(outDir, 'signin.png') });
  }
  await signInWhenAsked(page, credentials);
  // The one 401 that tells the console to show the sign-in page is a message of the browser.
  const messages = seen.messages.filter((text) => !(asked && /401/.test(text)));
  check(asked ? 'sign-in works' : 'open session works', messages);
  storage = await context.storageState();
  storage.origins = [];
  await context.close();
}

async function session() {
  const { context, page } = await open('/');
  const { hostId } = await page.evaluate(async () => (await fetch('/ui/api/session')).json());
  await context.close();
  return hostId;
}

async function firstLoad(language) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, storageState: storage });
  await setPrefs(context, { theme: 'dark', language, tz: 'utc' });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  let bytes = 0;
  let requests = 0;
  const static_ = new Set();
  cdp.on('Network.requestWillBeSent', ({ request }) => {
    requests += 1;
    static_.add(new URL(request.url).pathname);
  });
  cdp.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
  await page.goto(`${base}/?refresh=off`, { waitUntil: 'load' });
  await page.waitForSelector('[data-chart=cpu] canvas', { timeout: POINTS_WAIT_MS });
  await page.waitForTimeout(1_000); // what else the first load asks for
  process.stdout.write(`      first load (${language}): ${(bytes / 1000).toFixed(1)} kB in ${requests} requests\n`);
  check(`home (${language}): first load <= ${FIRST_LOAD_KB_MAX} kB`,
    bytes / 1000 > FIRST_LOAD_KB_MAX ? `${bytes} bytes` : []);
  check(`home (${language}): first load <= ${REQUESTS_MAX} requests`,
    requests > REQUESTS_MAX ? `${requests}: ${[...static_].join(' ')}` : []);
  await context.close();
}

async function homeShowsCpu(language) {
  const { context, page } = await open('/', { language });
  const begun = Date.now();
  let points = 0;
  await page.waitForSelector('[data-chart=cpu]', { timeout: POINTS_WAIT_MS });
  while (Date.now() - begun < POINTS_WAIT_MS) {
    await page.waitForSelector('[data-chart=cpu] canvas', { timeout: POINTS_WAIT_MS });
    points = await pointsOf(page, 'cpu');
    if (points >= POINTS_MIN) break;
    await page.waitForTimeout(500);
  }
  check(`home (${language}): the CPU chart of this host has ${points} points`,
    points >= POINTS_MIN ? [] : `fewer than ${POINTS_MIN}`);
  await context.close();
}

async function route(name, path, { theme, language, width, height, canvases }) {
  const label = `${name} (${theme}, ${language}${width === undefined ? '' : `, ${width} px`})`;
  const { context, page, seen } = await open(path, { theme, language, ...(width === undefined ? {} : { width, height }) });
  await settled(page);
  if (canvases > 0) {
    await page.waitForFunction((least) => document.querySelectorAll('.plot canvas').length >= least, canvases,
      { timeout: 15_000 }).catch(() => undefined);
  }
  await page.waitForTimeout(400);
  check(`${label}: axe`, await axeViolations(page));
  check(`${label}: geometry`, await geometryProblems(page));
  if (canvases > 0) {
    const drawn = await drawnCanvases(page);
    check(`${label}: ${drawn} canvases drawn`, drawn >= canvases ? [] : `fewer than ${canvases}`);
  }
  check(`${label}: no error, no CSP message`, seen.messages);
  check(`${label}: no foreign request`, seen.foreign);
  await page.screenshot({ path: join(outDir, `${name}-${theme}-${language}${width ?? ''}.png`) });
  await context.close();
}

async function overlays(hostId) {
  const { context, page, seen } = await open('/');
  await settled(page);
  await page.keyboard.press('Control+k');
  await page.waitForSelector('.palette');
  await page.keyboard.type(hostId);
  await page.waitForSelector('.palette [role=option]');
  check('palette: axe', await axeViolations(page));
  await page.screenshot({ path: join(outDir, 'palette.png') });
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/hosts/${hostId}*`);
  check('palette: an instance id leads to its host', []);
  await page.goBack();
  await page.waitForURL((url) => url.pathname.endsWith('/ui/') || url.pathname.endsWith('/ui'));
  check('palette: Back leads to where one was', []);
  await settled(page);
  await page.keyboard.press('?');
  await page.waitForSelector('.keys');
  check('shortcut list: axe', await axeViolations(page));
  await page.keyboard.press('Escape');
  await page.waitForSelector('.keys', { state: 'detached' });
  await page.keyboard.press('t');
  await page.waitForSelector('.time-panel');
  check('time range: axe', await axeViolations(page));
  await page.screenshot({ path: join(outDir, 'time.png') });
  await page.locator('.time-panel input').first().fill('now-1h');
  await page.keyboard.press('Enter');
  await page.waitForURL('**from=now-1h*');
  await page.keyboard.press('g');
  await page.keyboard.press('m');
  await page.waitForURL('**/metrics?from=now-1h*');
  check('the range is kept when a page is left by keyboard', seen.messages);
  await context.close();
}

async function metrics() {
  const { context, page, seen } = await open('/metrics');
  await settled(page);
  await page.locator('.browse a').filter({ hasText: 'CWAgent' }).click();
  await page.waitForURL('**/metrics/CWAgent*');
  await page.locator('.field.big input').fill('cpu_usage_active cpu-total');
  await page.waitForTimeout(600);
  await page.locator('.metric-card').first().click();
  await page.waitForSelector('[data-chart=metrics] canvas');
  check('metrics: a card becomes row a of the graph', await page.locator('.rows tbody tr').count() === 1 ? [] : 'no row');
  check('metrics: graph: axe', await axeViolations(page));
  check('metrics: graph: geometry', await geometryProblems(page));
  await page.screenshot({ path: join(outDir, 'metrics-graph.png') });
  await page.locator('.tabs button').last().click();
  await page.waitForSelector('[data-chart=metrics] .datatable tbody tr');
  check('metrics: the view is in the URL', page.url().includes('view=table') ? [] : page.url());
  const shared = page.url();
  await page.goto(shared);
  await page.waitForSelector('[data-chart=metrics] .datatable tbody tr');
  check('metrics: the link shows the same again', seen.messages);
  await context.close();
}

// What a reader sees when the server is slow, refuses, or goes away.
async function states() {
  const { context, page } = await open('/?from=now-10m&to=now&refresh=off');
  await page.waitForSelector('[data-chart=cpu] canvas');
  await page.route('**/ui/api/query', (request) => request.abort());
  await page.keyboard.press('r');
  await page.waitForSelector('[data-chart=cpu] .badge.warn', { timeout: 10_000 });
  check('stale: the last picture stays, dimmed and dated', await page.locator('[data-chart=cpu] .dimmed canvas').count() === 1
    ? [] : 'no dimmed canvas');
  check('stale: axe', await axeViolations(page));
  await page.screenshot({ path: join(outDir, 'stale.png') });
  await page.unroute('**/ui/api/query');

  const denied = JSON.stringify({ error: { code: 'AccessDenied', message: 'cloudwatch:GetMetricData', requestId: 'r1' } });
  await page.route('**/ui/api/query', (request) => (
    request.fulfill({ status: 403, contentType: 'application/json', body: denied })
  ));
  await page.goto(`${base}/?from=now-11m&to=now&refresh=off`);
  await page.waitForSelector('[data-chart=cpu] .failure');
  check('denied: names the permission', (await page.locator('[data-chart=cpu] .failure').innerText()).includes('GetMetricData')
    ? [] : 'the permission is not named');
  await page.unroute('**/ui/api/query');

  let stopped = false;
  page.on('requestfailed', (request) => { if (request.url().endsWith('/query')) stopped = true; });
  await page.route('**/ui/api/query', () => undefined); // never answers
  await page.goto(`${base}/metrics?from=now-12m&to=now&refresh=off`);
  await page.goto(`${base}/?from=now-12m&to=now&refresh=off`);
  await page.waitForSelector('[data-chart=cpu] .progress', { timeout: 5_000 });
  check('loading: after a second there is progress, and no "no data"', await page.locator('.empty').count() === 0 ? [] : 'empty');
  for (const chart of ['cpu', 'memory', 'network', 'disk']) {
    await page.locator(`[data-chart=${chart}] .progress button`).click();
  }
  await page.waitForTimeout(300);
  check('loading: cancelling every chart closes the stream', stopped ? [] : 'the request goes on');
  await page.unroute('**/ui/api/query');
  await page.locator('[data-chart=cpu] .empty button').click();
  await page.waitForSelector('[data-chart=cpu] canvas');
  check('loading: a stopped chart can be asked again', []);
  await context.close();
}

const themes = ['dark', 'light'];
const languages = ['en', 'ja'];
await guard('sign-in', signIn);
let hostId = '';
await guard('session', async () => { hostId = await session(); });
for (const language of languages) {
  await guard(`first load (${language})`, () => firstLoad(language));
  await guard(`home CPU (${language})`, () => homeShowsCpu(language));
}
const routes = [['home', '/', 4], ['hosts', '/hosts', 0], ['host', `/hosts/${hostId}`, 4], ['metrics', '/metrics', 0],
  ['status', '/status', 0], ['notfound', '/no-such-page', 0]];
for (const [name, path, canvases] of routes) {
  const matrix = full || name === 'home'
    ? themes.flatMap((theme) => languages.map((language) => ({ theme, language })))
    : [{ theme: name === 'host' || name === 'hosts' ? 'dark' : 'light', language: name === 'status' ? 'ja' : 'en' }];
  for (const look of matrix) await guard(`${name} ${look.theme} ${look.language}`, () => route(name, path, { ...look, canvases }));
}
for (const [name, path, width, height, language] of [['home', '/', 400, 820, 'en'], ['host', `/hosts/${hostId}`, 400, 820, 'ja'],
  ['home', '/', 1024, 768, 'ja'], ['host', `/hosts/${hostId}`, 1280, 900, 'ja'], ['metrics', '/metrics', 1024, 768, 'ja'],
  ['home', '/', 3840, 2000, 'en']]) {
  await guard(`${name} ${width}`, () => route(name, path, { theme: 'light', language, width, height, canvases: 0 }));
}
await guard('overlays', () => overlays(hostId));
await guard('metrics', metrics);
await guard('states', states);
await browser.close();

if (process.env.KANSOKU_TEST_REPORT !== undefined) {
  writeFileSync(process.env.KANSOKU_TEST_REPORT, `${JSON.stringify(counts)}\n`);
}
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
process.exit(counts.failed === 0 ? 0 : 1);
