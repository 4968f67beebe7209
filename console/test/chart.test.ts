import { describe, expect, it } from 'vitest';
import type { Value } from '../src/api/types';
import { contrast, SERIES_DARK, SERIES_LIGHT } from '../src/chart/colours';
import { activeSeries, distinguish, fitRange, join, stack, summarise, toRate, type TimedSeries } from '../src/chart/data';
import { isoInZone, toAwsCli, toCsv, toJson } from '../src/chart/export';
import { sparkPath } from '../src/chart/Sparkline';
import { formatTick, formatValue } from '../src/chart/units';
import { askYoung } from '../src/chart/young';
import { pointsFor } from '../src/chart/useChart';

function series(time: number[], values: Value[], period = 10): TimedSeries {
  return {
    id: 'a/0', label: 'a', unit: 'Bytes', time, values, dimensions: { InstanceId: 'i-1' }, stat: 'Average',
    period, namespace: 'N', metric: 'm', axis: 'left', colour: 0,
  };
}

describe('rates', () => {
  it('divides a delta by the time since the cell before it', () => {
    expect(toRate([0, 1000, 2000], [5, 6, 7], 1000)).toEqual([5, 6, 7]);
    // Sampled every 10 s in cells of 1 s: nine of ten cells are empty, the rate stays the same.
    const time = Array.from({ length: 31 }, (_, i) => i * 1000);
    const values = time.map((ms) => (ms % 10_000 === 0 ? 100 : null));
    const rates = toRate(time, values, 1000).filter((value) => value !== null);
    expect(rates).toEqual([10, 10, 10, 10]);
  });

  it('does not spread a delta over a gap', () => {
    const rates = toRate([0, 10_000, 20_000, 600_000], [100, 100, 100, 100], 10_000);
    expect(rates).toEqual([10, 10, 10, 10]);
  });
});

describe('joining', () => {
  it('leaves cells without a value open and marks real gaps', () => {
    const joined = join([
      series([0, 10_000, 20_000, 30_000, 200_000, 210_000], [1, 2, 3, 4, 5, 6]),
      series([5_000, 15_000], [7, 8]),
    ]);
    expect(joined.time).toEqual([0, 5_000, 10_000, 15_000, 20_000, 30_000, 40_000, 200_000, 210_000]);
    expect(joined.cells[0]).toEqual([1, undefined, 2, undefined, 3, 4, null, 5, 6]);
    expect(joined.cells[1]).toEqual([undefined, 7, undefined, 8, ...Array<undefined>(5)]);
  });

  it('draws through empty cells between samples of the usual spacing', () => {
    const time = Array.from({ length: 21 }, (_, i) => i * 1000);
    const joined = join([series(time, time.map((ms) => (ms % 10_000 === 0 ? 1 : null)), 1)]);
    expect(joined.cells[0]).toEqual([1, 1, 1]);
  });

  it('stacks from the first series up', () => {
    expect(stack([[1, 2, null], [10, undefined, 30], [100, 200, 300]]))
      .toEqual([[1, 2, null], [11, 12, 30], [111, 212, 330]]);
  });

  it('names what differs', () => {
    const make = (dimensions: Record<string, string>) => ({ ...series([], []), label: 'cpu', dimensions });
    expect(distinguish([make({ a: '1', cpu: 'cpu0' }), make({ a: '1', cpu: 'cpu1' })])).toEqual(['cpu0', 'cpu1']);
    expect(distinguish([make({ a: '1' })])).toEqual(['cpu']);
  });

  it('summarises what is there', () => {
    expect(summarise([1, 2, 3, 4], [null, 4, 2, undefined])).toEqual(
      { count: 2, last: 2, lastTime: 3, min: 2, max: 4, mean: 3 },
    );
  });

  it('begins the axis with the first point only on a young host and an unchosen range', () => {
    const range = { from: 0, to: 900_000 };
    expect(fitRange(range, 800_000, false)).toEqual({ from: 800_000, to: 900_000 });
    expect(fitRange(range, 898_000, false)).toEqual({ from: 840_000, to: 900_000 });
    expect(fitRange(range, 800_000, true)).toBe(range);
    expect(fitRange(range, 400_000, false)).toBe(range);
    expect(fitRange(range, undefined, false)).toBe(range);
  });

  it('asks for at most a point a pixel', () => {
    expect([pointsFor(1), pointsFor(600), pointsFor(641)]).toEqual([100, 600, 700]);
  });

  it('names series by the wildcard, and leaves idle ones out', () => {
    const make = (path: string, value: number) => (
      { ...series([], [value]), label: 'x', dimensions: { path, device: path, fstype: 'ext4' } }
    );
    expect(distinguish([make('/', 1), make('/data', 1)], ['path'])).toEqual(['/', '/data']);
    expect(activeSeries([make('/', 0), make('/data', 1)]).map((one) => one.dimensions.path)).toEqual(['/data']);
    expect(activeSeries([make('/', 0), make('/data', 0)])).toHaveLength(2);
  });
});

describe('units', () => {
  it('writes bytes in IEC, counts in SI, times in words', () => {
    expect(formatValue(1536, 'Bytes')).toBe('1.5 KiB');
    expect(formatValue(5 * 2 ** 30, 'Bytes/Second')).toBe('5 GiB/s');
    expect(formatValue(2, 'Megabytes')).toBe('1.91 MiB');
    expect(formatValue(1234, 'Count')).toBe('1.23 k');
    expect(formatValue(12, 'Count/Second')).toBe('12 /s');
    expect(formatValue(0.5, 'Milliseconds')).toBe('500 µs');
    expect(formatValue(99.96, 'Percent')).toBe('100 %');
    expect(formatValue(0, 'None')).toBe('0');
    expect(formatValue(Number.NaN, 'None')).toBe('–');
  });

  it('writes ticks in the zone and the day at midnight', () => {
    const ms = Date.UTC(2026, 0, 5, 15);
    expect(formatTick(ms, 3_600_000, 'utc', 'en')).toBe('15:00');
    expect(formatTick(ms, 3_600_000, 'Asia/Tokyo', 'en')).toBe('Jan 6');
    expect(formatTick(ms, 1_000, 'utc', 'en')).toBe('15:00:00');
  });
});

describe('colours', () => {
  it('stand out from the background by 3:1', () => {
    for (const colour of SERIES_LIGHT) expect(contrast(colour, '#ffffff'), colour).toBeGreaterThan(3);
    for (const colour of SERIES_DARK) expect(contrast(colour, '#141b23'), colour).toBeGreaterThan(3);
  });

  it('differ from their neighbours', () => {
    expect(new Set(SERIES_LIGHT).size).toBe(8);
    expect(new Set(SERIES_DARK).size).toBe(8);
  });
});

describe('export', () => {
  const one = { ...series([], []), label: 'a, "b"' };
  const joined = { time: [0, 1000], cells: [[1.25, null]] };

  it('quotes CSV and writes ISO times of the zone', () => {
    expect(toCsv(joined, [one], 'utc')).toBe(
      'time,"a, ""b"" (Bytes)"\r\n1970-01-01T00:00:00.000Z,1.25\r\n1970-01-01T00:00:01.000Z,\r\n',
    );
    expect(isoInZone(0, 'Asia/Tokyo')).toBe('1970-01-01T09:00:00.000+09:00');
  });

  it('keeps raw numbers in JSON', () => {
    expect(JSON.parse(toJson(joined, [one], 'utc')).series[0].values).toEqual([1.25, null]);
  });

  it('writes the AWS command line with exact dimensions', () => {
    const text = toAwsCli([one], { from: 0, to: 60_000 }, 'http://h:1', 'us-east-1');
    expect(text).toContain('--start-time 1970-01-01T00:00:00.000Z');
    const queries = JSON.parse(/--metric-data-queries '(.*)'/s.exec(text)?.[1] ?? '') as unknown[];
    expect(queries[0]).toMatchObject({ MetricStat: { Period: 10, Metric: {
      Namespace: 'N', MetricName: 'm', Dimensions: [{ Name: 'InstanceId', Value: 'i-1' }] } } });
  });

  it('draws a gap in a sparkline as two lines', () => {
    const path = sparkPath([0, 1, 2, 3], [1, null, 2, 3], { from: 0, to: 3 }, [30, 10]);
    expect(path.match(/M/g)).toHaveLength(2);
  });
});

describe('a young source', () => {
  const frame = (time: number[], values: Value[]) => (
    { frame: { time, series: [series([], values)], partial: false, truncated: null } }
  );

  it('is asked again for the part that holds data, and then only for that', async () => {
    const asked: number[] = [];
    const ask = async ({ from }: { from: number }) => {
      asked.push(from);
      return frame([from, 800_000], [null, 1]);
    };
    await askYoung('young', { from: 0, to: 900_000 }, ask);
    expect(asked).toEqual([0, 800_000]);
    await askYoung('young', { from: 5_000, to: 905_000 }, ask);
    expect(asked).toEqual([0, 800_000, 800_000]);
    await askYoung('young', { from: 700_000, to: 1_600_000 }, ask);
    expect(asked.at(-1)).toBe(700_000);
  });

  it('is asked once when it has data from the start, or none', async () => {
    for (const values of [[1, 1], [null, null]]) {
      let count = 0;
      await askYoung('old', { from: 0, to: 900_000 }, async () => {
        count += 1;
        return frame([0, 800_000], values);
      });
      expect(count).toBe(1);
    }
  });
});
