// The time grammar of the URL: `now`, `now-6h`, `now/d`, `now-1d/d`, epoch milliseconds, ISO 8601.
// Everything here is pure; the current time is always an argument.

export const UNITS = ['ms', 's', 'm', 'h', 'd', 'w', 'M', 'y'] as const;
export type Unit = (typeof UNITS)[number];

export interface Shift {
  amount: number;
  unit: Unit;
}

export type Moment =
  | { kind: 'relative'; shifts: Shift[]; floor: Unit | null }
  | { kind: 'absolute'; ms: number };

// Lengths in milliseconds; month and year only as an estimate (calendar arithmetic is in `move`).
const LENGTH: Record<Unit, number> = {
  ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5, M: 30 * 864e5, y: 365 * 864e5,
};

export function unitLength(unit: Unit): number {
  return LENGTH[unit];
}

export function parseMoment(text: string): Moment | null {
  const trimmed = text.trim();
  if (/^-?\d{1,16}$/.test(trimmed)) return { kind: 'absolute', ms: Number(trimmed) };
  const match = /^now((?:[+-]\d{1,6}(?:ms|[smhdwMy]))*)(?:\/([smhdwMy]))?$/.exec(trimmed);
  if (match !== null) {
    const shifts = [...(match[1] ?? '').matchAll(/([+-]\d+)(ms|[smhdwMy])/g)].map((part) => ({
      amount: Number(part[1]), unit: part[2] as Unit,
    }));
    return { kind: 'relative', shifts, floor: (match[2] as Unit | undefined) ?? null };
  }
  if (/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/.test(trimmed)) {
    const ms = Date.parse(trimmed.replace(' ', 'T'));
    if (!Number.isNaN(ms)) return { kind: 'absolute', ms };
  }
  return null;
}

export function formatMoment(moment: Moment): string {
  if (moment.kind === 'absolute') return String(moment.ms);
  const shifts = moment.shifts.map((s) => `${s.amount < 0 ? '-' : '+'}${Math.abs(s.amount)}${s.unit}`);
  return `now${shifts.join('')}${moment.floor === null ? '' : `/${moment.floor}`}`;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function partsFormatter(zone: string): Intl.DateTimeFormat {
  let found = formatters.get(zone);
  if (found === undefined) {
    found = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit',
      hour: '2-digit', minute: '2-digit', second: '2-digit',
    });
    formatters.set(zone, found);
  }
  return found;
}

// Wall-clock time of a zone, as if it were UTC.
function toWall(ms: number, zone: string): number {
  const part: Record<string, number> = {};
  for (const { type, value } of partsFormatter(zone).formatToParts(ms)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((ms % 1000) + 1000) % 1000);
}

function fromWall(wall: number, zone: string): number {
  let guess = wall - (toWall(wall, zone) - wall);
  // A second round settles guesses that fell on the other side of a clock change.
  guess = wall - (toWall(guess, zone) - guess);
  return guess;
}

export function resolveZone(tz: string): string {
  if (tz === 'utc') return 'UTC';
  if (tz === 'local' || tz === '') return Intl.DateTimeFormat().resolvedOptions().timeZone;
  return tz;
}

export function isZone(tz: string): boolean {
  try {
    partsFormatter(resolveZone(tz));
    return true;
  } catch {
    return false;
  }
}

function move(ms: number, { amount, unit }: Shift, zone: string): number {
  if (unit !== 'M' && unit !== 'y' && unit !== 'd' && unit !== 'w') return ms + amount * LENGTH[unit];
  const wall = new Date(toWall(ms, zone));
  if (unit === 'd') wall.setUTCDate(wall.getUTCDate() + amount);
  else if (unit === 'w') wall.setUTCDate(wall.getUTCDate() + amount * 7);
  else {
    const day = wall.getUTCDate();
    wall.setUTCDate(1);
    if (unit === 'M') wall.setUTCMonth(wall.getUTCMonth() + amount);
    else wall.setUTCFullYear(wall.getUTCFullYear() + amount);
    const last = new Date(Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth() + 1, 0)).getUTCDate();
    wall.setUTCDate(Math.min(day, last));
  }
  return fromWall(wall.getTime(), zone);
}

function floorTo(ms: number, unit: Unit, zone: string): number {
  const wall = toWall(ms, zone);
  const date = new Date(wall);
  if (unit === 'M') return fromWall(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1), zone);
  if (unit === 'y') return fromWall(Date.UTC(date.getUTCFullYear(), 0, 1), zone);
  const day = Math.floor(wall / LENGTH.d) * LENGTH.d;
  if (unit === 'w') return fromWall(day - ((date.getUTCDay() + 6) % 7) * LENGTH.d, zone);
  if (unit === 'd') return fromWall(day, zone);
  return fromWall(Math.floor(wall / LENGTH[unit]) * LENGTH[unit], zone);
}

// `end` rounds up: `now/d` as the end of a range is the last millisecond of today.
export function resolveMoment(
  moment: Moment, now: number, options: { tz: string; end: boolean },
): number {
  if (moment.kind === 'absolute') return moment.ms;
  const zone = resolveZone(options.tz);
  let ms = now;
  for (const shift of moment.shifts) ms = move(ms, shift, zone);
  if (moment.floor === null) return ms;
  const start = floorTo(ms, moment.floor, zone);
  if (!options.end) return start;
  return move(start, { amount: 1, unit: moment.floor }, zone) - 1;
}

export interface TextRange {
  from: string;
  to: string;
}

export function resolveRange(range: TextRange, now: number, tz: string): { from: number; to: number } | null {
  const from = parseMoment(range.from);
  const to = parseMoment(range.to);
  if (from === null || to === null) return null;
  const resolved = {
    from: resolveMoment(from, now, { tz, end: false }),
    to: resolveMoment(to, now, { tz, end: true }),
  };
  return resolved.from < resolved.to ? resolved : null;
}

export function isRelative(range: TextRange): boolean {
  return range.from.startsWith('now') || range.to.startsWith('now');
}

// Moves the range by half its length; the result is absolute.
export function shiftRange(range: { from: number; to: number }, direction: -1 | 1): TextRange {
  const step = Math.round((range.to - range.from) / 2) * direction;
  return { from: String(range.from + step), to: String(range.to + step) };
}

// A relative range that ends now stays relative when it is zoomed, so that it stays live.
export function zoomRange(
  range: TextRange, resolved: { from: number; to: number }, factor: number, now: number,
): TextRange {
  const length = Math.max(1000, Math.round((resolved.to - resolved.from) * factor));
  if (range.to === 'now') return { from: `now-${shortLength(length)}`, to: 'now' };
  const middle = (resolved.from + resolved.to) / 2;
  const to = Math.min(Math.round(middle + length / 2), Math.max(now, resolved.to));
  return { from: String(to - length), to: String(to) };
}

function shortLength(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds % 86400 === 0) return `${seconds / 86400}d`;
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  if (seconds % 60 === 0) return `${seconds / 60}m`;
  return `${seconds}s`;
}
