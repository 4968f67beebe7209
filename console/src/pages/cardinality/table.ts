// The order of the cardinality table, and the query a row leads to. Pure.
import type { Cardinality, CardinalityRow } from '../../api/types';
import { expressionRow, type Row } from '../../state/rows';
import { promSelector } from '../../state/translate';

export type CardinalityBy = 'name' | 'label' | 'pair' | 'unread';

export const COLUMNS = ['name', 'value', 'series', 'values', 'bytes', 'lastRead', 'lastActive'] as const;
export type Column = (typeof COLUMNS)[number];

export interface Order {
  column: Column;
  down: boolean;
}

export function columnsOf(by: CardinalityBy): Column[] {
  if (by === 'label') return ['name', 'values', 'series', 'bytes'];
  return by === 'pair' ? ['name', 'value', 'series'] : ['name', 'series', 'lastRead', 'lastActive'];
}

export interface Shown {
  rows: CardinalityRow[];
  total: number; // rows there are, of which the answer has the largest
  whole: number; // series of which the rows are a share
}

export function shownOf(data: Cardinality, by: CardinalityBy, text: string): Shown {
  const words = text.trim().toLowerCase();
  const of = (rows: CardinalityRow[], total: number, whole: number) => ({
    rows: rows.filter((row) => `${row.name}=${row.value ?? ''}`.toLowerCase().includes(words)), total, whole,
  });
  if (by === 'label') return of(data.byLabel, data.labels, data.series);
  if (by === 'pair') return of(data.byPair, data.pairs, data.series);
  return by === 'unread' ? of(data.unread.byName, data.unread.names, data.unread.series)
    : of(data.byName, data.names, data.series);
}

export function isText(column: Column): boolean {
  return column === 'name' || column === 'value';
}

export function parseOrder(text: string | undefined, by: CardinalityBy): Order {
  const [column, direction] = (text ?? '').split(':');
  const known = columnsOf(by).find((one) => one === column);
  return known === undefined ? { column: by === 'label' ? 'values' : 'series', down: true }
    : { column: known, down: direction !== 'up' };
}

export function formatOrder({ column, down }: Order): string {
  return `${column}:${down ? 'down' : 'up'}`;
}

export function sorted(rows: CardinalityRow[], { column, down }: Order): CardinalityRow[] {
  const sign = down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const order = isText(column)
      ? String(a[column] ?? '').localeCompare(String(b[column] ?? ''))
      : Number(a[column] ?? 0) - Number(b[column] ?? 0);
    return sign * order || b.series - a.series || a.name.localeCompare(b.name);
  });
}

// More lines than this tell nothing: such a row is opened as a count or an average.
const LINES_MAX = 20;

export function rowQueryOf(row: CardinalityRow, by: CardinalityBy): Row {
  if (by === 'name' || by === 'unread') {
    const selector = promSelector(row.name, '', {});
    return expressionRow('promql', row.series <= LINES_MAX ? selector : `avg(${selector})`);
  }
  const label = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(row.name) ? row.name : JSON.stringify(row.name);
  if (by === 'label') {
    const groups = (row.values ?? 0) <= LINES_MAX ? `count by (${label}) ` : 'count';
    return expressionRow('promql', `${groups}({${label}!=""})`);
  }
  const selector = `{${label}=${JSON.stringify(row.value ?? '')}}`;
  return expressionRow('promql', row.series <= LINES_MAX ? selector : `count by (__name__) (${selector})`);
}
