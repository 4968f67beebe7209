// The canvas: the only file that knows uPlot. One setData a refresh; rebuilt only when the number
// or the look of the series changes.
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { withAlpha } from './colours';
import { stack, type Cell } from './data';
import { baseUnit, formatTick, formatValue } from './units';

export type PlotMode = 'line' | 'stacked' | 'bar';

export interface PlotSeries {
  label: string;
  unit: string;
  colour: string;
  axis: 'left' | 'right';
  hidden: boolean;
}

export interface PlotProps {
  time: number[];
  cells: Cell[][];
  series: PlotSeries[];
  mode: PlotMode;
  range: { from: number; to: number };
  height: number;
  tz: string;
  lang: string;
  dark: boolean;
  compact?: boolean;
  max?: number;
  onHover?: (index: number | null, left: number, width: number) => void;
  onSelect?: (from: number, to: number, left: number) => void;
}

const SYNC = 'kansoku-time';
const LABEL_HALF_MAX_PX = 14; // half of 00:00:00, less the padding at the right
const CURSOR_POINTS_MAX = 8; // above, points under the cursor cost more than a frame

// Steps of 1024 for bytes, so that ticks read 512 MiB and not 476.8 MiB.
const BYTE_STEPS = Array.from({ length: 60 }, (_, i) => 2 ** i);

function drawn(props: PlotProps): Cell[][] {
  const shown = props.cells.map((row, i) => (
    props.series[i]?.hidden === true ? row.map(() => undefined) : row
  ));
  return props.mode === 'stacked' ? stack(shown) : shown;
}

function yRange(unit: string, max: number | undefined): uPlot.Range.Function {
  return (_u, low, high) => {
    if (low === null || high === null || !Number.isFinite(low)) return [0, max ?? 1];
    const bottom = low >= 0 ? 0 : low * 1.1;
    let top = high <= 0 ? (low < 0 ? 0 : 1) : high * 1.12;
    if (baseUnit(unit).symbol === '%' && low >= 0) {
      top = high <= 100 ? Math.min(100, Math.max(top, 2)) : top;
    }
    if (max !== undefined) top = Math.max(max, high);
    return [bottom, top <= bottom ? bottom + 1 : top];
  };
}

function yAxis(scale: 'left' | 'right', unit: string, props: PlotProps, ink: Ink): uPlot.Axis {
  const isBytes = baseUnit(unit).symbol === 'B';
  return {
    scale, side: scale === 'left' ? 3 : 1, stroke: ink.text, font: ink.font, gap: 6, space: 28,
    grid: { show: scale === 'left', stroke: ink.grid, width: 1 }, ticks: { show: false },
    size: (_u, values) => {
      const longest = Math.max(0, ...(values ?? []).map((text) => text.length));
      return Math.max(34, longest * 6.4 + 12);
    },
    values: (_u, splits) => splits.map((value) => formatValue(value, unit, props.lang)),
    ...(isBytes ? { incrs: BYTE_STEPS } : {}),
  };
}

interface Ink {
  text: string;
  grid: string;
  font: string;
}

function inkOf(dark: boolean): Ink {
  return {
    text: dark ? '#9fb0c3' : '#4c5a6c',
    grid: dark ? 'rgba(139, 160, 184, 0.13)' : 'rgba(40, 60, 90, 0.09)',
    font: "11px 'Inter Variable', 'Noto Sans CJK JP', system-ui, sans-serif",
  };
}

function seriesOptions(props: PlotProps): uPlot.Series[] {
  return props.series.map((one) => {
    const bars = props.mode === 'bar' ? uPlot.paths.bars?.({ size: [0.7, 28], gap: 1 }) : undefined;
    const fills = props.mode !== 'line' || (props.series.length === 1 && props.compact !== true);
    return {
      label: one.label, scale: one.axis, stroke: one.colour, width: props.mode === 'bar' ? 0 : 1.5,
      show: !one.hidden,
      ...(fills && (props.mode !== 'stacked')
        ? { fill: withAlpha(one.colour, props.mode === 'bar' ? 0.8 : 0.12) } : {}),
      ...(bars === undefined ? {} : { paths: bars }),
      points: { show: (u: uPlot, i: number) => isLonely(u, i), size: 4, fill: one.colour },
    };
  });
}

// A point without neighbours makes no line: it is drawn as a dot, or it would not be seen.
function isLonely(u: uPlot, index: number): boolean {
  const data = u.data[index];
  if (data === undefined) return false;
  let count = 0;
  for (let i = 0; i < data.length && count < 2; i += 1) if (data[i] != null) count += 1;
  return count === 1;
}

function bandsOf(props: PlotProps): uPlot.Band[] {
  if (props.mode !== 'stacked') return [];
  return props.series.flatMap((one, i): uPlot.Band[] => {
    if (one.hidden) return [];
    const fill = withAlpha(one.colour, props.dark ? 0.42 : 0.5);
    let below = i - 1;
    while (below >= 0 && props.series[below]?.hidden === true) below -= 1;
    return below < 0 ? [] : [{ series: [i + 1, below + 1], fill }];
  });
}

function build(root: HTMLElement, latest: { current: PlotProps }, width: number): uPlot {
  const props = latest.current;
  const ink = inkOf(props.dark);
  const right = props.series.find((one) => one.axis === 'right');
  const leftUnit = (props.series.find((one) => one.axis === 'left') ?? props.series[0])?.unit ?? '';
  const series = seriesOptions(props);
  const firstShown = props.series.findIndex((one) => !one.hidden);
  if (props.mode === 'stacked' && firstShown >= 0) {
    series[firstShown]!.fill = withAlpha(props.series[firstShown]!.colour, props.dark ? 0.42 : 0.5);
  }
  const options: uPlot.Options = {
    width, height: props.height, ms: 1, legend: { show: false },
    padding: props.compact === true ? [2, 0, 2, 0] : [8, 12, 0, 0],
    cursor: {
      show: props.compact !== true,
      y: false,
      drag: { x: props.onSelect !== undefined, y: false, setScale: false },
      points: { show: props.series.length <= CURSOR_POINTS_MAX, size: 6 },
      sync: { key: SYNC, setSeries: false, scales: ['x', null] },
    },
    scales: {
      x: { time: true, range: () => [latest.current.range.from, latest.current.range.to] },
      left: { range: yRange(leftUnit, props.max) },
      ...(right === undefined ? {} : { right: { range: yRange(right.unit, undefined) } }),
    },
    axes: props.compact === true ? [{ show: false }, { show: false, scale: 'left' }] : [
      {
        stroke: ink.text, font: ink.font, gap: 5, size: 24, space: 78,
        grid: { stroke: ink.grid, width: 1 }, ticks: { show: false },
        values: (u, splits, _axis, _space, step) => splits.map((ms) => (
          // A label that would stick out at the right edge is left out rather than cut.
          u.valToPos(ms, 'x') > u.bbox.width / uPlot.pxRatio - LABEL_HALF_MAX_PX && step < 60_000 ? null
            : formatTick(ms, step, latest.current.tz, latest.current.lang)
        )),
      },
      yAxis('left', leftUnit, props, ink),
      ...(right === undefined ? [] : [yAxis('right', right.unit, props, ink)]),
    ],
    series: [{}, ...series],
    bands: bandsOf(props),
    hooks: {
      setCursor: [(u) => {
        const { idx, left } = u.cursor;
        const shown = left !== undefined && left >= 0 && idx !== null && idx !== undefined;
        latest.current.onHover?.(shown ? idx : null, (left ?? 0) + u.bbox.left / uPlot.pxRatio, u.width);
      }],
      setSelect: [(u) => {
        if (u.select.width < 4) return;
        const from = Math.round(u.posToVal(u.select.left, 'x'));
        const to = Math.round(u.posToVal(u.select.left + u.select.width, 'x'));
        latest.current.onSelect?.(from, to, u.select.left + u.bbox.left / uPlot.pxRatio);
        u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      }],
    },
  };
  return new uPlot(options, [props.time, ...drawn(props)] as uPlot.AlignedData, root);
}

export default function Plot(props: PlotProps) {
  const root = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const { series, mode, dark, tz, lang, compact, max, height } = props;
  const look = JSON.stringify([series, mode, dark, tz, lang, compact, max, height]);

  useEffect(() => {
    const element = root.current;
    if (element === null) return undefined;
    let frame = 0;
    const observer = new ResizeObserver(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => {
        const width = element.clientWidth;
        if (width === 0) return;
        if (plot.current === null) plot.current = build(element, latest, width);
        else if (plot.current.width !== width) {
          plot.current.setSize({ width, height: latest.current.height });
        }
      });
    });
    observer.observe(element);
    if (element.clientWidth > 0) plot.current = build(element, latest, element.clientWidth);
    return () => {
      observer.disconnect();
      cancelAnimationFrame(frame);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [look]);

  const { time, cells, range } = props;
  useEffect(() => {
    plot.current?.setData([time, ...drawn(latest.current)] as uPlot.AlignedData);
  }, [time, cells, range.from, range.to]);

  return <div className="plot" ref={root} />;
}
