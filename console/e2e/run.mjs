// Browser tests against a running server: node e2e/run.mjs URL [CREDENTIALS_FILE] [OUT_DIR] [--full]
// Prints `N passed, N failed` at the end; exit code 1 on a failure. KANSOKU_TEST_REPORT=FILE also
// writes the counts as JSON. --full: every route in both themes and both languages. --logs: the pages of
// logs too (see logs.mjs for the events they expect); --only-logs: nothing else.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch, readCredentials, setPrefs, signInWhenAsked } from './browser.mjs';
import { logs } from './logs.mjs';
import { axeViolations, drawnCanvases, geometryProblems, pointsOf, watch } from './checks.mjs';

const FIRST_LOAD_KB_MAX = 400;
const REQUESTS_MAX = 20;
const POINTS_MIN = 3;
const POINTS_WAIT_MS = 20_000;

const args = process.argv.slice(2).filter((one) => !one.startsWith('--'));
const full = process.argv.includes('--full');
const onlyLogs = process.argv.includes('--only-logs');
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

function rowUrl(rows, range = 'from=now-15m&to=now') {
  return `/metrics?${range}&${rows.map((row) => `q=${encodeURIComponent(JSON.stringify(row))}`).join('&')}`;
}

// Three languages in one graph, completion, errors at their place, and the same query in another.
async function languageRows(hostId, { theme, language }) {
  const label = `three languages (${theme}, ${language})`;
  const rows = [
    { n: 'CWAgent', m: 'cpu_usage_active', d: { InstanceId: hostId, cpu: 'cpu-total' } },
    { q: 'promql', e: 'cpu_usage_user{__namespace__="CWAgent",cpu="cpu-total"}' }, { q: 'math', e: 'a * 2' },
    { q: 'sql', e: 'SELECT MAX(cpu_usage_system) FROM SCHEMA("CWAgent", InstanceId, cpu) GROUP BY cpu' },
  ];
  const { context, page, seen } = await open(rowUrl(rows), { theme, language });
  await page.waitForSelector('[data-chart=metrics] canvas');
  await page.waitForFunction(() => document.querySelectorAll('.rows .cm-content').length === 3);
  // PromQL sees the cells of the host once a minute has closed.
  await page.waitForFunction(() => ['a', 'b', 'c', 'd'].every((id) => (
    [...document.querySelectorAll('.legend-label')].some((one) => one.textContent.startsWith(`${id} · `))
  )), undefined, { timeout: 90_000, polling: 500 }).catch(() => undefined);
  const legend = await page.locator('.legend-label').allInnerTexts();
  check(`${label}: every row is drawn`, ['a', 'b', 'c', 'd']
    .filter((id) => !legend.some((one) => one.startsWith(`${id} · `))).map((id) => `no line of ${id}: ${legend}`));
  const costs = await page.locator('.rows .cost').count();
  check(`${label}: every row says what it cost`, costs === 4 ? [] : `${costs} of 4`);
  check(`${label}: axe`, await axeViolations(page));
  check(`${label}: geometry`, await geometryProblems(page));
  await page.screenshot({ path: join(outDir, `languages-${theme}-${language}.png`) });
  check(`${label}: no error, no CSP message`, seen.messages);
  await context.close();
}

async function editing(hostId) {
  const { context, page, seen } = await open('/metrics');
  await settled(page);
  await page.locator('[data-add=promql]').click();
  await page.waitForSelector('.rows .cm-content');
  await page.locator('.rows .cm-content').click();
  await page.keyboard.type('sum(cpu_usage_act', { delay: 20 });
  await page.waitForSelector('.cm-tooltip-autocomplete li');
  const options = await page.locator('.cm-tooltip-autocomplete').innerText();
  check('editor: completion knows the stored metrics', options.includes('cpu_usage_active') ? [] : options);
  await page.screenshot({ path: join(outDir, 'completion.png') });
  check('editor: completion: axe', await axeViolations(page));
  await page.waitForTimeout(200); // a list that has just opened takes no key yet
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('.rows .cm-content').textContent.includes('cpu_usage_active'));
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.waitForURL('**cpu_usage_active*');
  check('editor: Enter runs, and the text is in the URL', []);
  await page.goto(base + rowUrl([{ q: 'promql', e: 'sum(rate(x[5m)' }, { q: 'math', e: '1 + nope' },
    { q: 'sql', e: 'SELECT AVG(m) FRM "N"' }]));
  await page.waitForFunction(() => document.querySelectorAll('.cm-wrong').length === 3);
  const wrong = await page.locator('.cm-wrong').allInnerTexts();
  check('editor: errors are underlined at their place', wrong.join(' ') === ') nope FRM' ? [] : wrong.join(' '));
  check('editor: errors: axe', await axeViolations(page));
  await page.screenshot({ path: join(outDir, 'errors.png') });

  await page.goto(base + rowUrl([{ n: 'CWAgent', m: 'cpu_usage_active', p: 60,
    d: { InstanceId: hostId, cpu: 'cpu-total' } }]));
  await page.locator('.rowactions .menu button').click();
  await page.locator('.menu-item').first().click();
  await page.waitForFunction(() => document.querySelectorAll('.rows tbody tr').length === 2);
  await page.waitForSelector('.rows .cm-content');
  const same = await page.locator('.rows .cm-content').innerText();
  check('row: the same query in PromQL', same.replace(/\n/g, '').startsWith('avg_over_time(cpu_usage_active{__namespace__="CWAgent"')
    ? [] : same);
  await page.locator('.rowactions button[aria-pressed]').first().click();
  await page.waitForURL((url) => url.search.includes('%22h%22'));
  check('row: hidden is in the URL', seen.messages);
  await context.close();
}

async function cardinality() {
  const { context, page, seen } = await open('/cardinality');
  await page.waitForSelector('.cardinality tbody tr');
  const numbers = async () => (await page.locator('.cardinality tbody td.number:nth-child(2)').allInnerTexts()).map(Number);
  const first = await numbers();
  check('cardinality: the most series first', first.every((one, i) => i === 0 || first[i - 1] >= one) ? [] : first.join());
  await page.locator('.cardinality th button').nth(1).click();
  await page.waitForSelector('.cardinality th[aria-sort=ascending]');
  const upward = await numbers();
  check('cardinality: sorts the other way', upward.every((one, i) => i === 0 || upward[i - 1] <= one) ? [] : upward.join());
  for (const tab of [1, 2, 3]) {
    await page.locator('.tabs button').nth(tab).click();
    await page.waitForSelector('.cardinality tbody tr');
    check(`cardinality: view ${tab}: axe`, await axeViolations(page));
  }
  check('cardinality: the view is in the URL', page.url().includes('view=unread') ? [] : page.url());
  await page.screenshot({ path: join(outDir, 'unread.png') });
  await page.locator('.cardinality tbody a').first().click();
  await page.waitForURL('**/metrics?*');
  await page.waitForSelector('.rows .cm-content');
  check('cardinality: a row leads to its query', seen.messages);
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
async function everything() {
  for (const language of languages) {
    await guard(`first load (${language})`, () => firstLoad(language));
    await guard(`home CPU (${language})`, () => homeShowsCpu(language));
  }
  const routes = [['home', '/', 4], ['hosts', '/hosts', 0], ['host', `/hosts/${hostId}`, 4], ['metrics', '/metrics', 0],
    ['cardinality', '/cardinality', 0],
    ['status', '/status', 0], ['notfound', '/no-such-page', 0]];
  for (const [name, path, canvases] of routes) {
    const matrix = full || name === 'home'
      ? themes.flatMap((theme) => languages.map((language) => ({ theme, language })))
      : [{ theme: name === 'host' || name === 'hosts' ? 'dark' : 'light', language: name === 'status' ? 'ja' : 'en' }];
    for (const look of matrix) await guard(`${name} ${look.theme} ${look.language}`, () => route(name, path, { ...look, canvases }));
  }
  for (const [name, path, width, height, language] of [['home', '/', 400, 820, 'en'], ['host', `/hosts/${hostId}`, 400, 820, 'ja'],
    ['home', '/', 1024, 768, 'ja'], ['host', `/hosts/${hostId}`, 1280, 900, 'ja'], ['metrics', '/metrics', 1024, 768, 'ja'], ['cardinality', '/cardinality', 1024, 768, 'ja'],
    ['home', '/', 3840, 2000, 'en']]) {
    await guard(`${name} ${width}`, () => route(name, path, { theme: 'light', language, width, height, canvases: 0 }));
  }
  await guard('overlays', () => overlays(hostId));
  await guard('metrics', metrics);
  for (const look of full ? themes.flatMap((theme) => languages.map((language) => ({ theme, language })))
    : [{ theme: 'dark', language: 'en' }, { theme: 'light', language: 'ja' }]) {
    await guard(`three languages ${look.theme} ${look.language}`, () => languageRows(hostId, look));
  }
  await guard('editing', () => editing(hostId));
  await guard('cardinality', cardinality);
  await guard('states', states);
}

if (!onlyLogs) await everything();
if (onlyLogs || process.argv.includes('--logs')) await logs({ open, check, guard, outDir, full });
await browser.close();

if (process.env.KANSOKU_TEST_REPORT !== undefined) {
  writeFileSync(process.env.KANSOKU_TEST_REPORT, `${JSON.stringify(counts)}\n`);
}
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
process.exit(counts.failed === 0 ? 0 : 1);
