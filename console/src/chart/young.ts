// A source that has just begun. The server chooses the finest period that keeps to the wanted number
// of points, which for a quarter of an hour is coarser than a new host's few seconds of data: such a
// query is asked again for just the part that holds data, and until that part fills half of the range.
import type { Frame, Range } from '../api/types';

const SPAN_MAX_MS = 3_600_000;
const KNOWN_MAX = 500; // more texts than any page has queries

const beginnings = new Map<string, number>();

export function firstPoint(frame: Frame): number | null {
  const index = frame.time.findIndex((_, i) => (
    frame.series.some((one) => one.values[i] !== null && one.values[i] !== undefined)
  ));
  return index < 0 ? null : frame.time[index]!;
}

export function isYoung(range: Range, first: number | null): first is number {
  return first !== null && range.to - range.from <= SPAN_MAX_MS && first > (range.from + range.to) / 2;
}

export async function askYoung<T extends { frame: Frame }>(
  key: string, range: Range, ask: (range: Range) => Promise<T>,
): Promise<T> {
  const known = beginnings.get(key) ?? null;
  if (isYoung(range, known)) {
    const answer = await ask({ from: known, to: range.to });
    if (firstPoint(answer.frame) !== null) return answer;
  }
  beginnings.delete(key);
  const answer = await ask(range);
  const first = firstPoint(answer.frame);
  if (!isYoung(range, first)) return answer;
  if (beginnings.size >= KNOWN_MAX) beginnings.clear();
  beginnings.set(key, first);
  return ask({ from: first, to: range.to });
}
