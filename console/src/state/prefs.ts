// What a person prefers on this browser; never anything secret. Kept in local storage.
import { useSyncExternalStore } from 'react';

export type Theme = 'auto' | 'light' | 'dark';
export type Density = 'compact' | 'comfortable';
export type Language = 'en' | 'ja';

export interface Recent {
  path: string;
  label: string;
}

export interface Prefs {
  theme: Theme;
  density: Density;
  language: Language;
  tz: string;
  shortcuts: boolean;
  recent: Recent[];
}

const KEY = 'kansoku.prefs';
const RECENT_MAX = 8;

function initial(): Prefs {
  const language: Language = globalThis.navigator?.language?.startsWith('ja') === true ? 'ja' : 'en';
  const prefs: Prefs = {
    theme: 'auto', density: 'compact', language, tz: 'local', shortcuts: true, recent: [],
  };
  try {
    Object.assign(prefs, JSON.parse(localStorage.getItem(KEY) ?? '{}'));
  } catch {
    // Storage is refused or holds something else: the defaults serve.
  }
  return prefs;
}

let current = initial();
const listeners = new Set<() => void>();

export function getPrefs(): Prefs {
  return current;
}

export function setPrefs(change: Partial<Prefs>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // Without storage the choice holds until the page is closed.
  }
  for (const listener of listeners) listener();
}

export function addRecent(entry: Recent): void {
  const first = current.recent[0];
  if (first?.path === entry.path && first.label === entry.label) return;
  const others = current.recent.filter((other) => other.path !== entry.path);
  setPrefs({ recent: [entry, ...others].slice(0, RECENT_MAX) });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function usePrefs(): Prefs {
  return useSyncExternalStore(subscribe, getPrefs, getPrefs);
}

const darkQuery = '(prefers-color-scheme: dark)';

function subscribeScheme(listener: () => void): () => void {
  const query = globalThis.matchMedia?.(darkQuery);
  query?.addEventListener('change', listener);
  return () => query?.removeEventListener('change', listener);
}

export function useIsDark(): boolean {
  const { theme } = usePrefs();
  const system = useSyncExternalStore(
    subscribeScheme, () => globalThis.matchMedia?.(darkQuery).matches ?? false, () => false,
  );
  return theme === 'auto' ? system : theme === 'dark';
}
