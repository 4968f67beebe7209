// The rows a, b, c of the Metrics page, one compact text each in the URL. Pure.
import type { Dimensions, Metric, MetricQuery } from '../api/types';

export interface Row {
  namespace: string;
  metric: string;
  dimensions: Dimensions;
  match: 'exact' | 'subset';
  stat: string;
  period: number;
  rate: boolean;
  axis: 'left' | 'right';
  colour: number | null;
  label: string;
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

export function rowFromMetric(metric: Metric): Row {
  const rate = isDelta(metric.name);
  return {
    namespace: metric.namespace, metric: metric.name, dimensions: metric.dimensions, match: 'exact',
    stat: rate ? 'Sum' : 'Average', period: 0, rate, axis: 'left', colour: null, label: '',
  };
}

export function formatRow(row: Row): string {
  const compact: Record<string, unknown> = { n: row.namespace, m: row.metric, d: row.dimensions };
  if (row.match === 'subset') compact['x'] = 1;
  if (row.stat !== 'Average') compact['s'] = row.stat;
  if (row.period !== 0) compact['p'] = row.period;
  if (row.rate) compact['r'] = 1;
  if (row.axis === 'right') compact['y'] = 1;
  if (row.colour !== null) compact['c'] = row.colour;
  if (row.label !== '') compact['l'] = row.label;
  return JSON.stringify(compact);
}

function isDimensions(value: unknown): value is Dimensions {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    && Object.values(value).every((one) => typeof one === 'string');
}

export function parseRow(text: string): Row | null {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof raw !== 'object' || raw === null) return null;
  const { n, m, d, x, s, p, r, y, c, l } = raw as Record<string, unknown>;
  if (typeof n !== 'string' || typeof m !== 'string' || !isDimensions(d)) return null;
  return {
    namespace: n, metric: m, dimensions: d, match: x === 1 ? 'subset' : 'exact',
    stat: typeof s === 'string' ? s : 'Average',
    period: typeof p === 'number' && Number.isInteger(p) && p >= 0 ? p : 0,
    rate: r === 1, axis: y === 1 ? 'right' : 'left',
    colour: typeof c === 'number' && Number.isInteger(c) && c >= 0 ? c : null,
    label: typeof l === 'string' ? l : '',
  };
}

export function rowQuery(row: Row): MetricQuery {
  const { namespace, metric, dimensions, match, stat, period } = row;
  return { namespace, metric, dimensions, match, stat, period };
}

export function rowName(index: number): string {
  return index < 26 ? String.fromCharCode(97 + index) : `a${index}`;
}
