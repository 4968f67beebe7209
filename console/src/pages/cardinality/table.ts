// The order of the cardinality table, and the query a row leads to. Pure.
import type { CardinalityBy, CardinalityRow } from '../../api/types';
import { expressionRow, type Row } from '../../state/rows';
import { promSelector } from '../../state/translate';

export const COLUMNS = ['name', 'namespace', 'value', 'series', 'values', 'unread', 'lastRead', 'lastActive'] as const;
export type Column = (typeof COLUMNS)[number];

export interface Order {
  column: Column;
  down: boolean;
}

export function columnsOf(by: CardinalityBy): Column[] {
  if (by === 'label') return ['name', 'series', 'values', 'unread', 'lastRead', 'lastActive'];
  if (by === 'pair') return ['name', 'value', 'series', 'unread', 'lastRead', 'lastActive'];
  return by === 'unread'
    ? ['name', 'namespace', 'unread', 'series', 'lastRead', 'lastActive']
    : ['name', 'namespace', 'series', 'unread', 'lastRead', 'lastActive'];
}

export function isText(column: Column): boolean {
  return column === 'name' || column === 'namespace' || column === 'value';
}

export function parseOrder(text: string | undefined, by: CardinalityBy): Order {
  const [column, direction] = (text ?? '').split(':');
  const known = columnsOf(by).find((one) => one === column);
  return known === undefined ? { column: by === 'unread' ? 'unread' : 'series', down: true }
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
    const selector = promSelector(row.name, row.namespace ?? '', {});
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
