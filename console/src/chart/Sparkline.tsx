// A small line as SVG: cheaper than a canvas where there are dozens.
import type { Cell } from './data';

export function sparkPath(
  time: number[], cells: Cell[], range: { from: number; to: number }, size: [number, number],
): string {
  const known = cells.filter((cell): cell is number => cell !== null && cell !== undefined);
  if (known.length === 0) return '';
  const low = Math.min(0, ...known);
  const high = Math.max(...known);
  const [width, height] = size;
  const span = Math.max(1, range.to - range.from);
  const y = (value: number) => (
    high === low ? height / 2 : height - 1 - ((value - low) / (high - low)) * (height - 2)
  );
  let path = '';
  let isOpen = false;
  cells.forEach((cell, i) => {
    if (cell === undefined) return;
    if (cell === null) {
      isOpen = false;
      return;
    }
    const x = ((time[i]! - range.from) / span) * width;
    path += `${isOpen ? 'L' : 'M'}${x.toFixed(1)} ${y(cell).toFixed(1)}`;
    isOpen = true;
  });
  return path;
}

export function Sparkline({ time, cells, range, colour, width = 120, height = 28 }: {
  time: number[]; cells: Cell[]; range: { from: number; to: number }; colour: string;
  width?: number; height?: number;
}) {
  return (
    <svg
      className="sparkline" width={width} height={height} viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none" aria-hidden="true"
    >
      <path
        d={sparkPath(time, cells, range, [width, height])} fill="none" stroke={colour}
        strokeWidth="1.500" strokeLinejoin="round" vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
