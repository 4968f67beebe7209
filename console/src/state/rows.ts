// The rows a, b, c of the Metrics page, one compact text each in the URL. Pure.
import type { AnyQuery, Dimensions, ExpressionLanguage, ExpressionQuery, Metric, MetricQuery, Operand }
  from '../api/types';

export type RowLanguage = 'metric' | ExpressionLanguage;
export const LANGUAGES: RowLanguage[] = ['metric', 'promql', 'math', 'sql'];

export interface Row {
  lang: RowLanguage;
  id: string; // as metric math names it; empty: the letter of its place
  text: string; // of an expression; the metric's fields are empty then
  namespace: string;
  metric: string;
  dimensions: Dimensions;
  match: 'exact' | 'subset';
  stat: string;
  period: number;
  rate: boolean;
  axis: 'auto' | 'left' | 'right';
  colour: number | null;
  label: string;
  hidden: boolean;
}

export const STATS = [
  'Average', 'Minimum', 'Maximum', 'Sum', 'SampleCount', 'p50', 'p90', 'p95', 'p99', 'tm99', 'IQM',
];
// Seconds; 0 lets the server choose.
export const PERIODS = [0, 1, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400];

// Names that count what happened since the sample before: their sum over time is a rate.
const DELTA = new RegExp('^(diskio_(reads|writes|read_bytes|write_bytes|read_time|write_time|io_time)'
  + '|net_(bytes|packets|err|drop)_(sent|recv|in|out)|pressure_.*_stall_time'
  + '|Network(In|Out|PacketsIn|PacketsOut)|Disk(Read|Write)(Bytes|Ops))$');

export function isDelta(metric: string): boolean {
  return DELTA.test(metric);
}

const EMPTY_ROW: Row = {
  lang: 'metric', id: '', text: '', namespace: '', metric: '', dimensions: {}, match: 'exact', stat: 'Average',
  period: 0, rate: false, axis: 'auto', colour: null, label: '', hidden: false,
};

export function metricRow(query: MetricQuery, more: Partial<Row> = {}): Row {
  return { ...EMPTY_ROW, ...query, ...more };
}

export function expressionRow(lang: ExpressionLanguage, text: string, more: Partial<Row> = {}): Row {
  return { ...EMPTY_ROW, lang, text, ...more };
}

export function rowFromMetric(metric: Metric): Row {
  const rate = isDelta(metric.name);
  return {
    ...EMPTY_ROW, namespace: metric.namespace, metric: metric.name, dimensions: metric.dimensions,
    stat: rate ? 'Sum' : 'Average', rate,
  };
}

export function formatRow(row: Row): string {
  const compact: Record<string, unknown> = row.lang === 'metric'
    ? { n: row.namespace, m: row.metric, d: row.dimensions } : { q: row.lang, e: row.text };
  if (row.id !== '') compact['i'] = row.id;
  if (row.match === 'subset') compact['x'] = 1;
  if (row.stat !== 'Average') compact['s'] = row.stat;
  if (row.period !== 0) compact['p'] = row.period;
  if (row.rate) compact['r'] = 1;
  if (row.axis !== 'auto') compact['y'] = row.axis === 'right' ? 1 : 2;
  if (row.colour !== null) compact['c'] = row.colour;
  if (row.label !== '') compact['l'] = row.label;
  if (row.hidden) compact['h'] = 1;
  return JSON.stringify(compact);
}

function isDimensions(value: unknown): value is Dimensions {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    && Object.values(value).every((one) => typeof one === 'string');
}

const ROW_ID = /^[a-z][A-Za-z0-9_]{0,30}$/;

export function isRowId(text: string): boolean {
  return ROW_ID.test(text);
}

export function parseRow(text: string): Row | null {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof raw !== 'object' || raw === null) return null;
  const { n, m, d, q, e, i, x, s, p, r, y, c, l, h } = raw as Record<string, unknown>;
  const isMetric = typeof n === 'string' && typeof m === 'string' && isDimensions(d);
  const isText = typeof e === 'string' && (q === 'promql' || q === 'math' || q === 'sql');
  if (!isMetric && !isText) return null;
  return {
    ...(isText ? { ...EMPTY_ROW, lang: q, text: e }
      : { ...EMPTY_ROW, namespace: n as string, metric: m as string, dimensions: d as Dimensions }),
    id: typeof i === 'string' && isRowId(i) ? i : '',
    match: x === 1 ? 'subset' : 'exact',
    stat: typeof s === 'string' ? s : 'Average',
    period: typeof p === 'number' && Number.isInteger(p) && p >= 0 ? p : 0,
    rate: r === 1, axis: y === 1 ? 'right' : y === 2 ? 'left' : 'auto',
    colour: typeof c === 'number' && Number.isInteger(c) && c >= 0 ? c : null,
    label: typeof l === 'string' ? l : '', hidden: h === 1,
  };
}

export function rowName(index: number): string {
  return index < 26 ? String.fromCharCode(97 + index) : `a${index}`;
}

function freeName(taken: Set<string>, index: number): string {
  for (let at = index; ; at += 1) if (!taken.has(rowName(at))) return rowName(at);
}

// The rows of a URL, each with an id of its own.
export function parseRows(texts: string[]): Row[] {
  const rows = texts.map(parseRow).filter((row) => row !== null);
  const taken = new Set<string>();
  for (const row of rows) {
    if (taken.has(row.id)) row.id = '';
    if (row.id !== '') taken.add(row.id);
  }
  return rows.map((row, index) => {
    if (row.id !== '') return row;
    const id = freeName(taken, index);
    taken.add(id);
    return { ...row, id };
  });
}

// An id is written where it is not the one that the place gives, so that expressions keep their
// operands when a row above them goes.
export function formatRows(rows: Row[]): string[] {
  return rows.map((row, index) => formatRow({ ...row, id: row.id === rowName(index) ? '' : row.id }));
}

export function addRow(rows: Row[], row: Row, at = rows.length): Row[] {
  const taken = new Set(rows.map((one) => one.id));
  const next = [...rows];
  next.splice(at, 0, { ...row, id: freeName(taken, rows.length) });
  return next;
}

// The colour is the row's own, or that of its id, so that it stays when other rows come and go.
export function rowColour(row: Row, index: number): number {
  if (row.colour !== null) return row.colour;
  return /^[a-z]$/.test(row.id) ? row.id.charCodeAt(0) - 97 : index;
}

// The rows that an expression of metric math uses, and those that they use.
export function operandsOf(row: Row, rows: Row[]): Operand[] {
  const found = new Map<string, Operand>();
  const visit = (text: string) => {
    const bare = text.replace(/"[^"]*"|'[^']*'/g, ' ');
    for (const [id] of bare.matchAll(/[a-z][A-Za-z0-9_]*/g)) {
      const other = rows.find((one) => one.id === id && one.id !== row.id);
      if (other === undefined || other.lang === 'promql' || found.has(id)) continue;
      const { namespace, metric, dimensions, match, stat, period } = other;
      found.set(id, other.lang === 'metric' ? { id, namespace, metric, dimensions, match, stat, period }
        : { id, expression: other.text, period });
      if (other.lang === 'math') visit(other.text);
    }
  };
  if (row.lang === 'math') visit(row.text);
  return [...found.values()];
}

export function rowQuery(row: Row, rows: Row[] = []): AnyQuery {
  const { namespace, metric, dimensions, match, stat, period, lang, text } = row;
  if (lang === 'metric') return { namespace, metric, dimensions, match, stat, period };
  return { lang, expression: text, period, operands: operandsOf(row, rows) } satisfies ExpressionQuery;
}
