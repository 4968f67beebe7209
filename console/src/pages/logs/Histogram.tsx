// How many events there are over time, stacked by level. A range that is dragged, or chosen with the
// arrow keys, is zoomed into or compared with the one before.
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { LEVELS, type Histogram as Counts, type Level } from '../../api/logs';
import { formatCount, formatDuration, formatInstant, formatMinute, formatTick } from '../../chart/units';
import { useText, type Key } from '../../i18n';
import { logsChange } from '../../state/logs';
import type { View } from '../../state/useView';

export const LEVEL_NAMES: Record<Level, Key> = {
  error: 'logs.level.error', warn: 'logs.level.warn', info: 'logs.level.info', debug: 'logs.level.debug',
  none: 'logs.level.none',
};
// From the bottom up: what is wrong stands on the axis, where it can be compared.
const ORDER: Level[] = [...LEVELS];
const HEIGHT = 104;
const AXIS = 18;
const DRAG_MIN_PX = 4;
const TICKS = 7;

const STEPS = [1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000,
  7_200_000, 21_600_000, 43_200_000, 86_400_000, 604_800_000, 2_592_000_000];

function useWidth() {
  const root = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = root.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  }, []);
  return { root, width };
}

interface Bar {
  at: number;
  total: number;
  parts: { level: Level; count: number; y: number; height: number }[];
}

function barsOf(data: Counts): { bars: Bar[]; most: number } {
  const length = data.counts.none.length;
  const totals = Array.from({ length }, (_, i) => ORDER.reduce((sum, level) => sum + data.counts[level][i]!, 0));
  const most = Math.max(1, ...totals);
  const room = HEIGHT - AXIS - 4;
  const bars = totals.map((total, i): Bar => {
    let y = HEIGHT - AXIS;
    const parts = ORDER.flatMap((level) => {
      const count = data.counts[level][i]!;
      if (count === 0) return [];
      // A single error among thousands of lines is still seen.
      const height = Math.max(1.5, (count / most) * room);
      y -= height;
      return [{ level, count, y, height }];
    });
    return { at: data.from + i * data.step, total, parts };
  });
  return { bars, most };
}

function Tip({ bar, step, left, width, tz }: {
  bar: Bar; step: number; left: number; width: number; tz: string;
}) {
  const { t, lang } = useText();
  return (
    <div className="tooltip" aria-hidden="true" ref={(element) => {
      if (element === null) return;
      const isRight = left > width * 0.6;
      element.style.left = isRight ? 'auto' : `${left + 12}px`;
      element.style.right = isRight ? `${width - left + 12}px` : 'auto';
    }}>
      <div className="tooltip-time">
        {formatInstant(bar.at, tz, lang)}{step >= 1000 ? ` – ${formatInstant(bar.at + step, tz, lang).slice(-8)}` : ''}
      </div>
      {[...bar.parts].reverse().map(({ level, count }) => (
        <div key={level} className="tooltip-row">
          <span className={`leveldot ${level}`} />
          <span className="tooltip-label">{t(LEVEL_NAMES[level])}</span>
          <span className="tooltip-value">{formatCount(count, lang)}</span>
        </div>
      ))}
      {bar.parts.length === 0 && <div className="hint">{t('logs.noneHere')}</div>}
    </div>
  );
}

interface Selection {
  from: number;
  to: number;
  left: number;
  right: number;
}

function SelectionMenu({ selection, width, view, close }: {
  selection: Selection; width: number; view: View; close: () => void;
}) {
  const { t, lang } = useText();
  const range = { from: String(selection.from), to: String(Math.max(selection.to, selection.from + 1)) };
  const act = (action: () => void) => () => {
    action();
    close();
  };
  return (
    <div
      className="selection" role="dialog" aria-label={t('chart.selection')}
      onPointerDown={(event) => event.stopPropagation()}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === 'Escape') close();
      }}
      ref={(element) => {
        if (element === null) return;
        const isRight = selection.left > width / 2;
        element.style.left = isRight ? 'auto' : `${selection.left}px`;
        element.style.right = isRight ? `${Math.max(0, width - selection.right)}px` : 'auto';
      }}
    >
      <span className="hint">{formatDuration(selection.to - selection.from, lang)}</span>
      <button autoFocus type="button" className="textbutton" data-action="zoom" onClick={act(() => view.set(range))}>
        {t('action.zoom')}
      </button>
      <button type="button" className="textbutton" data-action="compare"
        onClick={act(() => view.set({ ...logsChange(view.state, { tab: 'compare' }), ...range }))}>
        {t('logs.compareBefore')}
      </button>
      <button type="button" className="textbutton" onClick={close}>{t('action.cancel')}</button>
    </div>
  );
}

export function Histogram({ data, range, view }: {
  data: Counts; range: { from: number; to: number }; view: View;
}) {
  const { t, lang } = useText();
  const { root, width } = useWidth();
  const [hover, setHover] = useState<number | null>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const [anchor, setAnchor] = useState<number | null>(null); // of the arrow keys
  const [selection, setSelection] = useState<Selection | null>(null);
  const { bars, most } = useMemo(() => barsOf(data), [data]);
  const length = range.to - range.from;
  const x = (ms: number) => ((ms - range.from) / length) * width;
  const msAt = (px: number) => Math.round(range.from + (Math.min(Math.max(px, 0), width) / width) * length);
  const step = STEPS.find((one) => length / one <= TICKS) ?? STEPS.at(-1)!;
  const ticks: number[] = [];
  for (let ms = Math.ceil(range.from / step) * step; ms < range.to; ms += step) ticks.push(ms);

  const place = (event: PointerEvent) => event.clientX - (root.current?.getBoundingClientRect().left ?? 0);
  const onMove = (event: PointerEvent) => {
    const px = place(event);
    setHover(Math.floor((msAt(px) - data.from) / data.step));
    if (drag !== null) setDrag({ ...drag, to: px });
  };
  const onUp = (event: PointerEvent) => {
    const to = place(event);
    if (drag !== null && Math.abs(to - drag.from) >= DRAG_MIN_PX) {
      const [a, b] = [msAt(drag.from), msAt(to)].sort((one, two) => one - two) as [number, number];
      setSelection({ from: a, to: b, left: Math.min(drag.from, to), right: Math.max(drag.from, to) });
    }
    setDrag(null);
  };
  const onKey = (event: KeyboardEvent) => {
    const last = bars.length - 1;
    const at = hover ?? 0;
    const next = { ArrowLeft: at - 1, ArrowRight: hover === null ? 0 : at + 1, Home: 0, End: last }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      setAnchor(event.shiftKey ? (anchor ?? at) : null);
      setHover(Math.min(Math.max(next, 0), last));
    } else if (event.key === 'Enter' && hover !== null) {
      event.preventDefault();
      const [first, end] = [anchor ?? hover, hover].sort((one, two) => one - two) as [number, number];
      const from = Math.max(range.from, data.from + first * data.step);
      const until = Math.min(range.to, data.from + (end + 1) * data.step);
      setSelection({ from, to: until, left: x(from), right: x(until) });
    } else if (event.key === 'Escape') {
      setAnchor(null);
      setHover(null);
    }
  };
  const shown = hover === null ? undefined : bars[hover];
  const barAt = (index: number) => x(data.from + index * data.step);
  const chosen = anchor === null || hover === null ? null
    : { from: barAt(Math.min(anchor, hover)), to: barAt(Math.max(anchor, hover) + 1) };
  const brush = drag ?? (selection === null ? chosen : { from: x(selection.from), to: x(selection.to) });
  const gap = width / Math.max(1, bars.length) > 6 ? 1.5 : 0.5;

  return (
    <div
      className="histogram" ref={root} data-histogram={data.total} tabIndex={0} role="group"
      aria-label={t('logs.histogramKeys')} onKeyDown={onKey}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        setSelection(null);
        setAnchor(null);
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: place(event), to: place(event) });
      }}
      onPointerMove={onMove} onPointerUp={onUp} onPointerLeave={() => { if (drag === null) setHover(null); }}
    >
      <svg
        width={width} height={HEIGHT} role="img" aria-label={t('logs.histogramSummary', {
          count: formatCount(data.total, lang), errors: formatCount(data.levels.error, lang),
          from: formatMinute(range.from, view.tz, lang), to: formatMinute(range.to, view.tz, lang),
        })}
      >
        {width > 0 && (
          <>
            <line className="axis" x1={0} x2={width} y1={HEIGHT - AXIS + 0.5} y2={HEIGHT - AXIS + 0.5} />
            {bars.map((bar) => {
              const left = Math.max(0, x(bar.at));
              const right = Math.min(width, x(bar.at + data.step));
              return bar.parts.map((part) => (
                <rect
                  key={`${bar.at}${part.level}`} className={`bar ${part.level}`} x={left + gap / 2} y={part.y}
                  width={Math.max(1, right - left - gap)} height={part.height}
                />
              ));
            })}
            {ticks.map((ms) => x(ms) > 24 && x(ms) < width - 30 && (
              <text key={ms} x={x(ms)} y={HEIGHT - 4} textAnchor="middle">{formatTick(ms, step, view.tz, lang)}</text>
            ))}
            <text x={2} y={10} className="most">{formatCount(most, lang)}</text>
            {shown !== undefined && drag === null && (
              <rect
                className="under" x={x(shown.at)} y={0} width={Math.max(1, x(shown.at + data.step) - x(shown.at))}
                height={HEIGHT - AXIS}
              />
            )}
            {brush !== null && (
              <rect
                className="brush" x={Math.min(brush.from, brush.to)} y={0} width={Math.abs(brush.to - brush.from)}
                height={HEIGHT - AXIS}
              />
            )}
          </>
        )}
      </svg>
      <span className="hidden-text" role="status">
        {shown === undefined ? '' : t('logs.histogramBar', {
          time: formatInstant(shown.at, view.tz, lang), count: formatCount(shown.total, lang),
        })}
      </span>
      {selection !== null && (
        <SelectionMenu selection={selection} width={width} view={view} close={() => {
          setSelection(null);
          root.current?.focus();
        }} />
      )}
      {shown !== undefined && drag === null && selection === null && (
        <Tip bar={shown} step={data.step} left={x(shown.at + data.step / 2)} width={width} tz={view.tz} />
      )}
    </div>
  );
}

export function LevelLegend({ data, levels, toggle }: {
  data: Counts; levels: Level[]; toggle: (level: Level) => void;
}) {
  const { t, lang } = useText();
  return (
    <div className="levels" role="group" aria-label={t('logs.levels')}>
      {LEVELS.map((level) => (
        <button
          key={level} type="button" className="levelbutton" data-level={level}
          aria-pressed={levels.length === 0 || levels.includes(level)} onClick={() => toggle(level)}
        >
          <span className={`leveldot ${level}`} />
          {t(LEVEL_NAMES[level])}
          <span className="count">{formatCount(data.levels[level], lang)}</span>
        </button>
      ))}
    </div>
  );
}
