// Eight series colours a mode, ordered so that neighbours differ for colour-blind users (blue and
// orange families alternate, with lightness steps). None of them is a state colour.
export const SERIES_LIGHT = [
  '#1f5fd6', '#b85c00', '#0b7f6b', '#b3267f', '#66720a', '#6b46c1', '#8a5a44', '#0b7ea8',
];
export const SERIES_DARK = [
  '#6ba4ff', '#f0a85c', '#4fd1b5', '#ee86c0', '#c8d85a', '#b09aff', '#d0a58c', '#7fd4f7',
];

export function seriesColour(index: number, dark: boolean): string {
  const list = dark ? SERIES_DARK : SERIES_LIGHT;
  return list[index % list.length]!;
}

export function withAlpha(hex: string, alpha: number): string {
  const value = Number.parseInt(hex.slice(1), 16);
  return `rgba(${value >> 16}, ${(value >> 8) & 255}, ${value & 255}, ${alpha})`;
}

function channel(value: number): number {
  const part = value / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

export function luminance(hex: string): number {
  const value = Number.parseInt(hex.slice(1), 16);
  return 0.2126 * channel(value >> 16) + 0.7152 * channel((value >> 8) & 255)
    + 0.0722 * channel(value & 255);
}

// WCAG 2.2 contrast ratio of two colours.
export function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}
