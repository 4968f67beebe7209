import { describe, expect, it } from 'vitest';
import { readFilter } from '../src/ui/FilterBar';
import { en } from '../src/i18n/en';
import { ja } from '../src/i18n/ja';
import { changesOf } from '../src/pages/home/changes';
import { panelsFor } from '../src/pages/host/panels';
import { dimensionSets } from '../src/pages/metrics/browse';
import { resolvePaste } from '../src/shell/resolve';
import { matchShortcut, SHORTCUTS } from '../src/shell/shortcuts';
import type { Host, Metric } from '../src/api/types';

const host: Host = {
  id: 'i-0123456789abcdef0', name: 'web-1', os: '', kernel: '', arch: '', cpus: 1, memoryBytes: 1,
  bootTime: 500, lastSeen: 1000, source: '',
};
const index = { hosts: [host], namespaces: [{ namespace: 'AWS/EC2', metrics: 3 }] };
const paste = (text: string) => resolvePaste(text, index, 'http://here:1');

describe('palette', () => {
  it('finds the host of an instance id, alone or in an ARN', () => {
    expect(paste(' i-0123456789abcdef0 ').targets[0]?.path).toBe('/hosts/i-0123456789abcdef0');
    expect(paste('arn:aws:ec2:us-east-1:1:instance/i-0123456789abcdef0').targets[0]?.path)
      .toBe('/hosts/i-0123456789abcdef0');
  });

  it('says why it cannot open something', () => {
    const why = (text: string) => paste(text).why?.key;
    expect(why('i-ffffffffffffffff0')).toBe('why.instance');
    expect(why('arn:aws:s3:::bucket')).toBe('why.arn');
    expect(why('10.0.0.1')).toBe('why.ip');
    expect(why('1-5759e988-bd862e3fe1be46a994272793')).toBe('why.trace');
    expect(why('4bf92f3577b34da6a3ce929d0e0e4736')).toBe('why.trace');
    expect(why('sum(rate(x[5m]))')).toBe('why.promql');
    expect(why('https://us-east-1.console.aws.amazon.com/cloudwatch/home')).toBe('why.cloudwatchLink');
    expect(why('https://example.com/a')).toBe('why.foreignLink');
  });

  it('opens log groups by their ARN and queries of Insights', () => {
    expect(paste('arn:aws:logs:eu-west-1:1:log-group:/aws/lambda/f:*').targets[0])
      .toMatchObject({ path: '/logs', change: { other: [['group', '/aws/lambda/f']] } });
    expect(paste('fields @timestamp | limit 5').targets[0])
      .toMatchObject({ path: '/logs', change: { view: 'insights', queries: ['fields @timestamp | limit 5'] } });
    // A name alone is looked for on the server.
    expect(paste('/aws/lambda/f')).toEqual({ targets: [], why: null });
  });

  it('takes over the range of a foreign link and opens its own links', () => {
    expect(paste('https://grafana.example/d/x?from=now-6h&to=now').targets[0]?.range)
      .toEqual({ from: 'now-6h', to: 'now' });
    expect(paste('http://here:1/ui/metrics/X?view=table').targets[0]?.path).toBe('/metrics/X?view=table');
  });

  it('finds hosts and namespaces by any part of their name', () => {
    expect(paste('WEB').targets.map((one) => one.path)).toEqual(['/hosts/i-0123456789abcdef0']);
    expect(paste('ec2').targets.map((one) => one.path)).toEqual(['/metrics/AWS/EC2']);
    expect(paste('').targets).toEqual([]);
  });
});

describe('shortcuts', () => {
  const press = (key: string, prefix = '', inField = false, ctrl = false) => (
    matchShortcut({ key, ctrl, alt: false, inField }, prefix)
  );

  it('read one key, or g and a key', () => {
    expect(press('t')).toBe('time');
    expect(press('g')).toBe('prefix');
    expect(press('m', 'g')).toBe('metrics');
    expect(press('x', 'g')).toBeNull();
  });

  it('do nothing in a text field, but the palette opens', () => {
    expect(press('t', '', true)).toBeNull();
    expect(press('k', '', true, true)).toBe('palette');
    expect(press('t', '', false, true)).toBeNull();
  });

  it('have distinct keys', () => {
    expect(new Set(SHORTCUTS.map((one) => one.keys)).size).toBe(SHORTCUTS.length);
  });
});

describe('languages', () => {
  it('use the same placeholders', () => {
    const vars = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      expect(vars(ja[key]), key).toEqual(vars(en[key]));
      expect(ja[key].trim(), key).not.toBe('');
    }
  });
});

function metric(namespace: string, name: string, dimensions: Record<string, string>): Metric {
  return { namespace, name, dimensions, unit: 'None', lastActive: 0 };
}

describe('host panels', () => {
  const id = host.id;
  const base = { InstanceId: id };

  it('are made from what arrived, in a fixed order', () => {
    const panels = panelsFor(id, [
      metric('shop', 'orders', { host: id }),
      metric('AWS/EC2', 'CPUUtilization', base),
      metric('CWAgent', 'mem_used', base),
      metric('CWAgent', 'cpu_usage_user', { ...base, cpu: 'cpu-total' }),
    ]);
    expect(panels.map((one) => one.id)).toEqual(['cpu', 'memory', 'ec2-cpu', 'shop-orders']);
    expect(panels[0]).toMatchObject({ mode: 'stacked', source: 'CWAgent' });
    expect(panels[0]?.queries[0]?.query.dimensions).toEqual({ InstanceId: id, cpu: 'cpu-total' });
    expect(panels[3]?.queries[0]?.query.dimensions).toEqual({ host: id });
  });

  it('keep unlike things apart', () => {
    const panels = panelsFor(id, [
      metric('CWAgent', 'disk_used', { ...base, path: '/', device: 'a', fstype: 'ext4' }),
      metric('CWAgent', 'disk_used', { ...base, path: '/data', device: 'b', fstype: 'xfs' }),
      metric('CWAgent', 'net_bytes_recv', { ...base, interface: 'eth0' }),
      metric('CWAgent', 'net_bytes_recv', { ...base, interface: 'eth1' }),
    ]);
    expect(panels.map((one) => one.suffix)).toEqual(['/', '/data', 'eth0', 'eth1']);
    expect(panels[2]?.queries[0]).toMatchObject({ rate: true, query: { stat: 'Sum', match: 'subset' } });
  });

  it('put loop devices and memory file systems aside', () => {
    const panels = panelsFor(id, [
      metric('CWAgent', 'disk_used', { ...base, path: '/', device: 'a', fstype: 'ext4' }),
      metric('CWAgent', 'disk_used', { ...base, path: '/dev/shm', device: 'tmpfs', fstype: 'tmpfs' }),
      metric('CWAgent', 'diskio_read_bytes', { ...base, name: 'loop0' }),
      metric('CWAgent', 'diskio_read_bytes', { ...base, name: 'nvme0n1' }),
    ]);
    expect(panels.filter((one) => one.minor === true).map((one) => one.suffix)).toEqual(['/dev/shm', 'loop0']);
  });

  it('are none for a host without metrics', () => {
    expect(panelsFor(id, [])).toEqual([]);
  });
});

describe('browsing', () => {
  it('groups metrics by the names of their dimensions', () => {
    const sets = dimensionSets([
      metric('N', 'a', { x: '1', b: '2' }), metric('N', 'b', { b: '1', x: '3' }), metric('N', 'c', {}),
    ]);
    expect(sets).toEqual([{ key: 'b,x', names: ['b', 'x'], count: 2 }, { key: '', names: [], count: 1 }]);
  });

  it('reads a filter as key and value, or as free text', () => {
    expect(readFilter('cpu=cpu0')).toEqual({ key: 'cpu', op: '=', value: 'cpu0' });
    expect(readFilter('path != /boot')).toEqual({ key: 'path', op: '!=', value: '/boot' });
    expect(readFilter(' web 1 ')).toEqual({ key: 'text', op: '~', value: 'web 1' });
    expect(readFilter('  ')).toBeNull();
  });

  it('tells which hosts came and went', () => {
    const changes = changesOf([host], { from: 0, to: 200_000 }, 200_000);
    expect(changes.map((one) => one.kind)).toEqual(['change.silent', 'change.started']);
    expect(changesOf([{ ...host, lastSeen: 199_000 }], { from: 1_000, to: 200_000 }, 200_000)).toEqual([]);
  });
});
