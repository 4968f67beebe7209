// The rows of a query, as lines where they have times from bin(), as bars or a pie where they are groups.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import type { InsightsTable } from '../../api/logs';
import { ChartBody } from '../../chart/ChartBody';
import { download } from '../../chart/export';
import { Bars, Pie } from '../../chart/GroupChart';
import type { PlotMode } from '../../chart/Plot';
import type { ChartState } from '../../chart/useChart';
import { useText, type Key } from '../../i18n';
import { groupsOf, viewsOf, type GroupChart, type TableView } from '../../state/logGroups';
import { chartOf, prettyJson, toCsvTable, type LogState, type TableChart } from '../../state/logs';
import type { View } from '../../state/useView';
import { Icon } from '../../ui/Icon';
import { Empty } from '../../ui/states';

const ROW = 27;
const LONG = 60; // characters: cut to what is left of the width
const VIEW_NAMES: Record<TableView, Key> = {
  line: 'view.line', stacked: 'view.stacked', bar: 'view.bar', bars: 'view.bars', pie: 'view.pie', table: 'view.table',
};

function chartState(chart: TableChart, range: { from: number; to: number }): ChartState {
  const period = (chart.time[1] ?? 0) - (chart.time[0] ?? 0);
  return {
    joined: { time: chart.time, cells: chart.series.map((one) => one.values) },
    series: chart.series.map((one, colour) => ({
      id: one.label, label: one.label, unit: '', values: one.values, dimensions: {}, stat: '',
      period: period / 1000, namespace: '', metric: '', axis: 'left', colour,
    })),
    results: [], stats: null, isLoading: false, isFetching: false, isPartial: false, truncated: null,
    error: null, errors: [], fetchedAt: 0, range, progress: null, cancel: () => undefined, retry: () => undefined,
  };
}

function Lines({ chart, range, view, mode }: {
  chart: TableChart; range: { from: number; to: number }; view: View; mode: PlotMode;
}) {
  const { t } = useText();
  const state = useMemo(() => chartState(chart, range), [chart, range]);
  return <ChartBody title={t('logs.results')} state={state} view={view} mode={mode} height={220} />;
}

function Measure({ chart, set }: { chart: GroupChart; set: (change: Partial<LogState>) => void }) {
  const { t } = useText();
  return (
    <label className="row hint">
      {t('groups.measure')}
      <select value={chart.measure} onChange={(event) => set({ measure: event.target.value })}>
        {chart.measures.map((one) => <option key={one} value={one}>{one}</option>)}
      </select>
    </label>
  );
}

function Groups({ chart, shown, keepsOrder }: { chart: GroupChart; shown: TableView; keepsOrder: boolean }) {
  const { t } = useText();
  return (
    <>
      {shown === 'pie' ? <Pie title={chart.measure} groups={chart.groups} />
        : <Bars title={chart.measure} groups={chart.groups} keepsOrder={keepsOrder} />}
      {chart.unknown > 0 && <p className="hint measure">{t('groups.unknown', { count: chart.unknown })}</p>}
    </>
  );
}

function Chart({ table, logs, range, view, set }: {
  table: InsightsTable; logs: LogState; range: { from: number; to: number }; view: View;
  set: (change: Partial<LogState>) => void;
}) {
  const { t } = useText();
  const { views, automatic } = useMemo(() => viewsOf(table, logs.measure), [table, logs.measure]);
  const lines = useMemo(() => chartOf(table), [table]);
  const groups = useMemo(() => groupsOf(table, logs.measure), [table, logs.measure]);
  if (views.length === 1) return null;
  const shown = views.find((one) => one === logs.chart) ?? automatic;
  return (
    <div className="insightschart" data-chart="insights" data-view={shown}>
      <div className="toolbar">
        <div className="tabs" role="group" aria-label={t('view.label')}>
          {views.map((one) => (
            <button key={one} type="button" aria-pressed={shown === one} data-view-button={one}
              onClick={() => set({ chart: one === automatic ? null : one })}>
              {t(VIEW_NAMES[one])}
            </button>
          ))}
        </div>
        {shown !== 'table' && groups !== null && groups.measures.length > 1 && <Measure chart={groups} set={set} />}
      </div>
      {shown !== 'table' && lines !== null && (
        <Lines chart={lines} range={range} view={view} mode={shown as PlotMode} />
      )}
      {shown !== 'table' && lines === null && groups !== null && (
        <Groups chart={groups} shown={shown} keepsOrder={/\|\s*sort\b/i.test(logs.query)} />
      )}
    </div>
  );
}

function Cell({ text, kind }: { text: string | null; kind: string }) {
  const [open, setOpen] = useState(false);
  if (text === null) return <td className={kind === 'number' ? 'number hint' : 'hint'}>–</td>;
  if (kind === 'number') return <td className="number">{text}</td>;
  const json = open ? prettyJson(text) : null;
  const isLong = text.length > LONG;
  return (
    <td className={isLong ? 'mono longcell' : 'mono nowrap'}>
      {isLong ? (
        <button type="button" className={open ? 'cellbutton open' : 'cellbutton'} aria-expanded={open}
          data-list-item="" onClick={() => setOpen(!open)}>
          {json ?? text}
        </button>
      ) : text}
    </td>
  );
}

function Table({ table }: { table: InsightsTable }) {
  const { t } = useText();
  const root = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: table.rows.length, getScrollElement: () => root.current, estimateSize: () => ROW, overscan: 12,
  });
  const items = rows.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = rows.getTotalSize() - (items.at(-1)?.end ?? 0);
  // @ptr names an event for other tools; nobody reads it.
  const shown = table.columns.flatMap((one, i) => (one.name === '@ptr' ? [] : [i]));
  const spacer = (height: number) => (
    <tr aria-hidden="true"><td className="spacer" colSpan={shown.length} ref={(element) => {
      if (element !== null) element.style.height = `${height}px`;
    }} /></tr>
  );
  return (
    <div className="insightstable" ref={root} tabIndex={0} role="region" aria-label={t('logs.results')}>
      <table className="list">
        <thead>
          <tr>
            {shown.map((i) => (
              <th key={i} scope="col" className={table.columns[i]!.kind === 'number' ? 'number' : ''}>
                {table.columns[i]!.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && spacer(before)}
          {items.map((item) => (
            <tr key={item.key} data-index={item.index} ref={rows.measureElement}>
              {shown.map((i) => (
                <Cell key={i} text={table.rows[item.index]?.[i] ?? null} kind={table.columns[i]!.kind} />
              ))}
            </tr>
          ))}
          {after > 0 && spacer(after)}
        </tbody>
      </table>
    </div>
  );
}

export function InsightsResult({ table, logs, range, view, set }: {
  table: InsightsTable; logs: LogState; range: { from: number; to: number }; view: View;
  set: (change: Partial<LogState>) => void;
}) {
  const { t } = useText();
  if (table.rows.length === 0) return table.partial ? null : <Empty title={t('logs.noMatch')} />;
  return (
    <>
      <Chart table={table} logs={logs} range={range} view={view} set={set} />
      <div className="row resultactions">
        <button
          type="button" className="textbutton"
          onClick={() => download('results.csv', 'text/csv', toCsvTable(table))}
        >
          <Icon name="table" size={13} />{t('action.csv')}
        </button>
      </div>
      <Table table={table} />
    </>
  );
}
