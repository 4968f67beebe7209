// What leaves a chart: CSV, JSON, PNG, and the same question as an AWS command line. Pure but PNG.
import type { AnyQuery, BatchQuery, ExpressionQuery, MetricQuery } from '../api/types';
import type { ChartSeries, Joined } from './data';
import { resolveZone } from '../state/time';

function csvField(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// ISO 8601 with the offset of the zone.
export function isoInZone(ms: number, tz: string): string {
  const zone = resolveZone(tz);
  if (zone === 'UTC') return new Date(ms).toISOString();
  const parts: Record<string, string> = {};
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit',
    hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'longOffset',
  });
  for (const { type, value } of format.formatToParts(ms)) parts[type] = value;
  const offset = (parts['timeZoneName'] ?? 'GMT').slice(3) || '+00:00';
  const millis = String(((ms % 1000) + 1000) % 1000).padStart(3, '0');
  const { year, month, day, hour, minute, second } = parts;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}.${millis}${offset}`;
}

export function toCsv(joined: Joined, series: ChartSeries[], tz: string): string {
  const header = ['time', ...series.map((one) => `${one.label} (${one.unit})`)];
  const rows = joined.time.map((ms, i) => [
    isoInZone(ms, tz), ...joined.cells.map((cells) => String(cells[i] ?? '')),
  ]);
  return [header, ...rows].map((row) => row.map(csvField).join(',')).join('\r\n') + '\r\n';
}

export function toJson(joined: Joined, series: ChartSeries[], tz: string): string {
  return JSON.stringify({
    time: joined.time.map((ms) => isoInZone(ms, tz)),
    series: series.map((one, i) => ({
      namespace: one.namespace, metric: one.metric, dimensions: one.dimensions, unit: one.unit,
      stat: one.stat, period: one.period, label: one.label,
      values: joined.time.map((_, row) => joined.cells[i]?.[row] ?? null),
    })),
  }, null, 2);
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

// What an expression and its operands are in GetMetricData; `n` keeps the ids of a request apart.
function expressionData(query: ExpressionQuery, n: number, periodS: number): unknown[] {
  const operands = query.operands.map((one) => ('expression' in one
    ? { Id: one.id, Expression: one.expression, ReturnData: false }
    : { Id: one.id, ReturnData: false, MetricStat: {
      Metric: { Namespace: one.namespace, MetricName: one.metric, Dimensions: toDimensions(one.dimensions) },
      Period: Math.max(1, one.period === 0 ? periodS : one.period), Stat: one.stat,
    } }));
  return [...operands, { Id: `expression${n}`, Expression: query.expression, Period: Math.max(1, periodS) }];
}

function toDimensions(dimensions: Record<string, string>): { Name: string; Value: string }[] {
  return Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
}

// `aws cloudwatch get-metric-data` with one query a series, exact dimensions, and the expressions.
export function toAwsCli(
  series: ChartSeries[], range: { from: number; to: number }, endpoint: string, region: string,
  expressions: { query: ExpressionQuery; period: number }[] = [],
): string {
  const metrics = series.filter((one) => one.namespace !== '').slice(0, 500);
  const known = new Set<unknown>();
  const computed = expressions.flatMap(({ query, period }, i) => expressionData(query, i + 1, period))
    .filter((one) => {
      const id = (one as { Id: string }).Id;
      return !known.has(id) && known.add(id) !== undefined;
    });
  const queries = [...metrics.map((one, i) => ({
    Id: `q${i + 1}`,
    Label: one.label,
    MetricStat: {
      Metric: {
        Namespace: one.namespace,
        MetricName: one.metric,
        Dimensions: toDimensions(one.dimensions),
      },
      Period: Math.max(1, one.period),
      Stat: one.stat,
    },
  })), ...computed];
  return [
    'aws cloudwatch get-metric-data',
    `--endpoint-url ${endpoint}`,
    `--region ${region}`,
    `--start-time ${new Date(range.from).toISOString()}`,
    `--end-time ${new Date(range.to).toISOString()}`,
    `--metric-data-queries ${shellQuote(JSON.stringify(queries))}`,
  ].join(' \\\n  ');
}

export function isExpression(query: AnyQuery): query is ExpressionQuery {
  return 'lang' in query;
}

function metricText(query: MetricQuery): string {
  const { namespace, metric, dimensions, match, stat, period } = query;
  return JSON.stringify({ namespace, metric, dimensions, match, stat, period });
}

// What the server is asked.
export function queryBody(query: AnyQuery): Pick<BatchQuery, 'lang' | 'text' | 'step'> {
  if (!isExpression(query)) return { lang: 'cloudwatch', text: metricText(query), step: 0 };
  const { lang, expression, period, operands } = query;
  if (lang === 'promql') return { lang, text: expression, step: period };
  return { lang: 'cloudwatch', text: JSON.stringify({ expression, period, operands }), step: 0 };
}

// The same for every query that is the same; holds no line break.
export function queryKey(query: AnyQuery): string {
  return JSON.stringify(queryBody(query));
}

// What a reader is shown.
export function queryText(query: AnyQuery): string {
  return isExpression(query) ? query.expression : metricText(query);
}

export function download(name: string, type: string, content: BlobPart): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export interface Picture {
  title: string;
  subtitle: string;
  legend: { label: string; colour: string }[];
  dark: boolean;
}

// The chart as a picture of twice the size, with title, range and legend.
export function toPng(source: HTMLCanvasElement, picture: Picture): Promise<Blob | null> {
  const scale = 2;
  const width = source.clientWidth || source.width;
  const height = source.clientHeight || source.height;
  const font = "'Inter Variable', 'Noto Sans CJK JP', sans-serif";
  const rows = Math.ceil(picture.legend.length / 3);
  const canvas = document.createElement('canvas');
  canvas.width = (width + 32) * scale;
  canvas.height = (height + 72 + rows * 18) * scale;
  const draw = canvas.getContext('2d');
  if (draw === null) return Promise.resolve(null);
  draw.scale(scale, scale);
  draw.fillStyle = picture.dark ? '#141b23' : '#ffffff';
  draw.fillRect(0, 0, canvas.width, canvas.height);
  draw.fillStyle = picture.dark ? '#eef3f9' : '#141c27';
  draw.font = `600 14px ${font}`;
  draw.fillText(picture.title, 16, 24);
  draw.font = `11px ${font}`;
  draw.fillStyle = picture.dark ? '#9fb0c3' : '#4c5a6c';
  draw.fillText(picture.subtitle, 16, 42);
  draw.drawImage(source, 16, 52, width, height);
  picture.legend.forEach((entry, i) => {
    const x = 16 + (i % 3) * (width / 3);
    const y = height + 66 + Math.floor(i / 3) * 18;
    draw.fillStyle = entry.colour;
    draw.fillRect(x, y - 7, 10, 3);
    draw.fillStyle = picture.dark ? '#d5dee9' : '#1b2430';
    draw.fillText(entry.label, x + 16, y, width / 3 - 24);
  });
  return new Promise((resolve) => { canvas.toBlob(resolve, 'image/png'); });
}
