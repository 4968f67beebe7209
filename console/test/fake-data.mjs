// Generated hosts and metrics for the fake server. Values depend only on series and time, so that
// every request sees the same past.
import { createHash } from 'node:crypto';

const MODES = ['active', 'user', 'system', 'iowait', 'steal', 'nice', 'irq', 'softirq', 'guest', 'idle'];
const GIB = 2 ** 30;

function seedOf(text) {
  return createHash('md5').update(text).digest().readUInt32LE(0) / 2 ** 32;
}

function wave(seed, ms) {
  const t = ms / 1000;
  const slow = Math.sin(t / (300 + seed * 900) + seed * 40);
  const fast = Math.sin(t / (7 + seed * 23) + seed * 90);
  const noise = Math.sin(t * (12.9898 + seed)) * 43758.5453;
  return 0.5 + 0.28 * slow + 0.12 * fast + 0.18 * (noise - Math.floor(noise) - 0.5);
}

export function makeHosts(count, now) {
  const hosts = [];
  for (let i = 0; i < count; i += 1) {
    const digest = createHash('sha256').update(`host${i}`).digest('hex');
    hosts.push({
      id: `i-${digest.slice(0, 17)}`, name: i === 0 ? 'build-tokyo-1' : `web-${String(i).padStart(3, '0')}`,
      os: 'Debian GNU/Linux 12 (bookworm)', kernel: '6.1.0-28-amd64', arch: 'x86_64',
      cpus: 4, memoryBytes: 16 * GIB, bootTime: now - 400_000 - i * 7_000_000,
      lastSeen: i === 7 ? now - 600_000 : now, source: 'built-in agent',
    });
  }
  return hosts;
}

function series(list, namespace, name, dimensions, unit, range, kind = 'gauge') {
  list.push({ namespace, name, dimensions, unit, range, kind, seed: seedOf(name + JSON.stringify(dimensions)) });
}

function agentSeries(list, host, deep) {
  const id = { InstanceId: host.id };
  const cpus = deep ? ['cpu-total', 'cpu0', 'cpu1', 'cpu2', 'cpu3'] : ['cpu-total'];
  for (const cpu of cpus) {
    const shares = { active: [12, 60], user: [8, 38], system: [3, 14], iowait: [0, 6], steal: [0, 1.5],
      nice: [0, 0.4], irq: [0, 0.1], softirq: [0, 1.2], guest: [0, 0], idle: [40, 88] };
    for (const mode of MODES) {
      series(list, 'CWAgent', `cpu_usage_${mode}`, { ...id, cpu }, 'Percent', shares[mode]);
    }
  }
  const memory = [['total', [16 * GIB, 16 * GIB]], ['used', [4 * GIB, 9 * GIB]], ['free', [1 * GIB, 2 * GIB]],
    ['cached', [4 * GIB, 5 * GIB]], ['buffered', [0.2 * GIB, 0.4 * GIB]], ['available', [6 * GIB, 11 * GIB]]];
  for (const [name, range] of memory) series(list, 'CWAgent', `mem_${name}`, id, 'Bytes', range);
  series(list, 'CWAgent', 'mem_used_percent', id, 'Percent', [25, 58]);
  series(list, 'CWAgent', 'mem_available_percent', id, 'Percent', [40, 70]);
  series(list, 'CWAgent', 'swap_used', id, 'Bytes', [0, 0.2 * GIB]);
  series(list, 'CWAgent', 'swap_free', id, 'Bytes', [1.8 * GIB, 2 * GIB]);
  series(list, 'CWAgent', 'swap_used_percent', id, 'Percent', [0, 10]);
  const mounts = [['/', 'nvme0n1p1', 'ext4', 100, 61], ['/var/lib/data', 'nvme1n1', 'xfs', 500, 91],
    ['/boot', 'nvme0n1p2', 'ext4', 1, 34]];
  for (const [path, device, fstype, size, percent] of mounts) {
    const on = { ...id, path, device, fstype };
    const used = (size * GIB * percent) / 100;
    series(list, 'CWAgent', 'disk_used_percent', on, 'Percent', [percent, percent + 0.6]);
    series(list, 'CWAgent', 'disk_total', on, 'Bytes', [size * GIB, size * GIB]);
    series(list, 'CWAgent', 'disk_used', on, 'Bytes', [used, used * 1.01]);
    series(list, 'CWAgent', 'disk_free', on, 'Bytes', [size * GIB - used * 1.01, size * GIB - used]);
    series(list, 'CWAgent', 'disk_inodes_total', on, 'Count', [6.5e6, 6.5e6]);
    series(list, 'CWAgent', 'disk_inodes_used', on, 'Count', [8e5, 8.1e5]);
  }
  if (!deep) return;
  for (const name of ['nvme0n1', 'nvme1n1']) {
    for (const [metric, unit, high] of [['reads', 'Count', 90], ['writes', 'Count', 240],
      ['read_bytes', 'Bytes', 9e6], ['write_bytes', 'Bytes', 4e7]]) {
      series(list, 'CWAgent', `diskio_${metric}`, { ...id, name }, unit, [0, high], 'delta');
    }
    series(list, 'CWAgent', 'diskio_iops_in_progress', { ...id, name }, 'Count', [0, 3]);
  }
  for (const name of ['ens5', 'lo']) {
    for (const [metric, unit, high] of [['bytes_sent', 'Bytes', 2e6], ['bytes_recv', 'Bytes', 5e6],
      ['packets_sent', 'Count', 1500], ['packets_recv', 'Count', 3200], ['err_in', 'Count', 0],
      ['err_out', 'Count', 0], ['drop_in', 'Count', 1], ['drop_out', 'Count', 0]]) {
      series(list, 'CWAgent', `net_${metric}`, { ...id, interface: name }, unit, [0, high], 'delta');
    }
  }
  const processes = { running: [1, 5], sleeping: [120, 140], idle: [60, 64], blocked: [0, 2], zombies: [0, 1],
    total: [190, 210], total_threads: [700, 760], stopped: [0, 0], dead: [0, 0], paging: [0, 0] };
  for (const [name, range] of Object.entries(processes)) {
    series(list, 'CWAgent', `processes_${name}`, id, 'Count', range);
  }
  for (const name of ['established', 'listen', 'time_wait', 'close_wait', 'syn_sent']) {
    series(list, 'CWAgent', `netstat_tcp_${name}`, id, 'Count', [0, name === 'established' ? 80 : 25]);
  }
  series(list, 'CWAgent', 'netstat_udp_socket', id, 'Count', [8, 12]);
  for (const what of ['cpu', 'memory', 'io']) {
    for (const how of what === 'cpu' ? ['some'] : ['some', 'full']) {
      for (const window of ['avg10', 'avg60', 'avg300']) {
        series(list, 'CWAgent', `pressure_${what}_${how}_${window}`, id, 'Percent', [0, what === 'io' ? 14 : 4]);
      }
    }
  }
  for (const [name, unit, high] of [['CPUUtilization', 'Percent', 60], ['NetworkIn', 'Bytes', 5e6],
    ['NetworkOut', 'Bytes', 2e6], ['NetworkPacketsIn', 'Count', 3000], ['NetworkPacketsOut', 'Count', 1500],
    ['DiskReadBytes', 'Bytes', 9e6], ['DiskWriteBytes', 'Bytes', 4e7], ['DiskReadOps', 'Count', 90],
    ['DiskWriteOps', 'Count', 240]]) {
    series(list, 'AWS/EC2', name, id, unit, [0, high], name === 'CPUUtilization' ? 'gauge60' : 'delta60');
  }
  series(list, 'shop', 'orders', { service: 'checkout' }, 'Count', [0, 40], 'delta');
  series(list, 'shop', 'latency', { service: 'checkout' }, 'Milliseconds', [12, 80]);
}

export function makeSeries(hosts) {
  const list = [];
  hosts.forEach((host, i) => agentSeries(list, host, i === 0));
  return list;
}

function matches(one, query) {
  if (one.namespace !== query.namespace || one.name !== query.metric) return false;
  const wanted = Object.entries(query.dimensions ?? {});
  if (query.match !== 'subset' && wanted.length !== Object.keys(one.dimensions).length) return false;
  return wanted.every(([key, value]) => (
    value === '*' ? one.dimensions[key] !== undefined : one.dimensions[key] === value
  ));
}

function periodFor(range, maxPoints) {
  const least = (range.to - range.from) / 1000 / Math.max(1, maxPoints);
  return [1, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400].find((one) => one >= least) ?? 86400;
}

const SERIES_MAX = 100;

// `started`: no series has points before it, as on a server that has just begun.
export function answer(all, query, range, maxPoints, { now, started, samplesMs }) {
  const found = all.filter((one) => matches(one, query));
  const kept = found.slice(0, SERIES_MAX);
  const period = query.period > 0 ? query.period : periodFor(range, maxPoints);
  const step = period * 1000;
  const time = [];
  const first = Math.max(range.from, started);
  for (let ms = Math.floor(first / step) * step; ms < Math.min(range.to, now); ms += step) time.push(ms);
  const series = kept.map((one) => ({
    label: one.name, dimensions: one.dimensions, unit: one.unit, stat: query.stat, period,
    values: time.map((ms) => {
      const every = one.kind.endsWith('60') ? 60_000 : samplesMs;
      if (every > step && Math.floor(ms / step) % Math.round(every / step) !== 0) return null;
      const value = one.range[0] + (one.range[1] - one.range[0]) * Math.max(0, wave(one.seed, ms));
      const amount = one.kind.startsWith('delta') && query.stat === 'Sum' ? Math.max(step, every) / 1000 : 1;
      return value * amount;
    }),
  }));
  const points = series.reduce((sum, one) => sum + one.values.length, 0);
  return {
    frame: { time, series, partial: false,
      truncated: found.length > SERIES_MAX ? { limit: SERIES_MAX, total: found.length } : null },
    stats: { series: found.length, points, bytes: points * 3, elapsedMs: 1.5 + points / 9000, cacheShare: 0,
      tier: 'raw', period },
  };
}
