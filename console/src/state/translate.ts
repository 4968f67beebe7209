// The same question in another language, or null where there is no equal one. Pure.
//
// What PromQL sees of series that accumulate (CloudWatch's) are cells of a minute, each at its end:
// sums, counts, minima and maxima of cells add up to those of a longer period exactly, averages and
// percentiles do not. What it sees of Prometheus' own series are the points themselves.
import type { Dimensions } from '../api/types';
import { expressionRow, metricRow, type Row, type RowLanguage } from './rows';

const MINUTE = 60;
const PLAIN_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const PLAIN_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

function quote(text: string): string {
  return JSON.stringify(text);
}

function promLabel(name: string): string {
  return PLAIN_LABEL.test(name) ? name : quote(name);
}

export function promDuration(seconds: number): string {
  for (const [unit, size] of [['d', 86_400], ['h', 3_600], ['m', 60]] as const) {
    if (seconds >= size && seconds % size === 0) return `${seconds / size}${unit}`;
  }
  return `${seconds}s`;
}

// `absent`: names that other series of the metric have, which an exact set of dimensions excludes.
export function promSelector(
  metric: string, namespace: string, dimensions: Dimensions, absent: string[] = [], stat = '',
): string {
  const matchers = Object.entries(dimensions).map(([name, value]) => (
    value === '*' ? `${promLabel(name)}!=""` : `${promLabel(name)}=${quote(value)}`
  ));
  for (const name of absent) if (!(name in dimensions)) matchers.push(`${promLabel(name)}=""`);
  if (namespace !== '' && namespace !== 'Prometheus') matchers.unshift(`__namespace__=${quote(namespace)}`);
  if (stat !== '') matchers.push(`__stat__=${quote(stat)}`);
  const isPlain = PLAIN_NAME.test(metric);
  if (!isPlain) matchers.unshift(quote(metric));
  const inner = matchers.join(',');
  if (!isPlain) return `{${inner}}`;
  return inner === '' ? metric : `${metric}{${inner}}`;
}

function cellExpression(row: Row, period: number, absent: string[]): string | null {
  const window = `[${promDuration(period)}]`;
  const of = (stat: string) => promSelector(row.metric, row.namespace, row.dimensions, absent, stat) + window;
  if (row.rate) return row.stat === 'Sum' ? `rate(${of('')})` : null;
  switch (row.stat) {
    case 'Sum': return `sum_over_time(${of('sum')})`;
    case 'SampleCount': return `sum_over_time(${of('count')})`;
    case 'Minimum': return `min_over_time(${of('min')})`;
    case 'Maximum': return `max_over_time(${of('max')})`;
    case 'Average':
      if (period === MINUTE) return `avg_over_time(${of('avg')})`;
      return `sum_over_time(${of('sum')}) / sum_over_time(${of('count')})`;
    default:
      return /^p\d+(\.\d+)?$/.test(row.stat) && period === MINUTE ? `last_over_time(${of(row.stat)})` : null;
  }
}

const OVER_TIME: Record<string, string> = {
  Average: 'avg', Sum: 'sum', Minimum: 'min', Maximum: 'max', SampleCount: 'count',
};

function metricToPromql(row: Row, period: number, absent: string[]): string | null {
  if (row.namespace === 'OTel') return null; // a namespace that no label tells apart
  if (row.namespace !== 'Prometheus') {
    return period % MINUTE === 0 ? cellExpression(row, period, absent) : null;
  }
  const name = OVER_TIME[row.stat];
  if (name === undefined || row.rate) return null;
  return `${name}_over_time(${promSelector(row.metric, '', row.dimensions, absent)}[${promDuration(period)}])`;
}

const SQL: Record<string, string> = {
  Average: 'AVG', Sum: 'SUM', Minimum: 'MIN', Maximum: 'MAX', SampleCount: 'COUNT',
};

function sqlName(name: string): string {
  return PLAIN_LABEL.test(name) ? name : `"${name}"`;
}

function metricToSql(row: Row): string | null {
  const name = SQL[row.stat];
  const keys = Object.keys(row.dimensions);
  const words = [row.namespace, row.metric, ...keys, ...Object.values(row.dimensions)];
  if (name === undefined || row.rate || row.match !== 'exact' || words.some((one) => /["'\\]/.test(one))) return null;
  const where = keys.filter((key) => row.dimensions[key] !== '*')
    .map((key) => `${sqlName(key)} = '${row.dimensions[key]}'`);
  const group = keys.filter((key) => row.dimensions[key] === '*').map(sqlName);
  return [
    `SELECT ${name}(${sqlName(row.metric)}) FROM SCHEMA(${[`"${row.namespace}"`, ...keys.map(sqlName)].join(', ')})`,
    where.length > 0 ? ` WHERE ${where.join(' AND ')}` : '',
    group.length > 0 ? ` GROUP BY ${group.join(', ')}` : '',
  ].join('');
}

const DURATION: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

function seconds(text: string): number | null {
  const match = /^(\d+)([smhdw])$/.exec(text);
  return match === null ? null : Number(match[1]) * DURATION[match[2]!]!;
}

interface Selector {
  metric: string;
  namespace: string;
  stat: string;
  dimensions: Dimensions;
}

const MATCHER = /\s*(?:([a-zA-Z_][a-zA-Z0-9_]*)|("(?:[^"\\]|\\.)*"))\s*(=|!=)\s*("(?:[^"\\]|\\.)*")\s*(,|$)/y;
const QUOTED = /\s*("(?:[^"\\]|\\.)*")\s*(,|$)/y;

function unquote(text: string): string | null {
  try {
    return JSON.parse(text) as string;
  } catch {
    return null; // an escape that JSON does not have
  }
}

// A selector of equalities and of labels that must be there.
export function readSelector(text: string): Selector | null {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)?(?:\{([^]*)\})?$/.exec(text.trim());
  if (match === null) return null;
  const found: Selector = { metric: match[1] ?? '', namespace: '', stat: '', dimensions: {} };
  const body = match[2]?.trim() ?? '';
  let at = 0;
  if (found.metric === '' && body.startsWith('"')) {
    QUOTED.lastIndex = 0;
    const name = QUOTED.exec(body);
    if (name !== null) {
      found.metric = unquote(name[1]!) ?? '';
      at = QUOTED.lastIndex;
    }
  }
  while (at < body.length) {
    MATCHER.lastIndex = at;
    const one = MATCHER.exec(body);
    if (one === null) return null;
    at = MATCHER.lastIndex;
    const name = one[1] ?? unquote(one[2]!);
    const value = unquote(one[4]!);
    if (name === null || value === null || name in found.dimensions) return null;
    if (one[3] === '!=') {
      if (value !== '' || name.startsWith('__')) return null;
      found.dimensions[name] = '*';
    } else if (name === '__name__' && found.metric === '') found.metric = value;
    else if (name === '__namespace__') found.namespace = value;
    else if (name === '__stat__') found.stat = value;
    else if (name.startsWith('__') || value === '' || value === '*') return null;
    else found.dimensions[name] = value;
  }
  return found.metric === '' ? null : found;
}

const CELL_STATS: Record<string, [string, string]> = {
  sum_over_time: ['sum', 'Sum'], min_over_time: ['min', 'Minimum'], max_over_time: ['max', 'Maximum'],
  avg_over_time: ['avg', 'Average'],
};

// One call over one selector: the text between its parentheses holds no other.
const CALL = /^\s*([a-z_]+)\s*\(\s*([^()]*?)\s*\[\s*(\w+)\s*\]\s*\)\s*$/;

function promqlToMetric(text: string): Row | null {
  const match = CALL.exec(text);
  if (match === null) return null;
  const [, call, inner, length] = match as unknown as [string, string, string, string];
  const selector = readSelector(inner);
  const period = seconds(length);
  if (selector === null || period === null) return null;
  const { metric, dimensions, namespace, stat: asked } = selector;
  const row = (stat: string, rate = false) => metricRow({
    namespace: namespace === '' ? 'Prometheus' : namespace, metric, dimensions, match: 'subset', stat, period,
  }, { rate });
  if (namespace === '') {
    const stat = Object.keys(OVER_TIME).find((one) => `${OVER_TIME[one]}_over_time` === call);
    return stat === undefined || asked !== '' || period % MINUTE !== 0 ? null : row(stat);
  }
  if (period % MINUTE !== 0) return null;
  if (call === 'rate') return asked === '' || asked === 'sum' ? row('Sum', true) : null;
  if (call === 'sum_over_time' && asked === 'count') return row('SampleCount');
  if (call === 'last_over_time' && period === MINUTE && /^p\d+(\.\d+)?$/.test(asked)) return row(asked);
  const known = CELL_STATS[call];
  // Without a statistic PromQL sees the average.
  if (known === undefined || (asked === '' ? 'avg' : asked) !== known[0]) return null;
  return call === 'avg_over_time' && period !== MINUTE ? null : row(known[1]);
}

const NAME = '(?:"([^"]+)"|([A-Za-z_][A-Za-z0-9_]*))';
const SELECT = new RegExp(`^\\s*SELECT\\s+(AVG|SUM|MIN|MAX|COUNT)\\s*\\(\\s*${NAME}\\s*\\)`
  + '\\s+FROM\\s+SCHEMA\\s*\\(([^()]*)\\)(?:\\s+WHERE\\s+([^]*?))?(?:\\s+GROUP\\s+BY\\s+([^]*?))?\\s*$', 'i');

function names(text: string): string[] | null {
  const all = text.split(',').map((one) => new RegExp(`^\\s*${NAME}\\s*$`).exec(one));
  return all.some((one) => one === null) ? null : all.map((one) => one![1] ?? one![2]!);
}

function sqlToMetric(text: string, period: number): Row | null {
  const match = SELECT.exec(text);
  if (match === null) return null;
  const schema = names(match[4]!);
  const group = match[6] === undefined ? [] : names(match[6]);
  if (schema === null || group === null) return null;
  const [namespace, ...keys] = schema as [string, ...string[]];
  const dimensions: Dimensions = {};
  for (const part of match[5] === undefined ? [] : match[5].split(/\s+AND\s+/i)) {
    const one = new RegExp(`^\\s*${NAME}\\s*=\\s*'([^']*)'\\s*$`).exec(part);
    if (one === null) return null;
    dimensions[one[1] ?? one[2]!] = one[3]!;
  }
  for (const key of group) {
    if (key in dimensions) return null;
    dimensions[key] = '*';
  }
  const same = Object.keys(dimensions).length === keys.length && keys.every((key) => key in dimensions);
  if (!same) return null; // a dimension left open would be merged over
  const stat = Object.keys(SQL).find((one) => SQL[one] === match[1]!.toUpperCase())!;
  return metricRow({ namespace, metric: match[2] ?? match[3]!, dimensions, match: 'exact', stat, period });
}

// `period`: what the server chose where the row leaves it open. An open period may be rounded up to
// the minute that PromQL sees.
export function translate(row: Row, to: RowLanguage, period: number, absent: string[] = []): Row | null {
  const { label, axis, colour } = row;
  const keep = { label, axis, colour: colour };
  if (row.lang === 'metric' && to === 'promql') {
    const length = row.period > 0 ? row.period : Math.max(MINUTE, Math.ceil(period / MINUTE) * MINUTE);
    const text = metricToPromql(row, length, row.match === 'exact' ? absent : []);
    return text === null ? null : expressionRow('promql', text, { ...keep, period: length });
  }
  if (row.lang === 'metric' && to === 'sql') {
    const text = metricToSql(row);
    return text === null ? null : expressionRow('sql', text, { ...keep, period: row.period });
  }
  if (to !== 'metric') return null;
  const found = row.lang === 'promql' ? promqlToMetric(row.text)
    : row.lang === 'sql' ? sqlToMetric(row.text, row.period) : null;
  return found === null ? null : { ...found, ...keep };
}
