// The one time range of the console: quick choices, or two texts in the grammar of the URL.
import { useEffect, useRef, useState } from 'react';
import { formatMinute } from '../chart/units';
import { useText, type Key } from '../i18n';
import { resolveRange, shiftRange, zoomRange, type TextRange } from '../state/time';
import type { View } from '../state/useView';
import { Icon } from '../ui/Icon';

const QUICK: [string, Key][] = [
  ['5m', 'range.5m'], ['15m', 'range.15m'], ['30m', 'range.30m'], ['1h', 'range.1h'], ['3h', 'range.3h'],
  ['6h', 'range.6h'], ['12h', 'range.12h'], ['24h', 'range.24h'], ['2d', 'range.2d'], ['7d', 'range.7d'],
  ['30d', 'range.30d'], ['90d', 'range.90d'],
];
const WHOLE: [TextRange, Key][] = [
  [{ from: 'now/d', to: 'now/d' }, 'range.today'],
  [{ from: 'now-1d/d', to: 'now-1d/d' }, 'range.yesterday'],
  [{ from: 'now/w', to: 'now/w' }, 'range.week'],
];

const LONG_UNIT = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week' } as const;

export function rangeLabel(range: TextRange): Key | null {
  const whole = WHOLE.find(([one]) => one.from === range.from && one.to === range.to);
  if (whole !== undefined) return whole[1];
  if (range.to !== 'now') return null;
  return QUICK.find(([length]) => range.from === `now-${length}`)?.[1] ?? null;
}

function useLabel(view: View): string {
  const { t, lang } = useText();
  const key = rangeLabel(view.range);
  if (key !== null) return t(key);
  const [, amount, unit] = /^now-(\d+)([smhdw])$/.exec(view.range.from) ?? [];
  if (view.range.to === 'now' && unit !== undefined) {
    const format = new Intl.NumberFormat(lang, {
      style: 'unit', unit: LONG_UNIT[unit as keyof typeof LONG_UNIT], unitDisplay: 'long',
    });
    return t('range.last', { length: format.format(Number(amount)) });
  }
  const resolved = resolveRange(view.range, Date.now(), view.tz);
  if (resolved === null || view.range.to === 'now') return `${view.range.from} – ${view.range.to}`;
  return `${formatMinute(resolved.from, view.tz, lang)} – ${formatMinute(resolved.to, view.tz, lang)}`;
}

function Panel({ view, close }: { view: View; close: () => void }) {
  const { t } = useText();
  const [from, setFrom] = useState(view.range.from);
  const [to, setTo] = useState(view.range.to);
  const first = useRef<HTMLInputElement>(null);
  const valid = resolveRange({ from, to }, Date.now(), view.tz) !== null;
  useEffect(() => first.current?.select(), []);
  const choose = (range: TextRange) => {
    view.set(range);
    close();
  };
  return (
    <div className="popover time-panel" role="dialog" aria-label={t('range.title')}>
      <form onSubmit={(event) => {
        event.preventDefault();
        if (valid) choose({ from, to });
      }}>
        <label>
          {t('range.from')}
          <input ref={first} value={from} onChange={(event) => setFrom(event.target.value)} spellCheck={false} />
        </label>
        <label>
          {t('range.to')}
          <input value={to} onChange={(event) => setTo(event.target.value)} spellCheck={false} />
        </label>
        <p className={valid ? 'hint' : 'hint bad'} role="status">
          {valid ? t('range.grammar') : t('range.invalid')}
        </p>
        <button type="submit" className="primary" disabled={!valid}>{t('range.apply')}</button>
      </form>
      <div className="quick">
        {QUICK.map(([length, key]) => (
          <button
            key={length} type="button" aria-pressed={view.range.from === `now-${length}`}
            onClick={() => choose({ from: `now-${length}`, to: 'now' })}
          >
            {t(key)}
          </button>
        ))}
        {WHOLE.map(([range, key]) => (
          <button key={key} type="button" onClick={() => choose(range)}>{t(key)}</button>
        ))}
      </div>
    </div>
  );
}

export function moveRange(view: View, how: 'back' | 'on' | 'out' | 'in'): void {
  const now = Date.now();
  const resolved = resolveRange(view.range, now, view.tz);
  if (resolved === null) return;
  if (how === 'back' || how === 'on') view.set(shiftRange(resolved, how === 'back' ? -1 : 1));
  else view.set(zoomRange(view.range, resolved, how === 'out' ? 2 : 0.5, now));
}

export function TimeRange({ view, open, setOpen }: {
  view: View; open: boolean; setOpen: (open: boolean) => void;
}) {
  const { t } = useText();
  const label = useLabel(view);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const outside = (event: PointerEvent) => {
      if (root.current?.contains(event.target as Node) === false) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    return () => document.removeEventListener('pointerdown', outside);
  }, [open, setOpen]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div
      className="buttons timerange" ref={root}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        event.stopPropagation();
        close();
      }}
    >
      <button
        ref={button} type="button" className="topbutton" aria-haspopup="dialog" aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name="clock" /><span className="hidden-text">{t('range.title')}</span>
        <span className="range-label">{label}</span>
        {view.tz === 'utc' && <span className="zone">UTC</span>}
        <Icon name="down" size={12} />
      </button>
      {open && <Panel view={view} close={close} />}
    </div>
  );
}
