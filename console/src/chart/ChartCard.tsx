// One chart with everything around it: title, source, states, actions, query and data table.
import { useEffect, useId, useRef, useState } from 'react';
import { useText } from '../i18n';
import type { View } from '../state/useView';
import { Icon } from '../ui/Icon';
import { Menu } from '../ui/Menu';
import { Empty, Failure, Skeleton, useAfter, useNow } from '../ui/states';
import { useSeen } from '../ui/useSeen';
import { ChartBody } from './ChartBody';
import { chartActions } from './actions';
import { summarise } from './data';
import { DataTable } from './DataTable';
import { queryText } from './export';
import { claimPanel } from './panel';
import type { PlotMode } from './Plot';
import { formatAge, formatCount, formatDuration, formatInstant, formatMinute, formatValue }
  from './units';
import { useChart, type ChartQuery, type ChartState } from './useChart';

export interface ChartCardProps {
  title: string;
  id: string;
  queries: ChartQuery[];
  view: View;
  mode?: PlotMode;
  height?: number;
  max?: number;
  source?: string;
  wide?: boolean;
  metricsHref?: string;
  onOpen?: () => void;
}

export function Cost({ state }: { state: ChartState }) {
  const { t, lang } = useText();
  if (state.stats === null) return null;
  const { series, points, bytes, elapsedMs, period, tier } = state.stats;
  return (
    <span className="cost">
      {t('chart.cost', {
        series: formatCount(series, lang), points: formatCount(points, lang),
        bytes: formatValue(bytes, 'Bytes', lang), time: formatDuration(elapsedMs, lang),
        period: formatDuration(period * 1000, lang), tier,
      })}
    </span>
  );
}

export function StateBadges({ state, refreshMs }: { state: ChartState; refreshMs: number }) {
  const { t, lang } = useText();
  const isStale = state.error !== null && state.joined.time.length > 0;
  const now = useNow(isStale ? 1_000 : 60_000);
  return (
    <>
      {state.isPartial && <span className="badge info">{t('state.partial')}</span>}
      {state.truncated !== null && (
        <span className="badge warn" title={t('state.truncatedHelp')}>
          {t('state.truncated', {
            limit: formatCount(state.truncated.limit, lang),
            total: formatCount(state.truncated.total, lang),
          })}
        </span>
      )}
      {isStale && refreshMs >= 0 && (
        <button
          type="button" className="badge warn" title={String(state.error)} onClick={state.retry}
        >
          {t('state.stale', { age: formatAge(now - state.fetchedAt, lang) })}
        </button>
      )}
    </>
  );
}

function ProgressRow({ state }: { state: ChartState }) {
  const { t, lang } = useText();
  const { progress } = state;
  return (
    <div className="progress" role="status">
      <progress
        aria-label={t('state.loading')}
        {...(progress === null ? {} : { value: progress.done, max: Math.max(1, progress.total) })}
      />
      <span className="hint">
        {progress === null ? t('state.loading') : t('state.progress', {
          done: formatCount(progress.done, lang), total: formatCount(progress.total, lang),
          rows: formatCount(progress.rows, lang), time: formatDuration(progress.elapsedMs, lang),
        })}
      </span>
      <button type="button" className="textbutton" onClick={state.cancel}>{t('action.cancel')}</button>
    </div>
  );
}

function useSummary(state: ChartState, props: ChartCardProps): string {
  const { t, lang } = useText();
  const points = state.joined.cells.reduce(
    (sum, cells) => sum + cells.filter((cell) => cell !== null && cell !== undefined).length, 0,
  );
  const series = state.series.slice(0, 5).map((one, i) => {
    const { last, min, max } = summarise(state.joined.time, state.joined.cells[i] ?? []);
    if (last === null || min === null || max === null) return one.label;
    return t('chart.summarySeries', {
      label: one.label, last: formatValue(last, one.unit, lang),
      min: formatValue(min, one.unit, lang), max: formatValue(max, one.unit, lang),
    });
  });
  return [t('chart.summary', {
    title: props.title, series: state.series.length, points,
    from: formatMinute(state.range.from, props.view.tz, lang),
    to: formatMinute(state.range.to, props.view.tz, lang),
  }), ...series].join(' ');
}

export function QueryText({ queries }: { queries: ChartQuery[] }) {
  return (
    <pre className="querytext" tabIndex={0}>
      {queries.map((one) => queryText(one.query)).join('\n')}
    </pre>
  );
}

function Content({ props, state, table, height, seen }: {
  props: ChartCardProps; state: ChartState; table: boolean; height: number; seen: boolean;
}) {
  const { t, lang } = useText();
  const isEmpty = state.joined.time.length === 0;
  const isSlow = useAfter(state.isLoading && state.isFetching, 1_000);
  if (isEmpty && state.error !== null) return <Failure error={state.error} retry={state.retry} />;
  if (isEmpty && state.isLoading && seen && !state.isFetching) {
    return (
      <Empty title={t('state.stopped')}>
        <button type="button" className="textbutton" onClick={state.retry}>{t('action.retry')}</button>
      </Empty>
    );
  }
  if (isEmpty && state.isLoading) {
    return isSlow ? <ProgressRow state={state} /> : <Skeleton height={height + 26} />;
  }
  if (isEmpty) {
    return (
      <Empty title={t('state.empty')}>
        <p>{t('state.emptyRange', {
          from: formatInstant(state.range.from, props.view.tz, lang),
          to: formatInstant(state.range.to, props.view.tz, lang),
        })}</p>
      </Empty>
    );
  }
  if (table) {
    return <DataTable title={props.title} joined={state.joined} series={state.series} tz={props.view.tz} />;
  }
  return (
    <div className={state.error === null ? '' : 'dimmed'}>
      <ChartBody
        title={props.title} state={state} view={props.view} mode={props.mode ?? 'line'}
        height={height} onOpen={props.onOpen} {...(props.max === undefined ? {} : { max: props.max })}
      />
    </div>
  );
}

export function ChartCard(props: ChartCardProps) {
  const { t } = useText();
  const root = useRef<HTMLElement>(null);
  const heading = useId();
  const seen = useSeen(root);
  const [table, setTable] = useState(false);
  const [query, setQuery] = useState(false);
  const [full, setFull] = useState(false);
  const state = useChart(props.queries, props.view, {
    enabled: seen, fine: true, width: props.wide === true ? 1200 : 600,
  });
  const summary = useSummary(state, props);
  const height = full ? Math.max(200, window.innerHeight - 190) : (props.height ?? 168);
  const panel = {
    toggleQuery: () => setQuery((shown) => !shown), toggleFull: () => setFull((shown) => !shown),
  };
  const claim = () => claimPanel(panel);

  useEffect(() => {
    if (!full) return undefined;
    const onKey = (event: KeyboardEvent) => { if (event.key === 'Escape') setFull(false); };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [full]);

  const className = ['card', props.wide === true ? 'wide' : '', full ? 'full' : ''].join(' ').trim();
  return (
    <section
      ref={root} className={className} aria-labelledby={heading} data-chart={props.id}
      onPointerEnter={claim} onFocus={claim}
    >
      <header className="card-head">
        <h3 id={heading} title={props.title}>{props.title}</h3>
        {props.source !== undefined && <span className="badge source">{props.source}</span>}
        <StateBadges state={state} refreshMs={props.view.refreshMs} />
        <span className="grow" />
        <button
          type="button" className="iconbutton quiet" aria-pressed={table} data-action="table"
          aria-label={t('chart.tableOf', { title: props.title })} title={t('chart.table')}
          onClick={() => setTable(!table)}
        >
          <Icon name="table" />
        </button>
        <Menu
          label={t('chart.actionsOf', { title: props.title })} className="iconbutton quiet"
          items={chartActions({ t, props, state, root, panel, query, full })}
        >
          <Icon name="more" />
        </Menu>
      </header>
      <p className="hidden-text" data-summary="">{summary}</p>
      <Content props={props} state={state} table={table} height={height} seen={seen} />
      {query && (
        <div className="queryfoot">
          <QueryText queries={props.queries} />
          <Cost state={state} />
        </div>
      )}
    </section>
  );
}
