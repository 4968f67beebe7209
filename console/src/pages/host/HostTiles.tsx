// The first line of a host: the numbers that tell whether it is well.
import type { Metric } from '../../api/types';
import { useText, type Key } from '../../i18n';
import { isDelta } from '../../state/rows';
import type { View } from '../../state/useView';
import { MetricTile } from '../../ui/Tile';
import { hostDimension } from './panels';

const TILES: { name: string; label: Key; extra: Record<string, string> }[] = [
  { name: 'cpu_usage_active', label: 'tile.cpu', extra: { cpu: 'cpu-total' } },
  { name: 'mem_used_percent', label: 'tile.memory', extra: {} },
  { name: 'disk_used_percent', label: 'tile.disk', extra: { path: '*' } },
  { name: 'net_bytes_recv', label: 'tile.netIn', extra: { interface: '*' } },
  { name: 'net_bytes_sent', label: 'tile.netOut', extra: { interface: '*' } },
  { name: 'pressure_io_some_avg10', label: 'tile.ioPressure', extra: {} },
  { name: 'processes_running', label: 'tile.running', extra: {} },
];

export function HostTiles({ id, metrics, view }: { id: string; metrics: Metric[]; view: View }) {
  const { t } = useText();
  const tiles = TILES.flatMap((tile) => {
    const sample = metrics.find((one) => one.name === tile.name);
    return sample === undefined ? [] : [{ ...tile, sample }];
  });
  return (
    <div className="tiles">
      {tiles.map(({ name, label, extra, sample }, i) => (
        <MetricTile
          key={name} label={t(label)} view={view} colour={i}
          query={{
            id: `tile-${name}`, rate: isDelta(name),
            query: {
              namespace: sample.namespace, metric: name, match: 'subset', period: 0,
              dimensions: { ...hostDimension(sample, id), ...extra },
              stat: isDelta(name) ? 'Sum' : 'Average',
            },
          }}
        />
      ))}
    </div>
  );
}
