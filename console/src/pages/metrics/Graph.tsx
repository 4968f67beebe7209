// The graph of the rows a, b, c in the chosen view, and everything that can be taken from it.
import { useMemo, useRef, useState } from 'react';
import { ApiError } from '../../api/client';
import { ChartBody } from '../../chart/ChartBody';
import { Cost, QueryText, StateBadges } from '../../chart/ChartCard';
import { chartActions } from '../../chart/actions';
import { seriesColour } from '../../chart/colours';
import { summarise } from '../../chart/data';
import { DataTable } from '../../chart/DataTable';
import { claimPanel } from '../../chart/panel';
import { useChart, type ChartQuery, type ChartState } from '../../chart/useChart';
import { formatInstant, formatValue } from '../../chart/units';
import { useText, type Key } from '../../i18n';
import { useIsDark } from '../../state/prefs';
import { rowColour, rowQuery, type Row } from '../../state/rows';
import type { View } from '../../state/useView';
import { Icon } from '../../ui/Icon';
import { Menu } from '../../ui/Menu';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { RowEditor } from './RowEditor';

const VIEWS: { id: string; label: Key }[] = [
  { id: 'line', label: 'view.line' }, { id: 'stacked', label: 'view.stacked' },
  { id: 'bar', label: 'view.bar' }, { id: 'number', label: 'view.number' },
  { id: 'table', label: 'view.table' },
];

// A hidden row is not asked, and neither is one without a text; math may still use it.
export function chartQueries(rows: Row[]): ChartQuery[] {
  return rows.flatMap((row, i) => {
    if (row.hidden || (row.lang !== 'metric' && row.text.trim() === '')) return [];
    const label = row.label !== '' ? row.label : row.lang === 'metric' ? `${row.id} · ${row.metric}` : null;
    return [{
      id: row.id, query: rowQuery(row, rows), rate: row.rate, axis: row.axis, colour: rowColour(row, i),
      ...(label === null ? {} : { label }), prefix: row.label === '' ? row.id : row.label,
    }];
  });
}

// The server answered, and refused this query.
function isOfQuery(error: unknown): boolean {
  return error instanceof ApiError && error.status === 200;
}

function Numbers({ state, view }: { state: ChartState; view: View }) {
  const { lang } = useText();
  const dark = useIsDark();
  return (
    <div className="numbers">
      {state.series.map((one, i) => {
        const { last, lastTime } = summarise(state.joined.time, state.joined.cells[i] ?? []);
        return (
          <div key={one.id} className="tile">
            <div className="tile-label">
              <span className="swatch" ref={(element) => {
                if (element !== null) element.style.background = seriesColour(one.colour, dark);
              }} />
              {one.label}
            </div>
            <div className="tile-value">{last === null ? '–' : formatValue(last, one.unit, lang)}</div>
            <div className="tile-note">{lastTime === null ? '' : formatInstant(lastTime, view.tz, lang)}</div>
          </div>
        );
      })}
    </div>
  );
}

function Picture({ state, view, kind, title, isAsked }: {
  state: ChartState; view: View; kind: string; title: string; isAsked: boolean;
}) {
  const { t, lang } = useText();
  if (!isAsked) return <Empty title={t('metrics.noQuery')}><p>{t('metrics.noQueryHelp')}</p></Empty>;
  if (state.joined.time.length === 0) {
    // An error of a query stands at its row, with its place underlined.
    if (isOfQuery(state.error)) {
      return <Empty title={t('metrics.wrong')}><p>{t('metrics.wrongHelp')}</p></Empty>;
    }
    if (state.error !== null) return <Failure error={state.error} retry={state.retry} />;
    if (state.isLoading) return <Skeleton height={330} />;
    return (
      <Empty title={t('state.empty')}>
        <p>{t('state.emptyRange', {
          from: formatInstant(state.range.from, view.tz, lang),
          to: formatInstant(state.range.to, view.tz, lang),
        })}</p>
      </Empty>
    );
  }
  if (kind === 'number') return <Numbers state={state} view={view} />;
  if (kind === 'table') {
    return <DataTable title={title} joined={state.joined} series={state.series} tz={view.tz} />;
  }
  const mode = kind === 'stacked' || kind === 'bar' ? kind : 'line';
  return <ChartBody title={title} state={state} view={view} mode={mode} height={300} />;
}

export function Graph({ rows, setRows, view }: {
  rows: Row[]; setRows: (rows: Row[]) => void; view: View;
}) {
  const { t } = useText();
  const root = useRef<HTMLElement>(null);
  const [showQuery, setShowQuery] = useState(false);
  const [full, setFull] = useState(false);
  const shape = JSON.stringify(rows);
  const queries = useMemo(() => chartQueries(rows), [shape]);
  const state = useChart(queries, view, { enabled: true, fine: true, width: 1200 });
  const badges = isOfQuery(state.error) ? { ...state, error: null } : state;
  const kind = VIEWS.find((one) => one.id === view.state.view)?.id ?? 'line';
  const title = t('metrics.graph');
  const panel = {
    toggleQuery: () => setShowQuery((shown) => !shown), toggleFull: () => setFull((shown) => !shown),
  };
  claimPanel(panel);
  return (
    <section
      ref={root} className={full ? 'card full' : 'card'} aria-label={title} data-chart="metrics"
      onPointerEnter={() => claimPanel(panel)}
      onKeyDown={(event) => { if (event.key === 'Escape') setFull(false); }}
    >
      <header className="card-head">
        <div className="tabs" role="group" aria-label={t('view.label')}>
          {VIEWS.map((one) => (
            <button
              key={one.id} type="button" aria-pressed={kind === one.id}
              onClick={() => view.set({ view: one.id === 'line' ? null : one.id })}
            >
              {t(one.label)}
            </button>
          ))}
        </div>
        <StateBadges state={badges} refreshMs={view.refreshMs} />
        <span className="grow" />
        <Cost state={state} />
        <button
          type="button" className="iconbutton" aria-pressed={showQuery} aria-label={t('action.showQuery')}
          title={t('action.showQuery')} onClick={panel.toggleQuery}
        >
          <Icon name="code" />
        </button>
        <Menu
          label={t('chart.actionsOf', { title })}
          items={chartActions({
            t, state, root, panel, query: showQuery, full, props: { title, id: 'metrics', queries, view },
          })}
        >
          <Icon name="more" />
        </Menu>
      </header>
      <Picture state={state} view={view} kind={kind} title={title} isAsked={queries.length > 0} />
      {showQuery && <div className="queryfoot"><QueryText queries={queries} /></div>}
      <RowEditor rows={rows} setRows={setRows} state={state} shownIds={queries.map((one) => one.id)} />
    </section>
  );
}
