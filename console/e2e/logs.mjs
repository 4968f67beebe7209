// The pages of logs against events that tests/e2e/test_console.py has put: group /e2e/app with 600
// events (60 errors, JSON), group /e2e/spike with errors in its last five minutes only, group /e2e/tail with a line every half second.
import { join } from 'node:path';
import { axeViolations, geometryProblems } from './checks.mjs';

const GROUP = encodeURIComponent('/e2e/app');
const insights = (text) => `/logs?view=insights&group=${GROUP}&q=${encodeURIComponent(text)}`;

async function look(page, seen, check, label, outDir) {
  await page.waitForTimeout(300);
  check(`${label}: axe`, await axeViolations(page));
  check(`${label}: geometry`, await geometryProblems(page));
  check(`${label}: no error, no CSP message`, seen.messages);
  await page.screenshot({ path: join(outDir, `${label.replace(/\W+/g, '-')}.png`) });
}

async function search({ open, check, outDir }, { theme, language }) {
  const label = `logs search (${theme}, ${language})`;
  const { context, page, seen } = await open(`/logs?group=${GROUP}`, { theme, language });
  await page.waitForSelector('[data-event]');
  await page.waitForSelector('[data-histogram="600"]');
  const bars = await page.locator('.histogram rect.bar.error').count();
  check(`${label}: the histogram has errors in red`, bars > 0 ? [] : 'no bar');
  await look(page, seen, check, label, outDir);
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-opened] .fields');
  check(`${label}: j, j, Enter opens the second event`,
    await page.locator('[data-event]').nth(1).getAttribute('aria-expanded') === 'true' ? [] : 'another one');
  await page.locator('[data-action=context]').click();
  await page.waitForSelector('.around .it');
  check(`${label}: the context has the event in its middle`,
    await page.locator('.around .logline').count() > 2 ? [] : 'nothing around it');
  await look(page, seen, check, `${label} opened`, outDir);
  await context.close();
}

async function narrowing({ open, check }) {
  const { context, page, seen } = await open(`/logs?group=${GROUP}`);
  await page.waitForSelector('[data-histogram="600"]');
  await page.locator('[data-level=error]').click();
  await page.waitForSelector('[data-histogram="60"]');
  check('logs: a level narrows the search, in the URL', page.url().includes('level=error') ? [] : page.url());
  await page.goBack();
  await page.waitForSelector('[data-histogram="600"]');
  await page.locator('.facetvalue').filter({ hasText: 'orders' }).first().click();
  await page.waitForURL('**f=*');
  await page.waitForSelector('[data-histogram="200"]');
  await page.locator('.searchbox input').fill('declined');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.logtext mark');
  check('logs: what matches is marked', []);
  const shared = page.url();
  await page.goto(shared);
  await page.waitForSelector('.logtext mark');
  const box = await page.locator('.histogram').boundingBox();
  await page.mouse.move(box.x + box.width * 0.3, box.y + 30);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.9, box.y + 30, { steps: 4 });
  await page.mouse.up();
  await page.locator('.histogram [data-action=zoom]').click();
  await page.waitForURL(/from=\d{13}.*to=\d{13}/);
  check('logs: dragging across the histogram zooms', seen.messages);
  const brushed = new URL(page.url()).searchParams;
  const length = Number(brushed.get('to')) - Number(brushed.get('from'));
  check('logs: the zoom is as long as what was dragged', Math.abs(length - 0.6 * 3_600_000) < 60_000 ? [] : `${length} ms`);
  await page.locator('.searchbox input').fill('{ $.level = ');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.wherewrong[data-position]');
  check('logs: a broken pattern says where', []);
  await context.close();
}

async function fields({ open, check, outDir }) {
  const { context, page, seen } = await open(`/logs?group=${GROUP}`);
  await page.waitForSelector('[data-histogram="600"]');
  const ask = async (text, count) => {
    await page.locator('.searchbox input').fill(text);
    await page.keyboard.press('Enter');
    await page.waitForSelector(`[data-histogram="${count}"]`);
  };
  await ask('status>=500 service=orders -"request completed"', 20);
  await ask('DECLINED', 0);
  await page.locator('[data-action=case]').click();
  await page.waitForSelector('[data-histogram="60"]');
  check('logs: case is in the URL', page.url().includes('case=any') ? [] : page.url());
  check('logs: alike says what it costs', await page.locator('.casecost').count() === 1 ? [] : 'no word');
  await look(page, seen, check, 'logs fields and case (dark, en)', outDir);
  await page.locator('.searchbox input').fill('日本 status=*5');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.wherewrong u');
  check('logs: an error behind Japanese is underlined at its sign',
    await page.locator('.wherewrong u').innerText() === '*' ? [] : await page.locator('.wherewrong').innerText());
  await page.locator('[data-action=help]').click();
  await page.waitForSelector('.searchhelp');
  await look(page, seen, check, 'logs help (dark, en)', outDir);
  await page.keyboard.press('Escape');
  await context.close();
}

async function chooseGroups({ open, check, outDir }) {
  const { context, page, seen } = await open('/logs');
  await page.waitForSelector('[data-event]');
  await page.locator('.pickerbutton').click();
  await page.waitForSelector('.grouplist li');
  await page.locator('[data-choice=tag]').selectOption('team=shop');
  await page.waitForSelector('[data-histogram="600"]');
  check('log groups by tag: in the URL', page.url().includes('gtag=team%3Dshop') ? [] : page.url());
  await look(page, seen, check, 'logs groups by tag (dark, en)', outDir);
  await page.locator('.grouplist input').first().fill('/e2e/a');
  await page.locator('[data-action=prefix]').click();
  await page.waitForURL(/gprefix=%2Fe2e%2Fa/);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await page.locator('.palette input').fill('2e/ap');
  await page.locator('.palette [role=option]').filter({ hasText: '/e2e/app' }).first().click();
  await page.waitForURL(/logs\?group=%2Fe2e%2Fapp/);
  check('the palette finds a log group', seen.messages);
  await context.close();
}

async function compare({ open, check, outDir }, { theme, language }) {
  const label = `logs compare (${theme}, ${language})`;
  const { context, page, seen } = await open(`/logs?group=${GROUP}`, { theme, language });
  await page.waitForSelector('[data-histogram="600"]');
  // The last quarter of an hour, by the keyboard: its window before is the 40 minutes with events.
  await page.locator('.histogram').focus();
  await page.keyboard.press('End');
  for (let i = 0; i < 11; i += 1) await page.keyboard.press('Shift+ArrowLeft');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.histogram .selection');
  await look(page, seen, check, `${label} selection`, outDir);
  await page.locator('.histogram [data-action=compare]').click();
  await page.waitForURL(/view=compare/);
  await page.waitForSelector('[data-compare] .sides');
  await look(page, seen, check, label, outDir);
  const texts = await page.locator('[data-compare] .card').allInnerTexts();
  check(`${label}: what is alike on both sides is not listed`,
    texts.some((one) => /service = /.test(one)) ? texts.join('; ') : []);
  // When the events were put: those of the spike are of the five minutes before.
  const end = Number(process.env.KANSOKU_EVENTS_PUT_MS ?? Date.now());
  const spike = `view=compare&group=${encodeURIComponent('/e2e/spike')}&from=${end - 300_000}&to=${end}`;
  await page.goto(`${page.url().split('?')[0]}?${spike}`);
  await page.waitForSelector('.compare');
  const changed = await page.locator('[data-compare]').innerText();
  check(`${label}: the pattern and the field of the spike are listed`,
    ['upstream timed out', 'status = 502'].filter((one) => !changed.includes(one)));
  await look(page, seen, check, `${label} of a spike`, outDir);
  await page.locator('.compare tr').filter({ hasText: 'upstream timed out' }).locator('.linkbutton').first().click();
  await page.waitForSelector('[data-histogram="50"]');
  check(`${label}: a count leads to its events`, seen.messages);
  await context.close();
}

async function patterns({ open, check, outDir }) {
  const { context, page, seen } = await open(`/logs?view=patterns&group=${GROUP}`, { theme: 'light', language: 'ja' });
  await page.waitForSelector('.patterns tbody tr');
  const rows = await page.locator('.patterns tbody tr').count();
  check(`logs patterns: 600 events are ${rows} patterns`, rows >= 2 && rows <= 10 ? [] : 'not a few');
  await look(page, seen, check, 'logs patterns (light, ja)', outDir);
  await context.close();
}

async function query({ open, check, outDir }, { theme, language }) {
  const label = `logs insights (${theme}, ${language})`;
  const { context, page, seen } = await open(insights('stats count(*) as n by bin(5m), level'), { theme, language });
  await page.waitForSelector('[data-chart=insights] canvas', { timeout: 20_000 });
  await page.waitForSelector('.insightstable tbody tr[data-index]');
  await page.waitForSelector('.insights .cm-content');
  const legend = await page.locator('[data-chart=insights] .legend-label').allInnerTexts();
  check(`${label}: bin() draws a line a level`, ['error', 'info'].every((one) => legend.includes(one)) ? [] : String(legend));
  await look(page, seen, check, label, outDir);
  await page.locator('.insights .cm-content').click();
  await page.keyboard.press('Control+a');
  await page.keyboard.type('fields @message | limt 3');
  await page.keyboard.press('Control+Enter');
  await page.waitForSelector('.insights .cm-wrong');
  const wrong = await page.locator('.insights .cm-wrong').innerText();
  check(`${label}: the error is underlined where it is`, wrong === 'limt' ? [] : wrong);
  await page.keyboard.press('Control+a');
  await page.keyboard.type('stats su', { delay: 30 });
  await page.waitForSelector('.cm-tooltip-autocomplete li');
  const options = await page.locator('.cm-tooltip-autocomplete').innerText();
  check(`${label}: completion knows the functions`, options.includes('sum') ? [] : options);
  await page.keyboard.press('Escape');
  await context.close();
}

async function byGroup({ open, check, outDir }) {
  const { context, page, seen } = await open(insights('stats count(*) as n by service, level'));
  await page.waitForSelector('[data-groups=bars] li');
  check('insights by group: a bar a group', await page.locator('[data-groups=bars] li').count() === 6 ? [] : 'not six');
  await look(page, seen, check, 'logs insights bars (dark, en)', outDir);
  await page.locator('[data-view-button=pie]').focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-groups=pie] path.slice');
  check('insights by group: the pie is in the URL', page.url().includes('chart=pie') ? [] : page.url());
  check('insights by group: the table is still there',
    await page.locator('.insightstable tbody tr[data-index]').count() === 6 ? [] : 'not six rows');
  await look(page, seen, check, 'logs insights pie (dark, en)', outDir);
  await page.goBack();
  await page.waitForSelector('[data-groups=bars]');
  await context.close();
}

async function tail({ open, check, outDir }) {
  const { context, page, seen } = await open(`/logs/tail?group=${encodeURIComponent('/e2e/tail')}`);
  await page.waitForSelector('.live.on');
  await page.waitForSelector('[data-event]', { timeout: 15_000 });
  check('live tail: a line appears as it is stored', []);
  await look(page, seen, check, 'live tail (dark, en)', outDir);
  await page.locator('[data-action=pause]').click();
  await page.waitForSelector('[data-action=pause][aria-pressed=true]');
  const shown = await page.locator('[data-event]').count();
  await page.waitForSelector('button.badge.info', { timeout: 15_000 });
  await page.waitForTimeout(1_200);
  check('live tail: nothing moves while it is paused', await page.locator('[data-event]').count() === shown ? [] : 'it moved');
  await context.close();
}

async function groups({ open, check, outDir }) {
  const { context, page, seen } = await open(`/logs/groups?sel=${GROUP}`, { theme: 'light', language: 'ja' });
  await page.waitForSelector('.streams tbody tr');
  await look(page, seen, check, 'log groups (light, ja)', outDir);
  const select = page.locator('.grouptable select').first();
  await select.selectOption('7');
  await page.waitForTimeout(500);
  await page.reload();
  await page.waitForSelector('.grouptable select');
  check('log groups: retention is kept', await page.locator('.grouptable select').first().inputValue() === '7' ? [] : 'not 7');
  await context.close();
}

async function fromMetric({ open, check }) {
  const { context, page, seen } = await open('/?from=now-15m&to=now');
  await page.waitForSelector('[data-chart=cpu] canvas', { timeout: 30_000 });
  const box = await page.locator('[data-chart=cpu] .u-over').boundingBox();
  await page.mouse.move(box.x + box.width * 0.4, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, box.y + 40, { steps: 4 });
  await page.mouse.up();
  await page.locator('.selection [data-action=logs]').click();
  await page.waitForURL(/\/logs\?from=\d{13}&to=\d{13}/);
  check('a range dragged in a chart leads to its logs', seen.messages);
  await context.close();
}

export async function logs(tools) {
  const { guard, full } = tools;
  const looks = [{ theme: 'dark', language: 'en' }, { theme: 'light', language: 'ja' },
    ...(full ? [{ theme: 'dark', language: 'ja' }, { theme: 'light', language: 'en' }] : [])];
  for (const one of looks) {
    await guard(`logs search ${one.theme}`, () => search(tools, one));
    await guard(`logs compare ${one.theme}`, () => compare(tools, one));
    await guard(`logs insights ${one.theme}`, () => query(tools, one));
  }
  await guard('logs narrowing', () => narrowing(tools));
  await guard('logs fields', () => fields(tools));
  await guard('logs groups chosen', () => chooseGroups(tools));
  await guard('logs patterns', () => patterns(tools));
  await guard('insights by group', () => byGroup(tools));
  await guard('live tail', () => tail(tools));
  await guard('log groups', () => groups(tools));
  await guard('from a metric to its logs', () => fromMetric(tools));
}
