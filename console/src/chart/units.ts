// Numbers, units and dates as text. Pure: language and zone are arguments.
import { resolveZone } from '../state/time';

const IEC = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const SI = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

// CloudWatch's unit names as (base unit, factor): Kilobytes are 1,000 bytes there.
const SCALE: [RegExp, number][] = [
  [/^Kilo/, 1e3], [/^Mega/, 1e6], [/^Giga/, 1e9], [/^Tera/, 1e12],
];

export interface BaseUnit {
  symbol: 'B' | 'b' | '%' | 's' | '';
  perSecond: boolean;
  factor: number;
}

export function baseUnit(unit: string): BaseUnit {
  const perSecond = unit.endsWith('/Second');
  const name = perSecond ? unit.slice(0, -7) : unit;
  if (name === 'Percent') return { symbol: '%', perSecond, factor: 1 };
  if (name === 'Seconds') return { symbol: 's', perSecond, factor: 1 };
  if (name === 'Milliseconds') return { symbol: 's', perSecond, factor: 1e-3 };
  if (name === 'Microseconds') return { symbol: 's', perSecond, factor: 1e-6 };
  const scale = SCALE.find(([pattern]) => pattern.test(name))?.[1] ?? 1;
  if (/bytes$/i.test(name)) return { symbol: 'B', perSecond, factor: scale };
  if (/bits$/i.test(name)) return { symbol: 'b', perSecond, factor: scale };
  return { symbol: '', perSecond, factor: 1 };
}

const numberFormats = new Map<string, Intl.NumberFormat>();

function plain(value: number, digits: number, lang: string): string {
  const key = `${lang}/${digits}`;
  let format = numberFormats.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(lang, { maximumFractionDigits: digits });
    numberFormats.set(key, format);
  }
  return format.format(value);
}

// Three significant digits, never more decimals than say something.
function digitsFor(value: number): number {
  const size = Math.abs(value);
  if (size === 0 || size >= 100) return 0;
  if (size >= 10) return 1;
  if (size >= 1) return 2;
  return Math.min(6, 2 - Math.floor(Math.log10(size)));
}

function seconds(value: number, lang: string): string {
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 1e-3) return `${plain(value * 1e6, digitsFor(value * 1e6), lang)} µs`;
  if (size < 1) return `${plain(value * 1e3, digitsFor(value * 1e3), lang)} ms`;
  if (size < 120) return `${plain(value, digitsFor(value), lang)} s`;
  if (size < 7200) return `${plain(value / 60, 1, lang)} min`;
  if (size < 172800) return `${plain(value / 3600, 1, lang)} h`;
  return `${plain(value / 86400, 1, lang)} d`;
}

export function formatValue(value: number, unit: string, lang = 'en'): string {
  if (!Number.isFinite(value)) return '–';
  const { symbol, perSecond, factor } = baseUnit(unit);
  const rate = perSecond ? '/s' : '';
  let scaled = value * factor;
  if (symbol === 's' && !perSecond) return seconds(scaled, lang);
  if (symbol === '%') return `${plain(scaled, Math.min(2, digitsFor(scaled)), lang)} %${rate}`;
  const binary = symbol === 'B';
  const step = binary ? 1024 : 1000;
  const prefixes = binary ? IEC : SI;
  let prefix = 0;
  while (Math.abs(scaled) >= step && prefix < prefixes.length - 1) {
    scaled /= step;
    prefix += 1;
  }
  const text = plain(scaled, digitsFor(scaled), lang);
  const suffix = `${prefixes[prefix]}${symbol === 's' ? 's' : symbol}${rate}`;
  return suffix === '' ? text : `${text} ${suffix}`;
}

export function formatCount(value: number, lang: string): string {
  return plain(value, 0, lang);
}

const dateFormats = new Map<string, Intl.DateTimeFormat>();

function dateFormat(lang: string, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${lang}/${zone}/${JSON.stringify(options)}`;
  let format = dateFormats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(lang, { timeZone: zone, hourCycle: 'h23', ...options });
    dateFormats.set(key, format);
  }
  return format;
}

const TIME: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };
const DAY: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric' };

export function formatInstant(ms: number, tz: string, lang: string): string {
  const options = { ...DAY, ...TIME, second: '2-digit' } as const;
  return dateFormat(lang, resolveZone(tz), options).format(ms);
}

export function formatMinute(ms: number, tz: string, lang: string): string {
  return dateFormat(lang, resolveZone(tz), { year: 'numeric', ...DAY, ...TIME }).format(ms);
}

// A day of UTC.
export function formatDay(ms: number, lang: string): string {
  return dateFormat(lang, 'UTC', { year: 'numeric', ...DAY }).format(ms);
}

// Text of time-axis ticks that lie `step` milliseconds apart; one short line each.
export function formatTick(ms: number, step: number, tz: string, lang: string): string {
  const zone = resolveZone(tz);
  if (step >= 86_400_000) return dateFormat(lang, zone, DAY).format(ms);
  if (step < 60_000) return dateFormat(lang, zone, { ...TIME, second: '2-digit' }).format(ms);
  const text = dateFormat(lang, zone, TIME).format(ms);
  return text === '00:00' ? dateFormat(lang, zone, DAY).format(ms) : text;
}

export function formatAge(ms: number, lang: string): string {
  const past = Math.max(0, ms);
  const format = new Intl.RelativeTimeFormat(lang, { numeric: 'always', style: 'short' });
  if (past < 90_000) return format.format(-Math.round(past / 1000), 'second');
  if (past < 5_400_000) return format.format(-Math.round(past / 60_000), 'minute');
  if (past < 129_600_000) return format.format(-Math.round(past / 3_600_000), 'hour');
  return format.format(-Math.round(past / 86_400_000), 'day');
}

export function formatDuration(ms: number, lang: string): string {
  return seconds(ms / 1000, lang);
}
