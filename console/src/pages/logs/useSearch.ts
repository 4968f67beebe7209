// Runs a search: the newest events, the histogram and the facets come while it runs; older events
// are asked for when they are scrolled to.
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import {
  searchLogs, type Facet, type Histogram, type LogAsk, type LogEvent, type LogLine, type LogProgress,
  type SearchStats,
} from '../../api/logs';
import { askOf, type LogState } from '../../state/logs';
import { resolveRange } from '../../state/time';
import type { View } from '../../state/useView';
import { notify } from '../../ui/notify';

const PAGE = 200;
const BUCKETS = 90;

export interface SearchAnswer {
  ask: LogAsk;
  events: LogEvent[];
  next: string | null;
  histogram: Histogram | null;
  facets: { rows: number; fields: Facet[] } | null;
  stats: SearchStats | null;
  progress: LogProgress | null;
  done: boolean;
}

function fold(answer: SearchAnswer, line: LogLine): SearchAnswer {
  return {
    ...answer,
    ...(line.events === undefined ? {} : { events: line.events.events, next: line.events.next }),
    ...(line.histogram === undefined ? {} : { histogram: line.histogram }),
    ...(line.facets === undefined ? {} : { facets: line.facets }),
    ...(line.stats === undefined ? {} : { stats: line.stats }),
    ...(line.progress === undefined ? {} : { progress: line.progress }),
  };
}

export interface SearchState {
  answer: SearchAnswer | undefined;
  isFetching: boolean;
  isStale: boolean; // what is shown answers an earlier question
  error: unknown;
  older: LogEvent[];
  isLoadingOlder: boolean;
  hasOlder: boolean;
  loadOlder: () => void;
  retry: () => void;
  cancel: () => void;
}

export function useSearch(logs: LogState, view: View): SearchState {
  const client = useQueryClient();
  const key = ['logs', 'search', JSON.stringify(askOf(logs, { from: 0, to: 0 })),
    view.range.from, view.range.to, view.tz];
  const [live, setLive] = useState<SearchAnswer | null>(null);
  const query = useQuery({
    queryKey: key, placeholderData: keepPreviousData, staleTime: Number.POSITIVE_INFINITY, gcTime: 60_000,
    refetchInterval: view.refreshMs === 0 ? false : view.refreshMs,
    queryFn: async ({ signal }): Promise<SearchAnswer> => {
      const range = resolveRange(view.range, Date.now(), view.tz);
      if (range === null) throw new RangeError(`${view.range.from} – ${view.range.to}`);
      const ask = askOf(logs, range);
      let answer: SearchAnswer = {
        ask, events: [], next: null, histogram: null, facets: null, stats: null, progress: null, done: false,
      };
      setLive(null);
      await searchLogs({ ...ask, limit: PAGE, buckets: BUCKETS }, (line) => {
        answer = fold(answer, line);
        if (!signal.aborted) setLive(answer);
      }, signal);
      return { ...answer, done: true };
    },
  });
  // What has come so far, while it runs: the last of it is the data itself.
  const coming = query.isFetching ? live : null;
  const answer = coming ?? query.data;
  const isStale = coming === null && query.isPlaceholderData;

  const [older, setOlder] = useState<{ of: SearchAnswer; events: LogEvent[]; next: string | null } | null>(null);
  const [isLoadingOlder, setLoading] = useState(false);
  const known = older !== null && older.of === query.data ? older : null;
  const next = known === null ? (query.data?.next ?? null) : known.next;
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), [query.data]);

  const loadOlder = useCallback(() => {
    const data = query.data;
    if (data === undefined || next === null || running.current !== null || isStale) return;
    const abort = new AbortController();
    running.current = abort;
    setLoading(true);
    let events: LogEvent[] = [];
    let after: string | null = null;
    searchLogs({ ...data.ask, limit: PAGE, after: next }, (line) => {
      if (line.events !== undefined) ({ events, next: after } = line.events);
    }, abort.signal).then(() => {
      setOlder({ of: data, events: [...(known?.events ?? []), ...events], next: after });
    }).catch((failed: unknown) => {
      if (!abort.signal.aborted) notify(failed instanceof Error ? failed.message : String(failed));
    }).finally(() => {
      running.current = null;
      setLoading(false);
    });
  }, [query.data, next, known, isStale]);

  return {
    answer, isFetching: query.isFetching, isStale, error: query.error, older: known?.events ?? [],
    isLoadingOlder, hasOlder: next !== null, loadOlder,
    retry: () => void query.refetch(),
    cancel: () => void client.cancelQueries({ queryKey: key }),
  };
}
