import { describe, expect, it } from 'vitest';
import type { Facet, InsightsTable } from '../src/api/logs';
import { insightsOptions, placeBefore } from '../src/editor/insights';
import { sortFacets } from '../src/pages/logs/Facets';
import { searchFor, sizeOf } from '../src/pages/logs/Compare';
import { addUpdate, emptyTail } from '../src/pages/logs/tailState';
import {
  askOf, chartOf, cutAt, fieldsOf, highlights, logsChange, readLogs, toCsvTable, toggleFilter, toggleLevel,
} from '../src/state/logs';
import { groupsOf, slicePath, slicesOf, viewsOf } from '../src/state/logGroups';
import { tellingPieces } from '../src/state/patterns';
import { EMPTY_STATE, formatUrl, parseUrl, type UrlState } from '../src/state/url';

const after = (state: UrlState, change: Parameters<typeof logsChange>[1]): UrlState => (
  parseUrl(formatUrl({ ...state, ...logsChange(state, change) }))
);

describe('state of the pages of logs', () => {
  it('is the same after it went through the URL', () => {
    const filters = [{ key: 'request.user', op: '!=' as const, value: 'a:b' }];
    const state = after(EMPTY_STATE, {
      text: '"two words" -x', anyCase: true, groups: ['/app/a', 'b'], streams: ['s'], levels: ['error', 'warn'], filters,
      by: { prefix: '/app/', class: 'STANDARD', tags: ['a=b=c', 'team=x'] },
    });
    expect(askOf(readLogs(state), { from: 0, to: 1 }).groupsBy?.tags).toEqual(['a=b=c', 'team=x']);
    expect(askOf(readLogs(EMPTY_STATE), { from: 0, to: 1 })).not.toHaveProperty('groupsBy');
    expect(readLogs(state)).toEqual({
      tab: 'search', text: '"two words" -x', anyCase: true, query: '', groups: ['/app/a', 'b'],
      by: { prefix: '/app/', class: 'STANDARD', tags: ['a=b=c', 'team=x'] }, streams: ['s'],
      levels: ['error', 'warn'], filters, chart: null, measure: null,
    });
  });

  it('keeps what is not its own, and leaves defaults out', () => {
    const state = parseUrl('?var-a=1&level=loud&group=g&from=now-6h');
    expect(formatUrl(after(state, { groups: [] }))).toBe('?from=now-6h&var-a=1');
  });

  it('has the text of the tab that is shown', () => {
    const state = after(EMPTY_STATE, { tab: 'insights', query: 'fields @message' });
    expect(readLogs(state)).toMatchObject({ tab: 'insights', text: '', query: 'fields @message' });
  });

  it('turns filters and levels on and off', () => {
    const only = { key: 'a', op: '=' as const, value: '1' };
    const without = { ...only, op: '!=' as const };
    expect(toggleFilter([], only)).toEqual([only]);
    expect(toggleFilter([only], without)).toEqual([without]);
    expect(toggleFilter([without], without)).toEqual([]);
    expect(toggleLevel([], 'error')).toEqual(['error']);
    expect(toggleLevel(['error'], 'error')).toEqual([]);
    expect(toggleLevel(['error', 'warn', 'info', 'debug'], 'none')).toEqual([]);
  });
});

describe('events', () => {
  it('are highlighted where a search finds them', () => {
    expect(highlights('"a b" -no ?maybe %re% word', [{ key: 'text', op: '~', value: 'T' }]))
      .toEqual(['a b', 'maybe', 'word', 'T']);
    expect(highlights('{ $.a = 1 }', [])).toEqual([]);
    expect(highlights('a=1 b!="x y" "c d"=2 e.f>3 say "x \\"y\\"" a->b /p?q=1', []))
      .toEqual(['say', 'x "y"', 'a->b', '/p?q=1']);
    expect(cutAt('An ERROR (x)', ['error', '(x)'])).toEqual([
      { text: 'An ', hit: false }, { text: 'ERROR', hit: true }, { text: ' ', hit: false },
      { text: '(x)', hit: true },
    ]);
  });

  it('have the paths that the server filters by', () => {
    expect(fieldsOf('{"a":{"b.c":[true,2]},"@x":null}')).toEqual([
      { path: 'a.b\\.c.0', value: 'true' }, { path: 'a.b\\.c.1', value: '2' }, { path: '@@x', value: 'null' },
    ]);
    expect(fieldsOf('plain')).toBeNull();
    expect(fieldsOf('{broken')).toBeNull();
  });
});

const table = (columns: [string, InsightsTable['columns'][number]['kind']][], rows: (string | null)[][]): InsightsTable => ({
  columns: columns.map(([name, kind]) => ({ name, kind })), rows, total: rows.length, partial: false,
});

describe('results of Insights', () => {
  it('are lines where they have times of bin()', () => {
    const chart = chartOf(table([['bin(1m)', 'time'], ['level', 'text'], ['n', 'number']], [
      ['2026-01-01 00:01:00.000', 'error', '2'], ['2026-01-01 00:00:00.000', 'info', '5'],
      ['2026-01-01 00:01:00.000', 'info', null],
    ]));
    const start = Date.UTC(2026, 0, 1);
    expect(chart).toEqual({
      time: [start, start + 60_000],
      series: [{ label: 'error', values: [null, 2] }, { label: 'info', values: [5, null] }],
    });
  });

  it('are a table only where they have none', () => {
    expect(chartOf(table([['@timestamp', 'time'], ['n', 'number']], [['2026-01-01 00:00:00.000', '1'],
      ['2026-01-01 00:01:00.000', '1']]))).toBeNull();
    expect(chartOf(table([['level', 'text'], ['n', 'number']], [['a', '1'], ['b', '2']]))).toBeNull();
  });

  it('are saved as CSV', () => {
    expect(toCsvTable(table([['a', 'text'], ['b', 'text']], [['x,"y"', null], ['=1', '-2']])))
      .toBe('a,b\r\n"x,""y""",\r\n"\'=1",-2\r\n');
  });
});

describe('groups of Insights', () => {
  const groups = table([['level', 'text'], ['n', 'number'], ['avg', 'number']], [
    ['info', '30', '1.5'], ['error', '70', '-2'], ['warn', null, null],
  ]);

  it('are bars or a pie, and lines, events and single rows are not', () => {
    expect(viewsOf(groups, null)).toEqual({ views: ['bars', 'pie', 'table'], automatic: 'pie' });
    expect(viewsOf(groups, 'avg')).toEqual({ views: ['bars', 'table'], automatic: 'bars' });
    expect(viewsOf(table([['a', 'text'], ['n', 'number']], [['x', '3'], ['y', '4']]), null).automatic).toBe('bars');
    expect(viewsOf(table([['n', 'number']], [['3']]), null)).toEqual({ views: ['table'], automatic: 'table' });
    expect(viewsOf(table([['@timestamp', 'time'], ['n', 'number']], [['x', '3'], ['y', '4']]), null).views).toEqual(['table']);
    expect(viewsOf(table([['bin(1m)', 'time'], ['n', 'number']], [['2026-01-01 00:00:00.000', '3'],
      ['2026-01-01 00:01:00.000', '4']]), null)).toEqual({ views: ['line', 'stacked', 'bar', 'table'], automatic: 'line' });
  });

  it('have the chosen column, and say what has no number', () => {
    expect(groupsOf(groups, 'avg')).toEqual({
      measures: ['n', 'avg'], measure: 'avg', unknown: 1,
      groups: [{ label: 'info', value: 1.5 }, { label: 'error', value: -2 }],
    });
    expect(groupsOf(table([['status', 'number'], ['n', 'number']], [['200', '5'], ['502', '1']]), null))
      .toMatchObject({ measure: 'n', groups: [{ label: '200', value: 5 }, { label: '502', value: 1 }] });
  });

  it('are the largest slices and the others, which make a whole', () => {
    const slices = slicesOf([1, 2, 3, 4].map((value) => ({ label: `g${value}`, value })), 3);
    expect(slices.map((one) => [one.label, one.value, one.others])).toEqual([['g4', 4, 0], ['g3', 3, 0], ['', 3, 2]]);
    expect(slices.reduce((sum, one) => sum + one.share, 0)).toBeCloseTo(1);
    expect(slicePath(0, 1, 10).match(/A/g)).toHaveLength(2);
  });

  it('keep how they are drawn in the URL', () => {
    const state = after(EMPTY_STATE, { tab: 'insights', query: 'stats count(*) by a', chart: 'pie', measure: 'n' });
    expect(readLogs(state)).toMatchObject({ chart: 'pie', measure: 'n' });
    expect(formatUrl(after(state, { chart: null, measure: null }))).not.toMatch(/chart|measure/);
  });
});

describe('completion of Insights', () => {
  const docs = [
    { group: 'command', name: 'stats', doc: '' }, { group: 'aggregate', name: 'sum', doc: '' },
    { group: 'operator', name: '+', doc: '' },
  ];
  it('offers commands where one begins, else fields and functions', () => {
    expect(placeBefore('fields a | st')).toEqual({ word: 'st', isCommand: true });
    expect(placeBefore('# note\nfi')).toEqual({ word: 'fi', isCommand: true });
    expect(placeBefore('stats su')).toEqual({ word: 'su', isCommand: false });
    expect(placeBefore('filter a like "x')).toBeNull();
    expect(insightsOptions(docs, ['a'], true).map((one) => one.label)).toEqual(['stats']);
    const inside = insightsOptions(docs, ['a b'], false);
    expect(inside.map((one) => one.label)).toContain('sum');
    expect(inside.find((one) => one.label === 'a b')?.apply).toBe('`a b`');
    expect(inside.map((one) => one.label)).not.toContain('+');
  });
});

describe('live tail', () => {
  const event = { id: '1', time: 0, ingested: 0, level: 'info' as const, group: 'g', stream: 's', message: 'm' };
  it('counts what was stored, not what is shown, and says that it is a part', () => {
    let state = addUpdate(emptyTail, { seen: 2_500, sampled: true, events: [event] }, 0);
    state = addUpdate(state, { seen: 2_500, sampled: true, events: [event] }, 500);
    expect(state).toMatchObject({ rate: 5_000, shownRate: 2, sampled: true });
    expect(state.events).toHaveLength(2);
  });

  it('holds what comes while it is paused', () => {
    const paused = addUpdate({ ...emptyTail, paused: true }, { seen: 3, sampled: false, events: [event] }, 0);
    expect(paused.events).toHaveLength(0);
    expect(paused).toMatchObject({ heldCount: 3, held: [event] });
  });

  it('keeps the newest lines only', () => {
    const many = Array.from({ length: 12 }, (_, i) => ({ ...event, id: String(i) }));
    const state = addUpdate({ ...emptyTail, max: 5 }, { seen: 12, sampled: false, events: many }, 0);
    expect(state.events.map((one) => one.id)).toEqual(['7', '8', '9', '10', '11']);
  });
});

describe('facets and patterns', () => {
  const facet = (name: string, distinct: number, rows = 100): Facet => ({ name, distinct, rows, more: false, values: [] });
  it('puts fields that tell events apart before keys and constants', () => {
    expect(sortFacets([facet('id', 100), facet('one', 1), facet('status', 3), facet('@logStream', 2), facet('@level', 2)])
      .map((one) => one.name)).toEqual(['@logStream', 'status', 'one', 'id']);
  });

  it('finds the events of a pattern by the pieces that no other has', () => {
    expect(tellingPieces('user <*> has logged in from <*>', [])).toEqual(['has logged in from']);
    expect(tellingPieces('<*> - <*>', [])).toEqual([]);
    const json = ['{"level":"info","service":"<*>","msg":"a <*>"}', '{"level":"info","service":"<*>","msg":"b <*>"}'];
    expect(tellingPieces(json[1]!, json)).toEqual(['","msg":"b']);
    expect(tellingPieces('a x <*> y', ['a x <*> z', 'b <*> y', 'a x <*> y'])).toEqual(['a x', 'y']);
  });

  it('leads from what changed to its events', () => {
    const logs = readLogs(EMPTY_STATE);
    const counts = { count: 1, before: 0, effect: 1 };
    expect(searchFor(logs, { name: 'a.b', value: 'x', ...counts }, []))
      .toEqual({ tab: 'search', filters: [{ key: 'a.b', op: '=', value: 'x' }] });
    expect(searchFor(logs, { name: '@level', value: 'error', ...counts }, [])).toEqual({ tab: 'search', levels: ['error'] });
    expect(searchFor(logs, { pattern: 'lost <*>', ...counts }, ['lost <*>']))
      .toEqual({ tab: 'search', filters: [{ key: 'text', op: '~', value: 'lost' }] });
    expect(searchFor(logs, { pattern: '<*>', ...counts }, [])).toBeNull();
    expect([0.1, -0.5, 0.9].map(sizeOf)).toEqual(['small', 'medium', 'large']);
  });
});
