// Logs Insights: an editor, the answer as it comes, as a table and as a chart.
import { keepPreviousData, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useId, useMemo, useState } from 'react';
import { ApiError } from '../../api/client';
import { getFields, runInsights, type InsightsTable, type LogProgress, type SearchStats } from '../../api/logs';
import { formatCount, formatDuration, formatValue } from '../../chart/units';
import { useText } from '../../i18n';
import { groupsAsked, logsChange, NO_CHOICE, type LogState } from '../../state/logs';
import { resolveRange } from '../../state/time';
import type { View } from '../../state/useView';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { GroupPicker, useGroups } from './GroupPicker';
import { InsightsResult } from './InsightsResult';
import { SavedQueries } from './SavedQueries';

const Editor = lazy(() => import('../../editor/Editor'));

const FIRST = 'fields @timestamp, @message\n| sort @timestamp desc\n| limit 200';
const FIELD_GROUPS_MAX = 4; // asked for their fields, for completion

interface Answer {
  table: InsightsTable | null;
  stats: (SearchStats & { rows?: number; bytes?: number }) | null;
  progress: LogProgress | null;
  range: { from: number; to: number };
}

function useFields(groups: string[]): string[] {
  const known = useGroups().data ?? [];
  const asked = (groups.length > 0 ? groups : known.map((one) => one.logGroupName)).slice(0, FIELD_GROUPS_MAX);
  const answers = useQueries({
    queries: asked.map((group) => ({
      queryKey: ['logs', 'fields', group], staleTime: 300_000,
      queryFn: ({ signal }: { signal: AbortSignal }) => getFields(group, signal),
    })),
  });
  return [...new Set(answers.flatMap((one) => one.data ?? []))];
}

function useInsights(logs: LogState, view: View) {
  const text = logs.query;
  const [live, setLive] = useState<Answer | null>(null);
  const client = useQueryClient();
  const key = ['logs', 'insights', text, JSON.stringify(groupsAsked(logs)), view.range.from, view.range.to, view.tz];
  const query = useQuery({
    queryKey: key, enabled: text !== '', placeholderData: keepPreviousData, retry: false,
    staleTime: Number.POSITIVE_INFINITY, gcTime: 60_000,
    refetchInterval: view.refreshMs === 0 ? false : view.refreshMs,
    queryFn: async ({ signal }): Promise<Answer> => {
      const range = resolveRange(view.range, Date.now(), view.tz);
      if (range === null) throw new RangeError(`${view.range.from} – ${view.range.to}`);
      let answer: Answer = { table: null, stats: null, progress: null, range };
      setLive(null);
      await runInsights({ text, ...groupsAsked(logs), range }, (line) => {
        answer = {
          ...answer,
          ...(line.table === undefined ? {} : { table: line.table }),
          ...(line.stats === undefined ? {} : { stats: line.stats }),
          ...(line.progress === undefined ? {} : { progress: line.progress }),
        };
        if (!signal.aborted) setLive(answer);
      }, signal);
      return answer;
    },
  });
  return {
    query, answer: (query.isFetching ? live : null) ?? (query.error === null ? query.data : undefined),
    cancel: () => void client.cancelQueries({ queryKey: key }),
  };
}

function Running({ answer, cancel }: { answer: Answer | undefined; cancel: () => void }) {
  const { t, lang } = useText();
  const progress = answer?.progress ?? null;
  return (
    <span className="row cost" role="status">
      <progress aria-label={t('state.loading')} />
      {progress === null ? t('state.loading') : t('logs.insightsProgress', {
        rows: formatCount(progress.rows, lang), bytes: formatValue(progress.bytes ?? 0, 'Bytes', lang),
        matched: formatCount(progress.matched, lang), time: formatDuration(progress.elapsedMs, lang),
      })}
      <button type="button" className="textbutton" onClick={cancel}>{t('action.cancel')}</button>
    </span>
  );
}

function Cost({ answer }: { answer: Answer }) {
  const { t, lang } = useText();
  if (answer.stats === null || answer.table === null) return null;
  const { stats, table } = answer;
  return (
    <span className="cost" role="status">
      {t('logs.insightsCost', {
        results: formatCount(table.total, lang), matched: formatCount(stats.matched, lang),
        rows: formatCount(stats.rows ?? 0, lang), bytes: formatValue(stats.bytes ?? 0, 'Bytes', lang),
        time: formatDuration(stats.elapsedMs, lang),
      })}
    </span>
  );
}

export function Insights({ logs, view }: { logs: LogState; view: View }) {
  const { t } = useText();
  const [typed, setTyped] = useState(logs.query === '' ? FIRST : logs.query);
  const [shownQuery, setShownQuery] = useState(logs.query);
  if (shownQuery !== logs.query) {
    // The URL has changed under the editor: back, forward, a saved query.
    setShownQuery(logs.query);
    if (logs.query !== '') setTyped(logs.query);
  }
  const fields = useFields(logs.groups);
  const { query, answer, cancel } = useInsights(logs, view);
  const errorId = useId();
  const { error } = query;
  const position = error instanceof ApiError ? (error.position ?? null) : null;
  const isOwnError = position !== null && typed === logs.query;
  const run = (text: string) => {
    if (text === logs.query) void query.refetch();
    else view.set(logsChange(view.state, { query: text }));
  };
  const set = (change: Partial<LogState>) => view.set(logsChange(view.state, change));
  const table = answer?.table ?? null;
  const result = useMemo(() => (table === null || answer === undefined ? null : (
    <InsightsResult table={table} logs={logs} range={answer.range} view={view} set={set} />
  )), [table, view]);
  return (
    <>
      <section className="card pad insights" aria-label={t('logs.insights')}>
        <div className="toolbar">
          <GroupPicker groups={logs.groups} by={logs.by} set={set} />
          <SavedQueries
            text={typed} groups={logs.groups}
            open={(saved) => set({ query: saved.queryString, groups: saved.logGroupNames ?? [], by: NO_CHOICE })}
          />
          <span className="grow" />
          <span className="hint">{t('logs.runKey')}</span>
          <button type="button" className="primary small" data-action="run" onClick={() => run(typed)}>
            {t('logs.runQuery')}
          </button>
        </div>
        <Suspense fallback={<Skeleton height={96} />}>
          <Editor
            lang="insights" text={isOwnError ? logs.query : typed} label={t('logs.query')} hint={FIRST} ids={fields}
            position={isOwnError ? position : null} errorId={isOwnError ? errorId : null} run={run} edit={setTyped}
          />
        </Suspense>
        {isOwnError && error !== null && (
          <p id={errorId} className="hint bad" data-error={position ?? ''}>{error.message}</p>
        )}
      </section>
      {!isOwnError && <section className={query.isPlaceholderData && query.isFetching ? 'card dimmedpart' : 'card'}
        aria-label={t('logs.results')}>
        <div className="toolbar listbar">
          {query.isFetching ? <Running answer={answer} cancel={cancel} />
            : answer !== undefined && <Cost answer={answer} />}
          {table?.partial === true && <span className="badge info">{t('state.partial')}</span>}
        </div>
        {error !== null && !isOwnError && <Failure error={error} retry={() => void query.refetch()} />}
        {logs.query === '' && <Empty title={t('logs.runFirst')}><p>{t('logs.runFirstHelp')}</p></Empty>}
        {logs.query !== '' && answer === undefined && error === null && <Skeleton height={300} />}
        {result}
      </section>}
    </>
  );
}
