// A question to all events of the range, as patterns and comparisons ask it: its progress while it
// is slow, its answer, its error told to the page.
import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { LogProgress } from '../../api/logs';
import { askOf, type LogState } from '../../state/logs';
import { resolveRange } from '../../state/time';
import type { View } from '../../state/useView';
import { useAfter } from '../../ui/states';

type Ask = ReturnType<typeof askOf>;

export function useLogAnswer<Answer>(
  name: string,
  { logs, view, onError }: { logs: LogState; view: View; onError: (error: unknown) => void },
  load: (ask: Ask, setProgress: (progress: LogProgress) => void, signal: AbortSignal) => Promise<Answer>,
): { query: UseQueryResult<Answer>; progress: LogProgress | null } {
  const [progress, setProgress] = useState<LogProgress | null>(null);
  const query = useQuery({
    queryKey: ['logs', name, JSON.stringify(askOf(logs, { from: 0, to: 0 })), view.range.from,
      view.range.to, view.tz],
    placeholderData: keepPreviousData, staleTime: Number.POSITIVE_INFINITY, gcTime: 60_000,
    refetchInterval: view.refreshMs === 0 ? false : view.refreshMs,
    queryFn: async ({ signal }): Promise<Answer> => {
      const range = resolveRange(view.range, Date.now(), view.tz);
      if (range === null) throw new RangeError(`${view.range.from} – ${view.range.to}`);
      try {
        return await load(askOf(logs, range), setProgress, signal);
      } finally {
        setProgress(null);
      }
    },
  });
  useEffect(() => onError(query.error), [query.error, onError]);
  const isSlow = useAfter(query.isFetching, 700);
  return { query, progress: isSlow ? progress : null };
}
