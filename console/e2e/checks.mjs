// What is looked at on every page: accessibility, geometry, drawn canvases, messages, requests.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

// Collects everything that must not happen while a page is open.
export function watch(page, origin) {
  const seen = { messages: [], foreign: [], requests: [] };
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning'
      || /content security policy/i.test(message.text())) seen.messages.push(message.text());
  });
  page.on('pageerror', (error) => seen.messages.push(String(error)));
  page.on('request', (request) => {
    const url = new URL(request.url());
    seen.requests.push(url.pathname);
    if (url.origin !== origin && !['data:', 'blob:'].includes(url.protocol)) seen.foreign.push(request.url());
  });
  return seen;
}

// The content security policy forbids injected script elements, so axe comes in over the debugger.
export async function axeViolations(page) {
  await page.evaluate(AXE);
  return page.evaluate(async (tags) => {
    const result = await globalThis.axe.run(document, { runOnly: { type: 'tag', values: tags } });
    return result.violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3)
      .map((node) => `${node.target.join(' ')} (${(node.any[0]?.message ?? '').slice(0, 140)})`).join('; ')}`);
  }, AXE_TAGS);
}

// The header is in view, nothing sticks out sideways, cards do not lie on each other.
export async function geometryProblems(page) {
  return page.evaluate(() => {
    const problems = [];
    const header = document.querySelector('.topbar')?.getBoundingClientRect();
    if (header === undefined || header.top !== 0 || header.height < 40) problems.push('the top bar is not in view');
    const main = document.querySelector('main');
    if (main !== null && main.scrollWidth > main.clientWidth + 1) {
      const wide = [...main.querySelectorAll('*')].find((one) => (
        one.getBoundingClientRect().right > main.getBoundingClientRect().right + 1 && one.closest('.scroll, .datatable') === null
      ));
      problems.push(`main is ${main.scrollWidth} wide in ${main.clientWidth}: ${wide?.className ?? ''}`);
    }
    if (document.documentElement.scrollWidth > window.innerWidth) problems.push('the document scrolls sideways');
    for (const button of document.querySelectorAll('.topbar button, .nav-link, .tabs button')) {
      if (button.scrollWidth > button.clientWidth + 1 && getComputedStyle(button).overflow === 'visible'
        && button.clientWidth > 0) problems.push(`text is cut or spills: ${button.textContent}`);
    }
    const cards = [...document.querySelectorAll('.card, .tile')].filter((one) => one.parentElement?.closest('.card') === null);
    const boxes = cards.map((one) => one.getBoundingClientRect());
    for (let i = 0; i < boxes.length; i += 1) {
      for (let j = i + 1; j < boxes.length; j += 1) {
        const a = boxes[i];
        const b = boxes[j];
        if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1) {
          problems.push(`cards overlap: ${cards[i].className} ${cards[j].className}`);
        }
      }
    }
    return problems;
  });
}

// How many of the canvases in view hold more than one colour.
export async function drawnCanvases(page) {
  return page.evaluate(() => [...document.querySelectorAll('.plot canvas')].filter((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set();
    for (let i = 0; i < data.length && colours.size < 4; i += 4 * 7) {
      if (data[i + 3] > 0) colours.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
    }
    return colours.size > 1;
  }).length);
}

// The points of a chart, read as a person with a screen reader would: from its data table.
export async function pointsOf(page, chart) {
  const card = page.locator(`[data-chart="${chart}"]`);
  await card.scrollIntoViewIfNeeded();
  await card.locator('[data-action=table]').click();
  await card.locator('.datatable tbody tr').first().waitFor();
  const rows = await card.locator('.datatable tbody tr').evaluateAll((all) => all.filter((row) => (
    [...row.querySelectorAll('td')].some((cell) => cell.textContent !== '')
  )).length);
  await card.locator('[data-action=table]').click();
  return rows;
}
