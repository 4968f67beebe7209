// What a live tail shows. Pure.
import type { LogEvent, TailUpdate } from '../../api/logs';

export interface TailState {
  events: LogEvent[];
  held: LogEvent[]; // came while it was paused
  heldCount: number;
  paused: boolean;
  max: number;
  rate: number; // events a second that were stored, over the last seconds
  shownRate: number;
  sampled: boolean;
  recent: { at: number; seen: number; shown: number; sampled: boolean }[];
}

const WINDOW_MS = 3_000;

export const emptyTail: TailState = {
  events: [], held: [], heldCount: 0, paused: false, max: 20_000, rate: 0, shownRate: 0, sampled: false, recent: [],
};

export function addUpdate(state: TailState, update: TailUpdate, now: number): TailState {
  const recent = [
    ...state.recent.filter((one) => now - one.at < WINDOW_MS),
    { at: now, seen: update.seen, shown: update.events.length, sampled: update.sampled },
  ];
  // Of the first updates: they cover half a second each.
  const seconds = Math.min(WINDOW_MS / 1000, recent.length / 2);
  const sum = (of: (one: TailState['recent'][number]) => number) => (
    Math.round(recent.reduce((total, one) => total + of(one), 0) / seconds)
  );
  const rates = {
    recent, rate: sum((one) => one.seen), shownRate: sum((one) => one.shown),
    sampled: recent.some((one) => one.sampled),
  };
  if (state.paused) {
    return {
      ...state, ...rates, held: [...state.held, ...update.events].slice(-state.max),
      heldCount: state.heldCount + update.seen,
    };
  }
  const events = update.events.length === 0 ? state.events
    : [...state.events, ...update.events].slice(-state.max);
  return { ...state, ...rates, events, heldCount: 0 };
}
