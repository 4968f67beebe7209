// The tab of the search: histogram, facets, events.
import { useCallback, useEffect, useMemo, useState } from 'react';
import { ApiError } from '../../api/client';
import { exportUrl } from '../../api/logs';
import { formatCount, formatDuration, formatInstant, formatValue } from '../../chart/units';
import { useText } from '../../i18n';
import { askOf, highlights, logsChange, toggleFilter, toggleLevel, type LogState } from '../../state/logs';
import { resolveRange } from '../../state/time';
import { formatFilter, type Filter } from '../../state/url';
import type { View } from '../../state/useView';
import { Icon } from '../../ui/Icon';
import { Menu } from '../../ui/Menu';
import { Empty, Failure, Skeleton, useAfter } from '../../ui/states';
import { EventList } from './EventList';
import { Facets } from './Facets';
import { Histogram, LevelLegend } from './Histogram';
import { Setup } from './Setup';
import { useSearch, type SearchState } from './useSearch';

export function FilterTokens({ filters, set }: { filters: Filter[]; set: (filters: Filter[]) => void }) {
  const { t } = useText();
  if (filters.length === 0) return null;
  return (
    <div className="filterbar">
      {filters.map((filter) => {
        const shown = `${filter.key} ${filter.op} ${filter.value}`;
        return (
          <button
            key={formatFilter(filter)} type="button" className="token"
            aria-label={t('filter.remove', { filter: shown })}
            onClick={() => set(filters.filter((one) => one !== filter))}
          >
            <span className="tokentext">{shown}</span><Icon name="close" size={11} />
          </button>
        );
      })}
    </div>
  );
}

function Cost({ state }: { state: SearchState }) {
  const { t, lang } = useText();
  const { answer } = state;
  const isSlow = useAfter(state.isFetching, 700);
  if (answer === undefined) return null;
  const { stats, progress } = answer;
  if (isSlow && progress !== null && stats === null) {
    return (
      <span className="row cost" role="status">
        <progress aria-label={t('state.loading')} />
        {t('logs.progress', {
          rows: formatCount(progress.rows, lang), matched: formatCount(progress.matched, lang),
          time: formatDuration(progress.elapsedMs, lang),
        })}
        <button type="button" className="textbutton" onClick={state.cancel}>{t('action.cancel')}</button>
      </span>
    );
  }
  if (stats === null) return null;
  return (
    <span className="cost" role="status">
      {t('logs.cost', {
        matched: formatCount(stats.matched, lang), rows: formatCount(stats.rowsScanned, lang),
        bytes: formatValue(stats.bytesScanned, 'Bytes', lang), time: formatDuration(stats.elapsedMs, lang),
      })}
    </span>
  );
}

function Export({ logs, view }: { logs: LogState; view: View }) {
  const { t } = useText();
  const save = (format: 'csv' | 'ndjson') => {
    const range = resolveRange(view.range, Date.now(), view.tz);
    if (range === null) return;
    const link = document.createElement('a');
    link.href = exportUrl(askOf(logs, range), format);
    link.download = `logs.${format}`;
    link.click();
  };
  return (
    <Menu
      label={t('action.export')} className="textbutton" named
      items={[
        { id: 'csv', label: t('action.csv'), act: () => save('csv') },
        { id: 'ndjson', label: t('logs.jsonLines'), act: () => save('ndjson') },
      ]}
    >
      {t('action.export')}
    </Menu>
  );
}

function Results({ state, logs, view, wrap }: {
  state: SearchState; logs: LogState; view: View; wrap: boolean;
}) {
  const { t, lang } = useText();
  const { answer } = state;
  const set = useCallback((change: Partial<LogState>) => view.set(logsChange(view.state, change)), [view]);
  const words = useMemo(() => highlights(logs.text, logs.filters), [logs.text, JSON.stringify(logs.filters)]);
  const events = useMemo(() => [...(answer?.events ?? []), ...state.older], [answer?.events, state.older]);
  const filter = useCallback((one: Filter) => set({ filters: toggleFilter(logs.filters, one) }),
    [set, JSON.stringify(logs.filters)]);
  if (answer === undefined) return <Skeleton height={420} />;
  const isEmpty = events.length === 0;
  if (isEmpty && answer.done) {
    const isAsked = logs.text !== '' || logs.filters.length > 0 || logs.levels.length > 0;
    if (!isAsked) return <Setup range={answer.ask.range} view={view} />;
    return (
      <Empty title={t('logs.noMatch')}>
        <p>{t('state.emptyRange', {
          from: formatInstant(answer.ask.range.from, view.tz, lang),
          to: formatInstant(answer.ask.range.to, view.tz, lang),
        })}</p>
      </Empty>
    );
  }
  if (isEmpty) return <Skeleton height={420} />;
  return (
    <EventList
      events={events} words={words} tz={view.tz} wrap={wrap} withContext filter={filter} label={t('logs.events')}
      {...(state.hasOlder ? { onEnd: state.loadOlder } : {})}
      foot={(
        <p className="hint listfoot">
          {state.isLoadingOlder || state.hasOlder ? t('state.loading') : t('logs.end')}
        </p>
      )}
    />
  );
}

export function Search({ logs, view, onError }: {
  logs: LogState; view: View; onError: (error: unknown) => void;
}) {
  const { t } = useText();
  const state = useSearch(logs, view);
  const [wrap, setWrap] = useState(false);
  const { answer } = state;
  const set = (change: Partial<LogState>) => view.set(logsChange(view.state, change));
  useEffect(() => onError(state.error), [state.error, onError]);
  if (state.error !== null) {
    // What is wrong with the text stands below the search box.
    if (state.error instanceof ApiError && state.error.position !== undefined) return null;
    return <div className="card"><Failure error={state.error} retry={state.retry} /></div>;
  }
  return (
    <div className={state.isStale ? 'split logsplit dimmedpart' : 'split logsplit'}>
      {answer?.facets != null && answer.facets.rows > 0
        ? <Facets facets={answer.facets} filters={logs.filters} set={(filters) => set({ filters })} />
        : <aside className="card pad browser facets"><h2>{t('logs.facets')}</h2></aside>}
      <div className="stacked">
        <section className="card histogramcard" aria-label={t('logs.histogram')}>
          {answer?.histogram == null ? <Skeleton height={128} /> : (
            <>
              <div className="toolbar">
                <LevelLegend
                  data={answer.histogram} levels={logs.levels}
                  toggle={(level) => set({ levels: toggleLevel(logs.levels, level) })}
                />
                {answer.histogram.partial && <span className="badge info">{t('state.partial')}</span>}
              </div>
              <Histogram data={answer.histogram} range={answer.ask.range} view={view} />
            </>
          )}
        </section>
        <section className="card" aria-label={t('logs.events')}>
          <div className="toolbar listbar">
            <Cost state={state} />
            {answer?.stats?.missing === true && <span className="badge warn">{t('logs.missing')}</span>}
            <span className="grow" />
            <label className="row hint">
              <input type="checkbox" checked={wrap} onChange={(event) => setWrap(event.target.checked)} />
              {t('logs.wrap')}
            </label>
            <Export logs={logs} view={view} />
          </div>
          <Results state={state} logs={logs} view={view} wrap={wrap} />
        </section>
      </div>
    </div>
  );
}
