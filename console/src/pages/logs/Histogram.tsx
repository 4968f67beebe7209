// How many events there are over time, stacked by level. Dragging zooms.
import { useEffect, useMemo, useRef, useState, type PointerEvent } from 'react';
import { LEVELS, type Histogram as Counts, type Level } from '../../api/logs';
import { formatCount, formatInstant, formatMinute, formatTick } from '../../chart/units';
import { useText, type Key } from '../../i18n';
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

export function Histogram({ data, range, view }: {
  data: Counts; range: { from: number; to: number }; view: View;
}) {
  const { t, lang } = useText();
  const { root, width } = useWidth();
  const [hover, setHover] = useState<number | null>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
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
      view.set({ from: String(a), to: String(Math.max(b, a + 1)) });
    }
    setDrag(null);
  };
  const shown = hover === null ? undefined : bars[hover];
  const gap = width / Math.max(1, bars.length) > 6 ? 1.5 : 0.5;

  return (
    <div
      className="histogram" ref={root} data-histogram={data.total}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
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
            {drag !== null && (
              <rect
                className="brush" x={Math.min(drag.from, drag.to)} y={0} width={Math.abs(drag.to - drag.from)}
                height={HEIGHT - AXIS}
              />
            )}
          </>
        )}
      </svg>
      {shown !== undefined && drag === null && (
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
