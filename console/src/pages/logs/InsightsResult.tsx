// The rows of a query, and its lines where they have times from bin().
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import type { InsightsTable } from '../../api/logs';
import { ChartBody } from '../../chart/ChartBody';
import { download } from '../../chart/export';
import type { PlotMode } from '../../chart/Plot';
import type { ChartState } from '../../chart/useChart';
import { useText, type Key } from '../../i18n';
import { chartOf, prettyJson, toCsvTable, type TableChart } from '../../state/logs';
import type { View } from '../../state/useView';
import { Icon } from '../../ui/Icon';
import { Empty } from '../../ui/states';

const ROW = 27;
const LONG = 60; // characters: cut to what is left of the width
const MODES: { id: PlotMode; label: Key }[] = [
  { id: 'line', label: 'view.line' }, { id: 'stacked', label: 'view.stacked' }, { id: 'bar', label: 'view.bar' },
];

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

function Chart({ chart, range, view }: { chart: TableChart; range: { from: number; to: number }; view: View }) {
  const { t } = useText();
  const [mode, setMode] = useState<PlotMode>('line');
  const state = useMemo(() => chartState(chart, range), [chart, range]);
  return (
    <div className="insightschart" data-chart="insights">
      <div className="tabs" role="group" aria-label={t('view.label')}>
        {MODES.map((one) => (
          <button key={one.id} type="button" aria-pressed={mode === one.id} onClick={() => setMode(one.id)}>
            {t(one.label)}
          </button>
        ))}
      </div>
      <ChartBody title={t('logs.results')} state={state} view={view} mode={mode} height={220} />
    </div>
  );
}

function Cell({ text, kind }: { text: string | null; kind: string }) {
  const [open, setOpen] = useState(false);
  if (text === null) return <td className="hint">–</td>;
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

export function InsightsResult({ table, range, view }: {
  table: InsightsTable; range: { from: number; to: number }; view: View;
}) {
  const { t } = useText();
  const chart = useMemo(() => chartOf(table), [table]);
  if (table.rows.length === 0) return table.partial ? null : <Empty title={t('logs.noMatch')} />;
  return (
    <>
      {chart !== null && <Chart chart={chart} range={range} view={view} />}
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
