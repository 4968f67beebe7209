// Hosts with their latest CPU, memory and fullest filesystem; only the rows in view exist.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';
import { Link } from 'wouter';
import type { Host } from '../api/types';
import { StateBadges } from '../chart/ChartCard';
import { seriesColour } from '../chart/colours';
import { fitRange, summarise, type Cell } from '../chart/data';
import { Sparkline } from '../chart/Sparkline';
import { useChart, type ChartQuery, type ChartState } from '../chart/useChart';
import { formatCount, formatValue } from '../chart/units';
import { useText } from '../i18n';
import { useIsDark } from '../state/prefs';
import type { View } from '../state/useView';
import { HostState } from './HostState';
import { Meter } from './Tile';

function fleetQuery(metric: string, extra: Record<string, string>): ChartQuery {
  return {
    id: `fleet-${metric}`, rate: false,
    query: { namespace: 'CWAgent', metric, stat: 'Average', period: 0, match: 'subset',
      dimensions: { InstanceId: '*', ...extra } },
  };
}

const QUERIES = [
  fleetQuery('cpu_usage_active', { cpu: 'cpu-total' }), fleetQuery('mem_used_percent', {}),
  fleetQuery('disk_used_percent', { path: '*' }),
];

interface Latest {
  cpu: number | null;
  cpuCells: Cell[];
  memory: number | null;
  disk: number | null;
  diskPath: string;
}

function latestOf(state: ChartState): Map<string, Latest> {
  const all = new Map<string, Latest>();
  state.series.forEach((one, i) => {
    const id = one.dimensions['InstanceId'] ?? '';
    const latest = all.get(id) ?? { cpu: null, cpuCells: [], memory: null, disk: null, diskPath: '' };
    const cells = state.joined.cells[i] ?? [];
    const { last } = summarise(state.joined.time, cells);
    if (one.metric === 'cpu_usage_active') Object.assign(latest, { cpu: last, cpuCells: cells });
    else if (one.metric === 'mem_used_percent') latest.memory = last;
    else if (last !== null && last > (latest.disk ?? -1)) {
      Object.assign(latest, { disk: last, diskPath: one.dimensions['path'] ?? '' });
    }
    all.set(id, latest);
  });
  return all;
}

const ROW_HEIGHT = 40;

export function HostTable({ hosts, view, height }: { hosts: Host[]; view: View; height: number }) {
  const { t, lang } = useText();
  const dark = useIsDark();
  const state = useChart(QUERIES, view, { enabled: hosts.length > 0, width: 200 });
  const latest = useMemo(() => latestOf(state), [state.joined]);
  const root = useRef<HTMLDivElement>(null);
  const sorted = useMemo(() => [...hosts].sort((a, b) => (
    (latest.get(b.id)?.cpu ?? -1) - (latest.get(a.id)?.cpu ?? -1) || a.name.localeCompare(b.name)
  )), [hosts, latest]);
  const rows = useVirtualizer({
    count: sorted.length, getScrollElement: () => root.current, estimateSize: () => ROW_HEIGHT, overscan: 8,
    initialRect: { width: 1000, height },
  });
  const range = fitRange(state.range, state.joined.time[0], view.state.from !== null);
  const items = rows.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = rows.getTotalSize() - (items.at(-1)?.end ?? 0);
  const spacer = (size: number) => (element: HTMLTableCellElement | null) => {
    if (element !== null) element.style.height = `${size}px`;
  };
  const isNoted = state.truncated !== null || state.error !== null;
  return (
    <>
      {isNoted && (
        <div className="row pad">
          <StateBadges state={state} refreshMs={view.refreshMs} />
          {state.truncated !== null && <span className="hint">{t('hosts.cut')}</span>}
        </div>
      )}
      <div
        className="scroll hosttable" tabIndex={0} role="region" aria-label={t('page.hosts')}
        ref={(element) => {
          root.current = element;
          if (element !== null) element.style.maxHeight = `${height}px`;
        }}
      >
        <table className="list" aria-rowcount={sorted.length}>
          <thead>
            <tr>
              <th scope="col">{t('hosts.name')}</th>
              <th scope="col">{t('hosts.state')}</th>
              <th scope="col">{t('tile.cpu')}</th>
              <th scope="col" className="wide-cell">{t('hosts.cpuTrend')}</th>
              <th scope="col">{t('tile.memory')}</th>
              <th scope="col">{t('tile.disk')}</th>
              <th scope="col" className="wide-cell">{t('hosts.machine')}</th>
            </tr>
          </thead>
          <tbody>
            {before > 0 && <tr aria-hidden="true"><td colSpan={7} className="spacer" ref={spacer(before)} /></tr>}
            {items.map((item) => {
              const host = sorted[item.index]!;
              const last = latest.get(host.id);
              return (
                <tr key={host.id} aria-rowindex={item.index + 1}>
                  <th scope="row">
                    <Link href={view.href(`/hosts/${host.id}`)} data-list-item="">{host.name}</Link>
                    <div className="hint mono">{host.id}</div>
                  </th>
                  <td><HostState host={host} /></td>
                  <td><Meter value={last?.cpu ?? null} label={t('tile.cpu')} /></td>
                  <td className="wide-cell">
                    <Sparkline
                      time={state.joined.time} cells={last?.cpuCells ?? []} range={range}
                      colour={seriesColour(0, dark)} width={140} height={24}
                    />
                  </td>
                  <td><Meter value={last?.memory ?? null} label={t('tile.memory')} /></td>
                  <td>
                    <Meter value={last?.disk ?? null} label={t('tile.disk')} />
                    <div className="hint mono">{last?.diskPath ?? ''}</div>
                  </td>
                  <td className="wide-cell">
                    {t('hosts.machineText', {
                      cpus: formatCount(host.cpus, lang), memory: formatValue(host.memoryBytes, 'Bytes', lang),
                    })}
                    <div className="hint">{host.os}</div>
                  </td>
                </tr>
              );
            })}
            {after > 0 && <tr aria-hidden="true"><td colSpan={7} className="spacer" ref={spacer(after)} /></tr>}
          </tbody>
        </table>
      </div>
    </>
  );
}
