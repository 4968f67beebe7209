import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { currentPanel } from '../chart/panel';
import { getPrefs } from '../state/prefs';
import type { View } from '../state/useView';
import type { Overlay } from './App';
import { refreshAll } from './refresh';
import { matchShortcut } from './shortcuts';
import { moveRange } from './TimeRange';

const PREFIX_MS = 1_200;

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement
    && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

// `j` and `k` walk through the links and rows that a page marks as a list.
function walk(step: 1 | -1): void {
  const all = [...document.querySelectorAll<HTMLElement>('[data-list-item]')];
  if (all.length === 0) return;
  const at = all.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? (step === 1 ? 0 : all.length - 1) : at + step;
  all[Math.min(all.length - 1, Math.max(0, next))]?.focus();
}

export function useShortcuts(view: View, setOverlay: (overlay: Overlay) => void): void {
  const client = useQueryClient();
  const latest = useRef(view);
  latest.current = view;

  useEffect(() => {
    let prefix = '';
    let timer: ReturnType<typeof setTimeout>;
    const actions: Record<string, () => void> = {
      palette: () => setOverlay('palette'),
      list: () => setOverlay('shortcuts'),
      time: () => setOverlay('time'),
      filter: () => document.querySelector<HTMLElement>('[data-filter] input, input[data-filter]')?.focus(),
      home: () => latest.current.go('/'),
      hosts: () => latest.current.go('/hosts'),
      metrics: () => latest.current.go('/metrics'),
      logs: () => latest.current.go('/logs'),
      cardinality: () => latest.current.go('/cardinality'),
      status: () => latest.current.go('/status'),
      back: () => moveRange(latest.current, 'back'),
      on: () => moveRange(latest.current, 'on'),
      out: () => moveRange(latest.current, 'out'),
      in: () => moveRange(latest.current, 'in'),
      refresh: () => refreshAll(client),
      full: () => currentPanel()?.toggleFull(),
      query: () => currentPanel()?.toggleQuery(),
      next: () => walk(1),
      previous: () => walk(-1),
    };
    const onKey = (event: KeyboardEvent) => {
      const found = matchShortcut({
        key: event.key, ctrl: event.ctrlKey || event.metaKey, alt: event.altKey,
        inField: isField(event.target),
      }, prefix);
      prefix = '';
      clearTimeout(timer);
      if (found === null || (found !== 'palette' && !getPrefs().shortcuts)) return;
      if (found !== 'palette' && document.querySelector('[role=dialog][aria-modal=true]') !== null) return;
      event.preventDefault();
      if (found === 'prefix') {
        prefix = 'g';
        timer = setTimeout(() => { prefix = ''; }, PREFIX_MS);
      } else actions[found]?.();
    };
    document.addEventListener('keydown', onKey);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('keydown', onKey);
    };
  }, [client, setOverlay]);
}
