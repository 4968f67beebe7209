// Runs the queries of one chart and joins their answers.
import { keepPreviousData, useQueries, useQueryClient, type Query } from '@tanstack/react-query';
import { useCallback, useMemo, useRef, useState } from 'react';
import { batcher } from '../api/hooks';
import type { QueryResult } from '../api/batch';
import type { AnyQuery, Frame, MetricQuery, Progress, QueryStats, Range } from '../api/types';
import { resolveRange } from '../state/time';
import type { View } from '../state/useView';
import { activeSeries, asRate, distinguish, join, seriesTimes, type ChartSeries, type Joined, type TimedSeries }
  from './data';
import { isExpression, queryBody, queryKey } from './export';
import { baseUnit } from './units';
import { askYoung, firstPoint } from './young';

export interface ChartQuery {
  id: string;
  query: AnyQuery;
  rate: boolean;
  label?: string;
  prefix?: string;
  colour?: number;
  axis?: 'left' | 'right' | 'auto';
  // Series that are zero throughout are left out, as long as others are not.
  activeOnly?: boolean;
}

export interface MetricChartQuery extends ChartQuery {
  query: MetricQuery;
}

export interface ChartState {
  joined: Joined;
  series: ChartSeries[];
  results: (QueryResult | undefined)[];
  stats: QueryStats | null;
  isLoading: boolean;
  isFetching: boolean;
  isPartial: boolean;
  truncated: Frame['truncated'];
  error: unknown;
  errors: unknown[]; // one a query, null where there is none
  fetchedAt: number;
  range: { from: number; to: number };
  progress: Progress | null;
  cancel: () => void;
  retry: () => void;
}

const SOON_MS = 1_500; // while a live chart has no point yet
const SOON_TRIES = 8;

// One point a pixel at most; whole hundreds, so that a resize by a pixel is no new query.
export function pointsFor(width: number): number {
  return Math.max(100, Math.ceil(width / 100) * 100);
}

function nextRefresh(refreshMs: number, data: QueryResult | undefined, count: number): number | false {
  if (refreshMs === 0) return false;
  const isEmpty = data !== undefined && firstPoint(data.frame) === null;
  return isEmpty && count < SOON_TRIES ? Math.min(SOON_MS, refreshMs) : refreshMs;
}

function seriesOf(queries: ChartQuery[], results: (QueryResult | undefined)[],
  partial: Map<string, Frame>): TimedSeries[] {
  const all: TimedSeries[] = [];
  queries.forEach((one, index) => {
    const frame = partial.get(one.id) ?? results[index]?.frame;
    if (frame === undefined) return;
    const shown = one.activeOnly === true ? activeSeries(frame.series) : frame.series;
    const { query } = one;
    const wanted = isExpression(query) ? []
      : Object.entries(query.dimensions).filter(([, value]) => value === '*');
    const names = distinguish(shown, wanted.map(([key]) => key))
      .map((name) => (isExpression(query) && name === UNNAMED ? shortened(query.expression) : name));
    const source = isExpression(query) ? { namespace: '', metric: '' } : query;
    shown.forEach((raw, i) => {
      const cells = one.rate ? asRate(raw, frame.time) : raw;
      const only = shown.length === 1 && !(isExpression(query) && one.label === undefined);
      const label = only ? (one.label ?? one.prefix ?? names[i]!)
        : [one.prefix ?? one.label, names[i]].filter((part) => part !== undefined).join(' · ');
      all.push(seriesTimes(frame, cells, {
        id: `${one.id}/${i}`, label, namespace: source.namespace, metric: source.metric,
        axis: one.axis === 'right' ? 'right' : 'left',
        colour: shown.length === 1 ? (one.colour ?? all.length) : (one.colour ?? all.length - i) + i,
      }));
    });
  });
  return spreadUnits(all, new Set(queries.filter((one) => one.axis === 'auto').map((one) => one.id)));
}

// What the server calls a series that has no name of its own.
const UNNAMED = 'expression';
const NAME_MAX = 48;

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= NAME_MAX ? line : `${line.slice(0, NAME_MAX - 1)}…`;
}

// Series of the first unit keep the left axis; those of any other go to the right, where a query
// leaves the choice.
export function spreadUnits(all: TimedSeries[], free: Set<string>): TimedSeries[] {
  const kind = (one: TimedSeries) => {
    const { symbol, perSecond } = baseUnit(one.unit);
    return `${symbol}${perSecond ? '/s' : ''}`;
  };
  const first = all.find((one) => one.axis === 'left');
  if (first === undefined) return all;
  return all.map((one) => (
    free.has(one.id.slice(0, one.id.lastIndexOf('/'))) && kind(one) !== kind(first)
      ? { ...one, axis: 'right' } : one
  ));
}

function merge(stats: (QueryStats | null | undefined)[]): QueryStats | null {
  const known = stats.filter((one) => one !== null && one !== undefined);
  const first = known[0];
  if (first === undefined) return null;
  return known.slice(1).reduce((sum, one) => ({
    series: sum.series + one.series, points: sum.points + one.points, bytes: sum.bytes + one.bytes,
    elapsedMs: Math.max(sum.elapsedMs, one.elapsedMs), cacheShare: Math.min(sum.cacheShare, one.cacheShare),
    tier: sum.tier === one.tier ? sum.tier : `${sum.tier}, ${one.tier}`,
    period: Math.max(sum.period, one.period),
  }), first);
}

export function useChart(
  queries: ChartQuery[], view: View, options: { enabled: boolean; width: number; fine?: boolean },
): ChartState {
  const client = useQueryClient();
  const [progress, setProgress] = useState<Progress | null>(null);
  const partial = useRef(new Map<string, Frame>());
  const [, redraw] = useState(0);
  const { from, to } = view.range;

  const answers = useQueries({
    queries: queries.map((one) => {
      const text = queryKey(one.query);
      const body = queryBody(one.query);
      return {
        queryKey: ['query', text, from, to, view.tz, options.width, options.fine === true],
        enabled: options.enabled,
        placeholderData: keepPreviousData,
        gcTime: 60_000,
        refetchInterval: (query: Query<QueryResult>) => (
          nextRefresh(view.refreshMs, query.state.data, query.state.dataUpdateCount)
        ),
        queryFn: async ({ signal }: { signal: AbortSignal }) => {
          const range = resolveRange({ from, to }, Date.now(), view.tz);
          if (range === null) throw new RangeError(`${from} – ${to}`);
          try {
            const ask = (asked: Range) => batcher.query({
              ...body, range: asked, signal, maxPoints: pointsFor(options.width),
              onProgress: setProgress,
              onPartial: (frame) => {
                partial.current.set(one.id, frame);
                redraw((count) => count + 1);
              },
            });
            const answer = await (options.fine === true ? askYoung(text, range, ask) : ask(range));
            return { ...answer, range };
          } finally {
            partial.current.delete(one.id);
            setProgress(null);
          }
        },
      };
    }),
  });

  const results = answers.map((answer) => answer.data);
  const stamp = answers.map((answer) => answer.dataUpdatedAt).join();
  const shape = JSON.stringify(queries);
  const partialCount = partial.current.size;
  const { joined, series } = useMemo(() => {
    const timed = seriesOf(queries, results, partial.current);
    return { joined: join(timed), series: timed as ChartSeries[] };
    // `results` changes with `stamp`, `queries` with `shape`.
  }, [stamp, shape, partialCount]);

  const keys = queries.map((one) => queryKey(one.query)).join('\n');
  const cancel = useCallback(() => {
    for (const text of keys.split('\n')) void client.cancelQueries({ queryKey: ['query', text] });
  }, [client, keys]);
  const retry = useCallback(() => {
    for (const text of keys.split('\n')) void client.refetchQueries({ queryKey: ['query', text] });
  }, [client, keys]);

  const newest = results.reduce((best, one) => (
    one !== undefined && one.fetchedAt > (best?.fetchedAt ?? 0) ? one : best
  ), undefined as QueryResult | undefined);
  const range = newest?.range ?? resolveRange({ from, to }, Date.now(), view.tz)
    ?? { from: Date.now() - 3_600_000, to: Date.now() };
  return {
    joined, series, results, stats: merge(results.map((one) => one?.stats)),
    isLoading: answers.some((answer) => answer.isPending),
    isFetching: answers.some((answer) => answer.isFetching),
    isPartial: partialCount > 0,
    truncated: results.find((one) => one?.frame.truncated != null)?.frame.truncated ?? null,
    error: answers.find((answer) => answer.error !== null)?.error ?? null,
    errors: answers.map((answer) => answer.error),
    fetchedAt: Math.min(...results.map((one) => one?.fetchedAt ?? Number.POSITIVE_INFINITY)),
    range, progress, cancel, retry,
  };
}
