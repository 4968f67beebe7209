// What the pages of logs keep in the URL, and what they make of events and tables. Pure.
import { LEVELS, type GroupsBy, type InsightsTable, type Level, type LogAsk } from '../api/logs';
import type { Range } from '../api/types';
import type { Filter, UrlState } from './url';

export const TABS = ['search', 'patterns', 'compare', 'insights'] as const;
export type Tab = (typeof TABS)[number];

export interface LogState {
  tab: Tab;
  text: string;
  anyCase: boolean; // upper and lower case of the text alike
  query: string; // of Insights
  groups: string[];
  by: GroupsBy; // which groups, beside named ones
  streams: string[];
  levels: Level[]; // empty: all
  filters: Filter[];
  chart: string | null; // of a result of Insights; null: as its shape says
  measure: string | null; // the column that a chart by group draws
}

const OWN = ['group', 'stream', 'level', 'case', 'chart', 'measure', 'gprefix', 'gclass', 'gtag'];

export const NO_CHOICE: GroupsBy = { prefix: '', class: '', tags: [] };

const valuesOf = (state: UrlState, key: string): string[] => (
  state.other.filter(([name]) => name === key).map(([, value]) => value)
);

export function readLogs(state: UrlState): LogState {
  const tab = TABS.find((one) => one === state.view) ?? 'search';
  const q = state.queries[0] ?? '';
  return {
    tab, text: tab === 'insights' ? '' : q,
    anyCase: valuesOf(state, 'case').includes('any'), query: tab === 'insights' ? q : '',
    groups: valuesOf(state, 'group'),
    by: {
      prefix: valuesOf(state, 'gprefix')[0] ?? '', class: valuesOf(state, 'gclass')[0] ?? '',
      tags: valuesOf(state, 'gtag'),
    },
    streams: valuesOf(state, 'stream'),
    levels: LEVELS.filter((level) => valuesOf(state, 'level').includes(level)),
    filters: state.filters,
    chart: valuesOf(state, 'chart')[0] ?? null, measure: valuesOf(state, 'measure')[0] ?? null,
  };
}

// Which groups, as keys of the URL: also of links to other pages of logs.
export function groupKeys({ groups, by }: Pick<LogState, 'groups' | 'by'>): [string, string][] {
  const keys: [string, string][] = [
    ...groups.map((one): [string, string] => ['group', one]), ['gprefix', by.prefix], ['gclass', by.class],
    ...by.tags.map((one): [string, string] => ['gtag', one]),
  ];
  return keys.filter(([, value]) => value !== '');
}

// As the server takes them.
export function groupsAsked({ groups, by }: Pick<LogState, 'groups' | 'by'>): Pick<LogAsk, 'groups' | 'groupsBy'> {
  const chooses = by.prefix !== '' || by.class !== '' || by.tags.length > 0;
  return { groups, ...(chooses ? { groupsBy: by } : {}) };
}

// The change of the URL that makes a change of the page.
export function logsChange(state: UrlState, change: Partial<LogState>): Partial<UrlState> {
  const next = { ...readLogs(state), ...change };
  const q = next.tab === 'insights' ? next.query : next.text;
  return {
    view: next.tab === 'search' ? null : next.tab,
    queries: q === '' ? [] : [q],
    filters: next.filters,
    other: [
      ...state.other.filter(([key]) => !OWN.includes(key)),
      ...groupKeys(next),
      ...next.streams.map((one): [string, string] => ['stream', one]),
      ...([['case', next.anyCase ? 'any' : null], ['chart', next.chart], ['measure', next.measure]] as const)
        .flatMap(([key, value]): [string, string][] => (value === null ? [] : [[key, value]])),
      ...(next.levels.length === LEVELS.length ? [] : next.levels)
        .map((one): [string, string] => ['level', one]),
    ],
  };
}

// Patterns of CloudWatch Logs in braces or brackets always tell upper and lower case apart.
export const isPattern = (text: string): boolean => /^\s*[{[]/.test(text);

export function askOf(logs: LogState, range: Range): LogAsk {
  const { text, streams, levels, filters } = logs;
  return { text, anyCase: logs.anyCase && !isPattern(text), ...groupsAsked(logs), streams, levels, filters, range };
}

// A click on a value of a facet: it is asked for, or left out; again, and it is not.
export function toggleFilter(filters: Filter[], wanted: Filter): Filter[] {
  const same = (one: Filter) => one.key === wanted.key && one.value === wanted.value;
  const had = filters.some((one) => same(one) && one.op === wanted.op);
  const others = filters.filter((one) => !same(one));
  return had ? others : [...others, wanted];
}

export function toggleLevel(levels: Level[], level: Level): Level[] {
  if (levels.length === 0) return [level];
  const next = levels.includes(level) ? levels.filter((one) => one !== level) : [...levels, level];
  return next.length === LEVELS.length ? [] : next;
}

// A word of a search box, as the server reads it (src/api/console/log_words.h): a sign, then a field with
// its value, a phrase, an expression, or what is left up to the next blank.
const QUOTED = '"(?:[^"\\\\]|\\\\.)*"';
const NAME = '[\\p{L}_@](?:\\\\.|[\\p{L}\\p{N}_.@/-])*(?<![-/])';
const FIELD = `(?:${QUOTED}|${NAME})(?:!=|!~|>=|<=|=|~|>|<)(?:${QUOTED}|\\S*)`;
const WORD = new RegExp(`([-?](?=\\S))?(?:(${FIELD})|(${QUOTED})|(%[^%]+%)|(\\S+))`, 'gu');

// The words that can be seen in a message: terms and phrases, and the text of fields.
export function highlights(text: string, filters: Filter[]): string[] {
  const words: string[] = [];
  if (!isPattern(text)) {
    for (const [, sign, field, phrase, expression, word] of text.trim().matchAll(WORD)) {
      if (sign === '-' || field !== undefined || expression !== undefined) continue;
      words.push(phrase === undefined ? (word ?? '') : phrase.slice(1, -1).replace(/\\(["\\])/g, '$1'));
    }
  }
  for (const filter of filters) {
    if (filter.key === 'text' && !filter.op.startsWith('!')) words.push(filter.value);
  }
  return [...new Set(words.filter((one) => one !== ''))];
}

export interface Piece {
  text: string;
  hit: boolean;
}

// A text cut at what is highlighted, whatever its case.
export function cutAt(text: string, words: string[]): Piece[] {
  if (words.length === 0) return [{ text, hit: false }];
  const escaped = words.map((one) => one.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const finder = new RegExp(`(${escaped.join('|')})`, 'gi');
  return text.split(finder).map((part, i) => ({ text: part, hit: i % 2 === 1 }))
    .filter((piece) => piece.text !== '');
}

export interface FieldRow {
  path: string;
  value: string;
}

const FIELDS_MAX = 300;

// The leaves of a JSON message by the paths that filters and facets use; null for other messages.
export function fieldsOf(message: string): FieldRow[] | null {
  if (!/^\s*\{/.test(message)) return null;
  let root: unknown;
  try {
    root = JSON.parse(message);
  } catch {
    return null;
  }
  const out: FieldRow[] = [];
  const walk = (value: unknown, path: string): void => {
    if (out.length >= FIELDS_MAX) return;
    if (value !== null && typeof value === 'object') {
      for (const [key, inner] of Object.entries(value)) {
        const name = key.replace(/[.\\]/g, '\\$&');
        const level = path === '' && name.startsWith('@') ? `@${name}` : name;
        walk(inner, path === '' ? level : `${path}.${level}`);
      }
    } else out.push({ path, value: value === null ? 'null' : String(value) });
  };
  walk(root, '');
  return out;
}

export function prettyJson(message: string): string | null {
  if (!/^\s*[{[]/.test(message)) return null;
  try {
    return JSON.stringify(JSON.parse(message), null, 2);
  } catch {
    return null;
  }
}

export interface TableChart {
  time: number[];
  series: { label: string; values: (number | null)[] }[];
}

const SERIES_MAX = 40;

export function readTime(text: string): number {
  return Date.parse(`${text.replace(' ', 'T')}Z`);
}

// A table with times from bin() as lines: one a column of numbers and a group of the other columns.
export function chartOf(table: InsightsTable): TableChart | null {
  const at = table.columns.findIndex(({ name, kind }) => kind === 'time' && !name.startsWith('@'));
  const numbers = table.columns.flatMap(({ kind }, i) => (kind === 'number' ? [i] : []));
  if (at < 0 || numbers.length === 0 || table.rows.length < 2) return null;
  const others = table.columns.flatMap((_, i) => (i === at || numbers.includes(i) ? [] : [i]));
  const time = [...new Set(table.rows.map((row) => readTime(row[at] ?? '')))]
    .filter((ms) => !Number.isNaN(ms)).sort((a, b) => a - b);
  const places = new Map(time.map((ms, i) => [ms, i]));
  const series = new Map<string, (number | null)[]>();
  for (const row of table.rows) {
    const place = places.get(readTime(row[at] ?? ''));
    if (place === undefined) continue;
    const group = others.map((i) => row[i] ?? '–').join(' · ');
    for (const i of numbers) {
      const name = table.columns[i]!.name;
      const label = group === '' ? name : numbers.length === 1 ? group : `${group} · ${name}`;
      let values = series.get(label);
      if (values === undefined) {
        if (series.size >= SERIES_MAX) continue;
        values = new Array<number | null>(time.length).fill(null);
        series.set(label, values);
      }
      const value = Number(row[i]);
      values[place] = row[i] === null || Number.isNaN(value) ? null : value;
    }
  }
  return { time, series: [...series].map(([label, values]) => ({ label, values })) };
}

export function toCsvTable(table: InsightsTable): string {
  const field = (text: string | null): string => {
    const value = text ?? '';
    const guarded = /^[=+@\t]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(guarded) || guarded !== value ? `"${guarded.replaceAll('"', '""')}"` : guarded;
  };
  const lines = [table.columns.map((one) => one.name), ...table.rows];
  return `${lines.map((row) => row.map(field).join(',')).join('\r\n')}\r\n`;
}
