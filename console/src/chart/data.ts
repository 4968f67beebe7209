// From frames to what a chart draws: rates, gaps, one shared time axis, stacks. Pure.
import type { Dimensions, Frame, FrameSeries, Value } from '../api/types';

export interface ChartSeries {
  id: string;
  label: string;
  unit: string;
  values: Value[];
  dimensions: Dimensions;
  stat: string;
  period: number;
  namespace: string;
  metric: string;
  axis: 'left' | 'right';
  colour: number;
}

// One series with times of its own, before it is joined with others.
export interface TimedSeries extends ChartSeries {
  time: number[];
}

// `undefined` is a time at which this series has no cell (the line goes on), null a real gap.
export type Cell = number | null | undefined;

export interface Joined {
  time: number[];
  cells: Cell[][];
}

// The longest ordinary distance between two samples: 35 s covers the default of 10 s three times.
const GAP_MIN_MS = 35_000;

export function spacingLimit(times: number[], periodMs: number): number {
  const spacings: number[] = [];
  for (let i = 1; i < times.length; i += 1) spacings.push(times[i]! - times[i - 1]!);
  spacings.sort((a, b) => a - b);
  const usual = spacings[Math.floor((spacings.length - 1) * 0.9)] ?? 0;
  return Math.max(GAP_MIN_MS, 3 * periodMs, 2.5 * usual);
}

// Sums of deltas become rates per second. A cell covers the time since the cell before it, because
// a host that is sampled every 10 s fills one in ten cells of 1 s.
export function toRate(time: number[], values: Value[], periodMs: number): Value[] {
  const known = time.filter((_, i) => values[i] !== null && values[i] !== undefined);
  const limit = spacingLimit(known, periodMs);
  const second = known.length > 1 ? known[1]! - known[0]! : periodMs;
  const firstCover = Math.max(periodMs, second <= limit ? second : periodMs);
  let before: number | null = null;
  return values.map((value, i) => {
    if (value === null || value === undefined) return null;
    const distance = before === null ? firstCover : time[i]! - before;
    before = time[i]!;
    const cover = distance > limit ? firstCover : Math.max(distance, periodMs);
    return value / (cover / 1000);
  });
}

export function rateUnit(unit: string): string {
  if (unit === '' || unit === 'None') return 'Count/Second';
  return unit.endsWith('/Second') ? unit : `${unit}/Second`;
}

export function asRate(series: FrameSeries, time: number[]): FrameSeries {
  return {
    ...series, unit: rateUnit(series.unit),
    values: toRate(time, series.values, series.period * 1000),
  };
}

// Joins series on the union of their times and marks real gaps.
export function join(all: TimedSeries[]): Joined {
  const times = new Set<number>();
  const sparse = all.map((series) => {
    const cells = new Map<number, Cell>();
    const known: number[] = [];
    series.time.forEach((ms, i) => {
      const value = series.values[i];
      if (value === null || value === undefined || Number.isNaN(value)) return;
      cells.set(ms, value);
      known.push(ms);
      times.add(ms);
    });
    const limit = spacingLimit(known, series.period * 1000);
    for (let i = 1; i < known.length; i += 1) {
      if (known[i]! - known[i - 1]! <= limit) continue;
      const gap = known[i - 1]! + Math.max(1, series.period * 1000);
      cells.set(gap, null);
      times.add(gap);
    }
    return cells;
  });
  const time = [...times].sort((a, b) => a - b);
  return { time, cells: sparse.map((cells) => time.map((ms) => cells.get(ms))) };
}

// Running sums from the first series up. Where a series has no cell its last value is used, so that
// the layers above do not drop.
export function stack(cells: Cell[][]): Cell[][] {
  const length = cells[0]?.length ?? 0;
  const sums: number[] = new Array<number>(length).fill(0);
  const seen: boolean[] = new Array<boolean>(length).fill(false);
  return cells.map((row) => {
    let last: number | null = null;
    return row.map((cell, i) => {
      if (cell === null) last = null;
      else if (cell !== undefined) last = cell;
      const value = cell ?? last;
      if (value === null) return seen[i] === true ? sums[i] : null;
      sums[i] = sums[i]! + value;
      seen[i] = true;
      return sums[i];
    });
  });
}

const FIT_SPAN_MIN_MS = 60_000;

// A host that has just begun would be a sliver at the right edge: where the reader has not chosen a
// range, the axis begins with the first point until half of the range is filled.
export function fitRange(
  range: { from: number; to: number }, first: number | undefined, isChosen: boolean,
): { from: number; to: number } {
  if (isChosen || first === undefined || first < (range.from + range.to) / 2) return range;
  return { from: Math.max(range.from, Math.min(first, range.to - FIT_SPAN_MIN_MS)), to: range.to };
}

export interface Summary {
  count: number;
  last: number | null;
  lastTime: number | null;
  min: number | null;
  max: number | null;
  mean: number | null;
}

export function summarise(time: number[], values: Cell[]): Summary {
  const result: Summary = { count: 0, last: null, lastTime: null, min: null, max: null, mean: null };
  let sum = 0;
  values.forEach((value, i) => {
    if (value === null || value === undefined) return;
    result.count += 1;
    sum += value;
    result.last = value;
    result.lastTime = time[i]!;
    result.min = result.min === null ? value : Math.min(result.min, value);
    result.max = result.max === null ? value : Math.max(result.max, value);
  });
  if (result.count > 0) result.mean = sum / result.count;
  return result;
}

// The series that are not zero throughout; all of them where none is.
export function activeSeries(series: FrameSeries[]): FrameSeries[] {
  const active = series.filter((one) => one.values.some((value) => value !== null && value !== 0));
  return active.length === 0 ? series : active;
}

// What tells the series of one frame apart: the dimensions that were asked for with a wildcard where
// they suffice, else the values of all dimensions that differ.
export function distinguish(series: FrameSeries[], wanted: string[] = []): string[] {
  const short = series.map((one) => wanted.map((key) => one.dimensions[key] ?? '').join(' · '));
  if (series.length > 1 && new Set(short).size === series.length) return short;
  const keys = new Set(series.flatMap((one) => Object.keys(one.dimensions)));
  const differing = [...keys].filter((key) => {
    const first = series[0]?.dimensions[key];
    return series.some((one) => one.dimensions[key] !== first);
  });
  return series.map((one) => {
    const parts = differing.map((key) => one.dimensions[key] ?? '–');
    return parts.length === 0 ? one.label : parts.join(' · ');
  });
}

export function seriesTimes(frame: Frame, series: FrameSeries, extra: {
  id: string; label: string; namespace: string; metric: string; axis?: 'left' | 'right'; colour: number;
}): TimedSeries {
  return {
    time: frame.time, values: series.values, unit: series.unit, dimensions: series.dimensions,
    stat: series.stat, period: series.period, axis: 'left', ...extra,
  };
}
