// Which charts a host gets: made from the metrics that have arrived, in a fixed order, and never
// averaging unlike things together. Pure.
import type { Metric, MetricQuery } from '../../api/types';
import type { MetricChartQuery } from '../../chart/useChart';
import type { PlotMode } from '../../chart/Plot';
import type { Key } from '../../i18n';
import { isDelta } from '../../state/rows';

export interface Panel {
  id: string;
  section: Key | null;
  sectionText?: string;
  title: Key | null;
  titleText?: string;
  suffix?: string;
  source: string;
  mode: PlotMode;
  max?: number;
  // Seldom of interest (loop devices, memory file systems): shown when asked for.
  minor?: boolean;
  queries: MetricChartQuery[];
}

const AGENT = 'CWAgent';
const CPU_MODES = ['user', 'system', 'iowait', 'steal', 'nice', 'irq', 'softirq', 'guest'];

interface Found {
  host: string;
  metrics: Metric[];
  byName: Map<string, Metric[]>;
}

function find(host: string, namespace: string, metrics: Metric[]): Found {
  const own = metrics.filter((one) => one.namespace === namespace);
  const byName = new Map<string, Metric[]>();
  for (const metric of own) byName.set(metric.name, [...(byName.get(metric.name) ?? []), metric]);
  return { host, metrics: own, byName };
}

// The dimension that carries the host's id: InstanceId, host, instance, whatever arrived.
export function hostDimension(metric: Metric, host: string): Record<string, string> {
  const key = Object.keys(metric.dimensions).find((one) => metric.dimensions[one] === host);
  return key === undefined ? {} : { [key]: host };
}

function query(found: Found, name: string, extra: Record<string, string> = {}): MetricQuery {
  const sample = found.byName.get(name)?.[0];
  return {
    namespace: sample?.namespace ?? AGENT, metric: name,
    dimensions: { ...(sample === undefined ? {} : hostDimension(sample, found.host)), ...extra },
    match: 'subset', stat: isDelta(name) ? 'Sum' : 'Average', period: 0,
  };
}

function line(found: Found, name: string, label: string, extra: Record<string, string> = {},
  colour?: number): MetricChartQuery[] {
  if (!found.byName.has(name)) return [];
  return [{
    id: name, query: query(found, name, extra), rate: isDelta(name), label, prefix: label,
    ...(colour === undefined ? {} : { colour }),
  }];
}

export function dimensionValues(metrics: Metric[], name: string, key: string): string[] {
  const values = metrics.filter((one) => one.name === name).map((one) => one.dimensions[key] ?? '');
  return [...new Set(values)].filter((value) => value !== '').sort(
    (a, b) => a.localeCompare(b, 'en', { numeric: true }),
  );
}

type Part = Omit<Panel, 'queries' | 'source' | 'mode'> & {
  mode?: PlotMode; source?: string; queries: MetricChartQuery[][];
};

function panel(part: Part): Panel[] {
  const queries = part.queries.flat().map((one, i) => ({ colour: i, ...one }));
  if (queries.length === 0) return [];
  return [{ mode: 'line', source: AGENT, ...part, queries }];
}

function cpu(found: Found): Panel[] {
  const total = dimensionValues(found.metrics, 'cpu_usage_user', 'cpu').includes('cpu-total');
  const extra: Record<string, string> = total ? { cpu: 'cpu-total' } : {};
  const stacked = CPU_MODES.map((mode, i) => line(found, `cpu_usage_${mode}`, mode, extra, i));
  const hasModes = stacked.flat().length > 0;
  const cores = dimensionValues(found.metrics, 'cpu_usage_active', 'cpu').filter((one) => one !== 'cpu-total');
  const perCore = line(found, 'cpu_usage_active', 'active', { cpu: '*' }).map(
    ({ label: _label, prefix: _prefix, ...rest }) => rest,
  );
  return [
    ...panel({ id: 'cpu', section: 'host.cpu', title: 'host.cpuModes', mode: hasModes ? 'stacked' : 'line',
      queries: hasModes ? stacked : [line(found, 'cpu_usage_active', 'active', extra)] }),
    ...panel({ id: 'cpu-cores', section: 'host.cpu', title: 'host.cpuCores',
      queries: cores.length > 1 ? [perCore] : [] }),
  ];
}

function memory(found: Found): Panel[] {
  return [
    ...panel({ id: 'memory', section: 'host.memory', title: 'host.memoryUse', mode: 'stacked', queries: [
      line(found, 'mem_used', 'used'), line(found, 'mem_buffered', 'buffered'),
      line(found, 'mem_cached', 'cached'), line(found, 'mem_free', 'free')] }),
    ...panel({ id: 'memory-percent', section: 'host.memory', title: 'host.memoryPercent', queries: [
      line(found, 'mem_used_percent', 'used'), line(found, 'mem_available_percent', 'available')] }),
    ...panel({ id: 'swap', section: 'host.memory', title: 'host.swap', queries: [
      line(found, 'swap_used', 'used'), line(found, 'swap_free', 'free')] }),
  ];
}

const MINOR_DEVICE = /^(loop|ram|zram|fd|sr)\d+$/;
const MEMORY_FILE_SYSTEM = /^(tmpfs|devtmpfs|ramfs|squashfs|overlay|efivarfs|none)$/;

// Whether every series of this mount point is on a file system that holds no data of its own.
function isMinorMount(metrics: Metric[], path: string): boolean {
  return metrics.filter((one) => one.dimensions['path'] === path)
    .every((one) => MEMORY_FILE_SYSTEM.test(one.dimensions['fstype'] ?? ''));
}

function disks(found: Found): Panel[] {
  const mounts = dimensionValues(found.metrics, 'disk_used', 'path');
  const devices = dimensionValues(found.metrics, 'diskio_read_bytes', 'name');
  const each = devices.flatMap((name) => [
    ...panel({ id: `diskio-bytes-${name}`, section: 'host.diskio', title: 'host.diskBytes', suffix: name,
      minor: MINOR_DEVICE.test(name),
      queries: [line(found, 'diskio_read_bytes', 'read', { name }),
        line(found, 'diskio_write_bytes', 'write', { name })] }),
    ...panel({ id: `diskio-ops-${name}`, section: 'host.diskio', title: 'host.diskOps', suffix: name,
      minor: MINOR_DEVICE.test(name),
      queries: [line(found, 'diskio_reads', 'read', { name }),
        line(found, 'diskio_writes', 'write', { name }),
        line(found, 'diskio_iops_in_progress', 'in progress', { name })] }),
  ]);
  return [
    ...mounts.flatMap((path) => panel({ id: `disk-${path}`, section: 'host.filesystems',
      title: 'host.filesystem', suffix: path, mode: 'stacked',
      minor: isMinorMount(found.metrics, path), queries: [
        line(found, 'disk_used', 'used', { path }), line(found, 'disk_free', 'free', { path })] })),
    ...each,
  ];
}

function network(found: Found): Panel[] {
  const names = dimensionValues(found.metrics, 'net_bytes_recv', 'interface');
  return names.flatMap((name) => [
    ...panel({ id: `net-bytes-${name}`, section: 'host.network', title: 'host.netBytes', suffix: name,
      queries: [line(found, 'net_bytes_recv', 'received', { interface: name }),
        line(found, 'net_bytes_sent', 'sent', { interface: name })] }),
    ...panel({ id: `net-packets-${name}`, section: 'host.network', title: 'host.netPackets', suffix: name,
      queries: [line(found, 'net_packets_recv', 'received', { interface: name }),
        line(found, 'net_packets_sent', 'sent', { interface: name }),
        line(found, 'net_err_in', 'errors in', { interface: name }),
        line(found, 'net_err_out', 'errors out', { interface: name }),
        line(found, 'net_drop_in', 'dropped in', { interface: name }),
        line(found, 'net_drop_out', 'dropped out', { interface: name })] }),
  ]);
}

const PROCESS_STATES = ['running', 'sleeping', 'idle', 'blocked', 'zombies', 'stopped', 'paging', 'dead'];

function rest(found: Found): Panel[] {
  const names = [...found.byName.keys()].sort();
  const short = (prefix: string, keep: (name: string) => boolean) => names
    .filter((name) => name.startsWith(prefix) && keep(name))
    .map((name) => line(found, name, name.slice(prefix.length)));
  const pressure = (['cpu', 'memory', 'io'] as const).flatMap((what) => panel({
    id: `pressure-${what}`, section: 'host.pressure', title: `host.pressure.${what}`,
    queries: short(`pressure_${what}_`, (name) => name.includes('_avg')),
  }));
  return [
    ...panel({ id: 'processes', section: 'host.processes', title: 'host.processStates', mode: 'stacked',
      queries: PROCESS_STATES.map((state) => line(found, `processes_${state}`, state)) }),
    ...panel({ id: 'threads', section: 'host.processes', title: 'host.threads', queries: [
      line(found, 'processes_total', 'processes'), line(found, 'processes_total_threads', 'threads')] }),
    ...pressure,
    ...panel({ id: 'netstat', section: 'host.netstat', title: 'host.tcp',
      queries: short('netstat_tcp_', () => true) }),
    ...panel({ id: 'netstat-udp', section: 'host.netstat', title: 'host.udp',
      queries: short('netstat_udp_', () => true) }),
  ];
}

const EC2_PAIRS: [string, Key, [string, string][]][] = [
  ['cpu', 'host.ec2.cpu', [['CPUUtilization', 'utilization']]],
  ['network', 'host.ec2.network', [['NetworkIn', 'in'], ['NetworkOut', 'out']]],
  ['packets', 'host.ec2.packets', [['NetworkPacketsIn', 'in'], ['NetworkPacketsOut', 'out']]],
  ['disk', 'host.ec2.disk', [['DiskReadBytes', 'read'], ['DiskWriteBytes', 'write']]],
  ['ops', 'host.ec2.ops', [['DiskReadOps', 'read'], ['DiskWriteOps', 'write']]],
];

function ec2(found: Found): Panel[] {
  return EC2_PAIRS.flatMap(([id, title, names]) => panel({
    id: `ec2-${id}`, section: 'host.ec2', title, source: 'AWS/EC2',
    queries: names.map(([name, label]) => line(found, name, label)),
  }));
}

// What no panel above has drawn: one chart a name, so that nothing that arrived is left out.
function others(host: string, metrics: Metric[], drawn: Panel[]): Panel[] {
  const done = new Set(drawn.flatMap((one) => (
    one.queries.map(({ query: { namespace, metric } }) => `${namespace}/${metric}`)
  )));
  const known = /^(cpu_|mem_|swap_|disk_|diskio_|net_|netstat_|processes_|pressure_)/;
  const namespaces = [...new Set(metrics.map((one) => one.namespace))].sort();
  return namespaces.flatMap((namespace) => {
    const found = find(host, namespace, metrics);
    const names = [...found.byName.keys()].sort().filter((name) => (
      !done.has(`${namespace}/${name}`) && !(namespace === AGENT && known.test(name))
    ));
    return names.flatMap((name) => panel({
      id: `${namespace}-${name}`, section: null, sectionText: namespace, title: null, titleText: name,
      source: namespace,
      queries: [line(found, name, name).map(({ label: _label, prefix: _prefix, ...one }) => one)],
    }));
  });
}

export function panelsFor(host: string, metrics: Metric[]): Panel[] {
  const agent = find(host, AGENT, metrics);
  const drawn = [
    ...cpu(agent), ...memory(agent), ...disks(agent), ...network(agent), ...rest(agent),
    ...ec2(find(host, 'AWS/EC2', metrics)),
  ];
  return [...drawn, ...others(host, metrics, drawn)];
}
