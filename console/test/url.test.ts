import { describe, expect, it } from 'vitest';
import { expressionRow, formatRow, isDelta, parseRow, rowName, type Row } from '../src/state/rows';
import {
  filterMatches, formatUrl, OPERATORS, parseFilter, parseUrl, REFRESH, sharedPart, withoutDefaults,
  type UrlState,
} from '../src/state/url';
import { property, type Random } from './random';

function key(r: Random): string {
  return r.pick(['cpu', 'path', 'text', 'InstanceId', 'a.b-c']);
}

function state(r: Random): UrlState {
  const few = <T,>(make: () => T) => Array.from({ length: r.int(0, 3) }, make);
  return {
    from: r.pick([null, 'now-6h', 'now/d', '1763800000000']),
    to: r.pick([null, 'now', 'now-1h', '1763803600000']),
    tz: r.pick([null, 'utc', 'local', 'Asia/Tokyo']),
    refresh: r.pick([null, ...REFRESH]),
    filters: few(() => ({ key: key(r), op: r.pick(OPERATORS), value: r.text(12) })),
    queries: few(() => r.text(30)),
    sel: few(() => r.text(10)),
    view: r.pick([null, 'table', 'stacked']),
    other: few(() => [r.pick(['var-a', 'x']), r.text(8)] as [string, string]),
  };
}

describe('URL state', () => {
  it('is the same after formatting and parsing', () => {
    property(500, (r) => {
      const before = state(r);
      expect(parseUrl(formatUrl(before))).toEqual(before);
    });
  });

  it('counts what cannot be read as not given', () => {
    const read = parseUrl('?from=tomorrow&tz=Mars/Base&refresh=2s&f=nooperator&f=a:%3D:b');
    expect(read).toMatchObject({ from: null, tz: null, refresh: null });
    expect(read.filters).toEqual([{ key: 'a', op: '=', value: 'b' }]);
  });

  it('leaves defaults out', () => {
    const defaults = { range: { from: 'now-15m', to: 'now' }, refresh: '5s' as const };
    const read = parseUrl('?from=now-15m&to=now&refresh=5s');
    expect(formatUrl(withoutDefaults(read, defaults))).toBe('');
  });

  it('keeps range, zone, refresh and filters when a link is followed, and nothing else', () => {
    const read = parseUrl('?from=now-1h&to=now&tz=utc&f=cpu:%3D:cpu0&q=x&view=table&sel=1');
    expect(formatUrl(sharedPart(read))).toBe('?from=now-1h&to=now&tz=utc&f=cpu%3A%3D%3Acpu0');
  });

  it('splits a filter at the first two colons', () => {
    expect(parseFilter('path:=:C:\\data')).toEqual({ key: 'path', op: '=', value: 'C:\\data' });
    expect(parseFilter('path')).toBeNull();
  });

  it('matches filters', () => {
    const values = { cpu: 'cpu-total', name: 'web-001' };
    expect(filterMatches([{ key: 'cpu', op: '=', value: 'cpu-total' }], values)).toBe(true);
    expect(filterMatches([{ key: 'cpu', op: '!=', value: 'cpu-total' }], values)).toBe(false);
    expect(filterMatches([{ key: 'text', op: '~', value: 'WEB' }], values)).toBe(true);
    expect(filterMatches([{ key: 'name', op: '!~', value: 'web' }], values)).toBe(false);
  });
});

describe('metric rows', () => {
  it('are the same after formatting and parsing', () => {
    property(300, (r) => {
      const row: Row = {
        namespace: r.text(8), metric: r.text(8), dimensions: { [r.text(4)]: r.text(6), b: 'c' },
        match: r.pick(['exact', 'subset']), stat: r.pick(['Average', 'Sum', 'p99']), period: r.pick([0, 60]),
        rate: r.pick([true, false]), axis: r.pick(['auto', 'left', 'right']), colour: r.pick([null, 0, 7]),
        label: r.text(5), lang: 'metric', text: '', id: r.pick(['', 'b', 'total']), hidden: r.pick([true, false]),
      };
      expect(parseRow(formatRow(row))).toEqual(row);
      const expression = expressionRow(r.pick(['promql', 'math', 'sql']), r.text(40), { id: 'x', period: 60 });
      expect(parseRow(formatRow(expression))).toEqual(expression);
    });
  });

  it('never throw on foreign text', () => {
    property(300, (r) => { parseRow(r.text(40)); });
    for (const text of ['null', '[]', '{"n":1}', '{"n":"a","m":"b","d":[1]}', '{"n":"a","m":"b","d":{"x":1}}']) {
      expect(parseRow(text), text).toBeNull();
    }
  });

  it('know which metrics count since the sample before', () => {
    for (const name of ['net_bytes_sent', 'diskio_write_bytes', 'NetworkIn', 'DiskReadOps', 'net_drop_out']) {
      expect(isDelta(name), name).toBe(true);
    }
    for (const name of ['cpu_usage_user', 'mem_used', 'diskio_iops_in_progress', 'CPUUtilization']) {
      expect(isDelta(name), name).toBe(false);
    }
    expect([rowName(0), rowName(25), rowName(26)]).toEqual(['a', 'z', 'a26']);
  });
});
