// Every filesystem apart, fullest first.
import { useMemo } from 'react';
import type { Metric } from '../../api/types';
import { summarise } from '../../chart/data';
import { useChart, type ChartQuery, type ChartState } from '../../chart/useChart';
import { formatValue } from '../../chart/units';
import { useText } from '../../i18n';
import type { View } from '../../state/useView';
import { Meter } from '../../ui/Tile';
import { hostDimension } from './panels';

const NAMES = ['disk_used_percent', 'disk_used', 'disk_total', 'disk_inodes_used', 'disk_inodes_total'];

interface Mount {
  path: string;
  device: string;
  fstype: string;
  last: Record<string, number>;
}

export function mountsOf(state: ChartState): Mount[] {
  const mounts = new Map<string, Mount>();
  state.series.forEach((one, i) => {
    const { path = '', device = '', fstype = '' } = one.dimensions;
    const key = `${path}\n${device}`;
    const mount = mounts.get(key) ?? { path, device, fstype, last: {} };
    const { last } = summarise(state.joined.time, state.joined.cells[i] ?? []);
    if (last !== null) mount.last[one.metric] = last;
    mounts.set(key, mount);
  });
  return [...mounts.values()].sort((a, b) => (
    (b.last['disk_used_percent'] ?? 0) - (a.last['disk_used_percent'] ?? 0)
  ));
}

export function Filesystems({ id, metrics, view }: { id: string; metrics: Metric[]; view: View }) {
  const { t, lang } = useText();
  const queries = useMemo(() => NAMES.flatMap((name): ChartQuery[] => {
    const sample = metrics.find((one) => one.name === name);
    if (sample === undefined) return [];
    return [{
      id: name, rate: false,
      query: {
        namespace: sample.namespace, metric: name, stat: 'Average', period: 0, match: 'subset',
        dimensions: { ...hostDimension(sample, id), path: '*' },
      },
    }];
  }), [id, metrics]);
  const state = useChart(queries, view, { enabled: queries.length > 0, width: 100 });
  const mounts = mountsOf(state);
  if (mounts.length === 0) return null;
  return (
    <section className="card tablecard" aria-label={t('host.filesystems')}>
      <header className="card-head"><h3>{t('host.filesystems')}</h3></header>
      <div className="scroll" tabIndex={0} role="region" aria-label={t('host.filesystems')}>
        <table className="list">
          <thead>
            <tr>
              <th scope="col">{t('fs.mount')}</th>
              <th scope="col">{t('fs.used')}</th>
              <th scope="col">{t('fs.inodes')}</th>
              <th scope="col" className="number">{t('fs.size')}</th>
              <th scope="col">{t('fs.device')}</th>
              <th scope="col">{t('fs.type')}</th>
            </tr>
          </thead>
          <tbody>
            {mounts.map((mount) => {
              const inodes = mount.last['disk_inodes_total'] ?? 0;
              const inodePercent = inodes > 0
                ? ((mount.last['disk_inodes_used'] ?? 0) / inodes) * 100 : null;
              const total = mount.last['disk_total'];
              return (
                <tr key={`${mount.path} ${mount.device}`}>
                  <th scope="row">{mount.path}</th>
                  <td><Meter value={mount.last['disk_used_percent'] ?? null} label={t('fs.used')} /></td>
                  <td><Meter value={inodePercent} label={t('fs.inodes')} /></td>
                  <td className="number">{total === undefined ? '–' : formatValue(total, 'Bytes', lang)}</td>
                  <td>{mount.device}</td>
                  <td>{mount.fstype}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
