import { describe, expect, it } from 'vitest';
import {
  formatMoment, isRelative, parseMoment, resolveMoment, resolveRange, shiftRange, UNITS, zoomRange,
  type Moment,
} from '../src/state/time';
import { property } from './random';

const NOW = Date.UTC(2026, 2, 31, 10, 20, 30, 400);
const at = (text: string, tz = 'utc', end = false) => (
  resolveMoment(parseMoment(text)!, NOW, { tz, end })
);

describe('time grammar', () => {
  it('formats what it parses and parses what it formats', () => {
    property(500, (r) => {
      const moment: Moment = r.int(0, 3) === 0
        ? { kind: 'absolute', ms: r.int(0, 4e12) }
        : {
          kind: 'relative', floor: r.int(0, 1) === 0 ? null : r.pick(['s', 'm', 'h', 'd', 'w', 'M', 'y']),
          shifts: Array.from({ length: r.int(0, 3) }, () => ({
            amount: r.pick([-1, 1]) * r.int(1, 999), unit: r.pick(UNITS),
          })),
        };
      expect(parseMoment(formatMoment(moment))).toEqual(moment);
    });
  });

  it('takes nothing that is not a time', () => {
    for (const text of ['', 'now-', 'now-6', 'now/q', 'yesterday', '2026-13-45', 'now-6h garbage', '1e5']) {
      expect(parseMoment(text), text).toBeNull();
    }
  });

  it('resolves relative times', () => {
    expect(at('now')).toBe(NOW);
    expect(at('now-6h')).toBe(NOW - 6 * 3_600_000);
    expect(at('now-1d+30m')).toBe(NOW - 86_400_000 + 1_800_000);
    expect(at('now/d')).toBe(Date.UTC(2026, 2, 31));
    expect(at('now/d', 'utc', true)).toBe(Date.UTC(2026, 3, 1) - 1);
    expect(at('now/w')).toBe(Date.UTC(2026, 2, 30));
  });

  it('keeps to the last day of a shorter month', () => {
    expect(at('now-1M')).toBe(Date.UTC(2026, 1, 28, 10, 20, 30, 400));
  });

  it('starts a day at midnight of the zone, also when the clock changes', () => {
    expect(at('now/d', 'Asia/Tokyo')).toBe(Date.UTC(2026, 2, 30, 15));
    // Berlin left standard time on 2026-03-29: that day began at 23:00 UTC and the next at 22:00.
    expect(at('now-2d/d', 'Europe/Berlin')).toBe(Date.UTC(2026, 2, 28, 23));
    expect(at('now-1d/d', 'Europe/Berlin')).toBe(Date.UTC(2026, 2, 29, 22));
  });

  it('reads ISO 8601 and milliseconds', () => {
    expect(at('2026-03-31T08:00:00Z')).toBe(Date.UTC(2026, 2, 31, 8));
    expect(at('2026-03-31T08:00+09:00')).toBe(Date.UTC(2026, 2, 30, 23));
    expect(at('1763800000000')).toBe(1_763_800_000_000);
  });

  it('has no range that ends before it starts', () => {
    expect(resolveRange({ from: 'now', to: 'now-1h' }, NOW, 'utc')).toBeNull();
    expect(resolveRange({ from: 'x', to: 'now' }, NOW, 'utc')).toBeNull();
    expect(isRelative({ from: 'now-1h', to: 'now' })).toBe(true);
    expect(isRelative({ from: '1', to: '2' })).toBe(false);
  });

  it('moves by half of the range and zooms around its middle', () => {
    expect(shiftRange({ from: 1000, to: 3000 }, -1)).toEqual({ from: '0', to: '2000' });
    const live = { from: 'now-15m', to: 'now' };
    expect(zoomRange(live, { from: NOW - 900_000, to: NOW }, 2, NOW)).toEqual({ from: 'now-30m', to: 'now' });
    expect(zoomRange({ from: '1000000', to: '2000000' }, { from: 1e6, to: 2e6 }, 0.5, NOW))
      .toEqual({ from: '1250000', to: '1750000' });
  });
});
