// Results of Insights by group: which charts a table can be, and what they draw. Pure.
import type { InsightsTable } from '../api/logs';
import { chartOf } from './logs';

export const TABLE_VIEWS = ['line', 'stacked', 'bar', 'bars', 'pie', 'table'] as const;
export type TableView = (typeof TABLE_VIEWS)[number];

export interface Group {
  label: string;
  value: number;
}

export interface GroupChart {
  measures: string[]; // names of columns of numbers
  measure: string;
  groups: Group[]; // in the order of the table
  unknown: number; // rows without a number
}

// Rows of events, which have no groups.
const OF_EVENTS = new Set(['@timestamp', '@message', '@ptr', '@ingestionTime']);

// A table with at least one column of numbers and one that names the rows, and no times of bin().
export function groupsOf(table: InsightsTable, measure: string | null): GroupChart | null {
  const { columns, rows } = table;
  if (rows.length < 2 || columns.some(({ name, kind }) => kind === 'time' || OF_EVENTS.has(name))) return null;
  const numbers = columns.flatMap(({ kind }, i) => (kind === 'number' ? [i] : []));
  let names = columns.flatMap(({ kind }, i) => (kind === 'number' ? [] : [i]));
  // "stats count(*) by status": where all are numbers, the first is the group.
  if (names.length === 0 && numbers.length > 1) names = [numbers.shift()!];
  if (numbers.length === 0 || names.length === 0) return null;
  const at = numbers.find((i) => columns[i]!.name === measure) ?? numbers[0]!;
  const groups: Group[] = [];
  for (const row of rows) {
    const text = row[at] ?? '';
    const value = text === '' ? Number.NaN : Number(text);
    if (Number.isFinite(value)) groups.push({ label: names.map((i) => row[i] ?? '–').join(' · '), value });
  }
  if (groups.length === 0) return null;
  return {
    measures: numbers.map((i) => columns[i]!.name), measure: columns[at]!.name, groups,
    unknown: rows.length - groups.length,
  };
}

const sumOf = (groups: Group[]) => groups.reduce((sum, one) => sum + one.value, 0);

// Parts of a whole: none is negative.
export const canBePie = (chart: GroupChart): boolean => (
  chart.groups.every((one) => one.value >= 0) && sumOf(chart.groups) > 0
);

const SHARES_MAX = 6;

// Shares of one or of a hundred are a pie, other groups are bars, times are lines, all else a table.
export function viewsOf(table: InsightsTable, measure: string | null): { views: TableView[]; automatic: TableView } {
  if (chartOf(table) !== null) return { views: ['line', 'stacked', 'bar', 'table'], automatic: 'line' };
  const chart = groupsOf(table, measure);
  if (chart === null) return { views: ['table'], automatic: 'table' };
  if (!canBePie(chart)) return { views: ['bars', 'table'], automatic: 'bars' };
  const sum = sumOf(chart.groups);
  const isWhole = Math.abs(sum - 1) < 0.01 || Math.abs(sum - 100) < 1;
  const isPie = isWhole && chart.groups.length <= SHARES_MAX;
  return { views: ['bars', 'pie', 'table'], automatic: isPie ? 'pie' : 'bars' };
}

// Largest first, unless the query has an order of its own.
export function ordered(groups: Group[], keeps: boolean): Group[] {
  return keeps ? groups : groups.toSorted((a, b) => b.value - a.value);
}

export interface Slice extends Group {
  share: number;
  from: number; // of the circle, 0 to 1
  others: number; // how many groups it is
}

// The largest ones, and all others as one.
export function slicesOf(groups: Group[], most: number): Slice[] {
  const sorted = ordered(groups.filter((one) => one.value > 0), false);
  const shown = sorted.length <= most ? sorted : sorted.slice(0, most - 1);
  const rest = sorted.slice(shown.length);
  const parts = [...shown.map((one) => ({ ...one, others: 0 })),
    ...(rest.length === 0 ? [] : [{ label: '', value: sumOf(rest), others: rest.length }])];
  const whole = sumOf(sorted);
  let from = 0;
  return parts.map((one) => {
    const slice = { ...one, share: one.value / whole, from };
    from += slice.share;
    return slice;
  });
}

// A slice of a circle around 0, 0 as the path of an SVG; a whole one is two halves.
export function slicePath(from: number, share: number, radius: number): string {
  const point = (part: number) => {
    const angle = 2 * Math.PI * part - Math.PI / 2;
    return `${(radius * Math.cos(angle)).toFixed(2)} ${(radius * Math.sin(angle)).toFixed(2)}`;
  };
  if (share > 0.9999) {
    return `M${point(0)}A${radius} ${radius} 0 1 1 ${point(0.5)}A${radius} ${radius} 0 1 1 ${point(1)}Z`;
  }
  return `M0 0L${point(from)}A${radius} ${radius} 0 ${share > 0.5 ? 1 : 0} 1 ${point(from + share)}Z`;
}
