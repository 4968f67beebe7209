// The shared state of the current page: range, zone, refresh and filters, read from the URL.
import { useCallback, useMemo } from 'react';
import { useLocation, useSearch } from 'wouter';
import { usePrefs } from './prefs';
import { isRelative, resolveRange, type TextRange } from './time';
import {
  EMPTY_STATE, formatUrl, parseUrl, REFRESH_MS, sharedPart, withoutDefaults,
  type PageDefaults, type Refresh, type UrlState,
} from './url';

const LIVE: PageDefaults = { range: { from: 'now-15m', to: 'now' }, refresh: '5s' };
const EXPLORE: PageDefaults = { range: { from: 'now-3h', to: 'now' }, refresh: '30s' };
// A list that is read must not move.
const LOGS: PageDefaults = { range: { from: 'now-1h', to: 'now' }, refresh: 'off' };
const LIVE_LENGTH_MAX_MS = 3_600_000;

export function defaultsFor(path: string, state: UrlState, now: number): PageDefaults {
  if (path.startsWith('/logs')) return LOGS;
  const base = path === '/' || path.startsWith('/hosts') || path === '/status' ? LIVE : EXPLORE;
  if (state.from === null || state.to === null) return base;
  const range = { from: state.from, to: state.to };
  if (!isRelative(range)) return { range: base.range, refresh: 'off' };
  const resolved = resolveRange(range, now, 'utc');
  const short = resolved !== null && resolved.to - resolved.from <= LIVE_LENGTH_MAX_MS;
  return { range: base.range, refresh: short ? base.refresh : '1m' };
}

export interface View {
  path: string;
  state: UrlState;
  range: TextRange;
  tz: string;
  refresh: Refresh;
  refreshMs: number;
  set: (change: Partial<UrlState>, options?: { replace: boolean }) => void;
  go: (path: string, change?: Partial<UrlState>) => void;
  href: (path: string, change?: Partial<UrlState>) => string;
}

export function useView(): View {
  const [path, navigate] = useLocation();
  const search = useSearch();
  const { tz: preferredTz } = usePrefs();
  const state = useMemo(() => parseUrl(search), [search]);
  const defaults = defaultsFor(path, state, Date.now());
  const refresh = state.refresh ?? defaults.refresh;

  const set = useCallback((change: Partial<UrlState>, options = { replace: false }) => {
    const next = { ...parseUrl(window.location.search), ...change };
    const clean = withoutDefaults(next, { ...defaultsFor(path, next, Date.now()) });
    navigate(path + formatUrl(clean), options);
  }, [path, navigate]);

  const href = useCallback((target: string, change: Partial<UrlState> = {}) => {
    const shared = { ...EMPTY_STATE, ...sharedPart(parseUrl(window.location.search)), ...change };
    return target + formatUrl(shared);
  }, []);

  const go = useCallback((target: string, change: Partial<UrlState> = {}) => {
    navigate(href(target, change));
  }, [navigate, href]);

  const from = state.from ?? defaults.range.from;
  const to = state.to ?? defaults.range.to;
  const range = useMemo(() => ({ from, to }), [from, to]);
  return {
    path, state, range, tz: state.tz ?? preferredTz, refresh, refreshMs: REFRESH_MS[refresh],
    set, go, href,
  };
}
