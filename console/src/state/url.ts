// The state that every page shares, as a pure mapping to and from the URL's query.
// Defaults are left out, unknown keys are kept, and what cannot be read counts as not given.
import { isZone, parseMoment, type TextRange } from './time';

export const REFRESH = ['off', '5s', '30s', '1m', '5m'] as const;
export type Refresh = (typeof REFRESH)[number];
export const REFRESH_MS: Record<Refresh, number> = {
  off: 0, '5s': 5_000, '30s': 30_000, '1m': 60_000, '5m': 300_000,
};

export const OPERATORS = ['=', '!=', '~', '!~'] as const;
export type Operator = (typeof OPERATORS)[number];

export interface Filter {
  key: string;
  op: Operator;
  value: string;
}

export interface UrlState {
  from: string | null;
  to: string | null;
  tz: string | null;
  refresh: Refresh | null;
  filters: Filter[];
  queries: string[];
  sel: string[];
  view: string | null;
  other: [string, string][];
}

export const EMPTY_STATE: UrlState = {
  from: null, to: null, tz: null, refresh: null,
  filters: [], queries: [], sel: [], view: null, other: [],
};

export function parseFilter(text: string): Filter | null {
  const first = text.indexOf(':');
  const second = text.indexOf(':', first + 1);
  if (first < 1 || second < 0) return null;
  const op = text.slice(first + 1, second);
  if (!(OPERATORS as readonly string[]).includes(op)) return null;
  return { key: text.slice(0, first), op: op as Operator, value: text.slice(second + 1) };
}

export function formatFilter(filter: Filter): string {
  return `${filter.key}:${filter.op}:${filter.value}`;
}

export function parseUrl(search: string): UrlState {
  const state: UrlState = { ...EMPTY_STATE, filters: [], queries: [], sel: [], other: [] };
  for (const [key, value] of new URLSearchParams(search)) {
    if (key === 'from' || key === 'to') {
      if (parseMoment(value) !== null) state[key] = value;
    } else if (key === 'tz') {
      if (isZone(value)) state.tz = value;
    } else if (key === 'refresh') {
      if ((REFRESH as readonly string[]).includes(value)) state.refresh = value as Refresh;
    } else if (key === 'f') {
      const filter = parseFilter(value);
      if (filter !== null) state.filters.push(filter);
    } else if (key === 'q') state.queries.push(value);
    else if (key === 'sel') state.sel.push(value);
    else if (key === 'view') state.view = value;
    else state.other.push([key, value]);
  }
  return state;
}

export function formatUrl(state: UrlState): string {
  const search = new URLSearchParams();
  for (const key of ['from', 'to', 'tz', 'refresh', 'view'] as const) {
    const value = state[key];
    if (value !== null) search.set(key, value);
  }
  for (const filter of state.filters) search.append('f', formatFilter(filter));
  for (const query of state.queries) search.append('q', query);
  for (const sel of state.sel) search.append('sel', sel);
  for (const [key, value] of state.other) search.append(key, value);
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

// What a page assumes where the URL says nothing.
export interface PageDefaults {
  range: TextRange;
  refresh: Refresh;
}

export function withoutDefaults(state: UrlState, defaults: PageDefaults): UrlState {
  const isDefault = state.from === defaults.range.from && state.to === defaults.range.to;
  return {
    ...state,
    from: isDefault ? null : state.from,
    to: isDefault ? null : state.to,
    refresh: state.refresh === defaults.refresh ? null : state.refresh,
  };
}

// Following a link keeps the shared part: range, zone, refresh and filters.
export function sharedPart(state: UrlState): UrlState {
  const { from, to, tz, refresh, filters } = state;
  return { ...EMPTY_STATE, from, to, tz, refresh, filters };
}

export function filterMatches(filters: Filter[], values: Record<string, string>): boolean {
  return filters.every(({ key, op, value }) => {
    const text = key === 'text' ? Object.values(values).join(' ') : (values[key] ?? '');
    const contains = text.toLowerCase().includes(value.toLowerCase());
    if (op === '=') return text === value;
    if (op === '!=') return text !== value;
    return op === '~' ? contains : !contains;
  });
}
