// The four charts of this host on Home. Devices and interfaces stay apart, as lines of their own.
import type { PlotMode } from '../../chart/Plot';
import type { ChartQuery } from '../../chart/useChart';
import type { Key } from '../../i18n';
import { isDelta } from '../../state/rows';

interface HomePanel {
  id: string;
  title: Key;
  mode: PlotMode;
  queries: ChartQuery[];
}

type Line = [metric: string, label: string, extra?: Record<string, string>];

function lines(host: string, all: Line[]): ChartQuery[] {
  return all.map(([metric, label, extra = {}], i) => ({
    id: metric, label, colour: i, rate: isDelta(metric), activeOnly: '*' === Object.values(extra)[0],
    query: {
      namespace: 'CWAgent', metric, match: 'subset', period: 0, stat: isDelta(metric) ? 'Sum' : 'Average',
      dimensions: { InstanceId: host, ...extra },
    },
  }));
}

export function homePanels(host: string): HomePanel[] {
  const cpu = { cpu: 'cpu-total' };
  return [
    { id: 'cpu', title: 'host.cpuModes', mode: 'stacked', queries: lines(host, [
      ['cpu_usage_user', 'user', cpu], ['cpu_usage_system', 'system', cpu],
      ['cpu_usage_iowait', 'iowait', cpu], ['cpu_usage_steal', 'steal', cpu]]) },
    { id: 'memory', title: 'host.memoryUse', mode: 'stacked', queries: lines(host, [
      ['mem_used', 'used'], ['mem_buffered', 'buffered'], ['mem_cached', 'cached'], ['mem_free', 'free']]) },
    { id: 'network', title: 'home.network', mode: 'line', queries: lines(host, [
      ['net_bytes_recv', 'received', { interface: '*' }], ['net_bytes_sent', 'sent', { interface: '*' }]]) },
    { id: 'disk', title: 'home.disk', mode: 'line', queries: lines(host, [
      ['diskio_read_bytes', 'read', { name: '*' }], ['diskio_write_bytes', 'write', { name: '*' }]]) },
  ];
}
