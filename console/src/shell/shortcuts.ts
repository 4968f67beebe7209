// The keys of the console, once: the list on `?` and the handler are both made from it.
import type { Key } from '../i18n';

export interface Shortcut {
  keys: string;
  label: Key;
  id: string;
}

export const SHORTCUTS: Shortcut[] = [
  { id: 'palette', keys: 'Ctrl K', label: 'key.palette' },
  { id: 'filter', keys: '/', label: 'key.filter' },
  { id: 'list', keys: '?', label: 'key.list' },
  { id: 'home', keys: 'g h', label: 'key.home' },
  { id: 'hosts', keys: 'g i', label: 'key.hosts' },
  { id: 'metrics', keys: 'g m', label: 'key.metrics' },
  { id: 'logs', keys: 'g l', label: 'key.logs' },
  { id: 'cardinality', keys: 'g c', label: 'key.cardinality' },
  { id: 'status', keys: 'g s', label: 'key.status' },
  { id: 'time', keys: 't', label: 'key.time' },
  { id: 'back', keys: '[', label: 'key.back' },
  { id: 'on', keys: ']', label: 'key.on' },
  { id: 'out', keys: '-', label: 'key.out' },
  { id: 'in', keys: '=', label: 'key.in' },
  { id: 'refresh', keys: 'r', label: 'key.refresh' },
  { id: 'full', keys: 'f', label: 'key.full' },
  { id: 'query', keys: 'v', label: 'key.query' },
  { id: 'next', keys: 'j', label: 'key.next' },
  { id: 'previous', keys: 'k', label: 'key.previous' },
];

export interface Pressed {
  key: string;
  ctrl: boolean;
  alt: boolean;
  inField: boolean;
}

// What a key press means, given the prefix (`g`) pressed before it.
export function matchShortcut(pressed: Pressed, prefix: string): string | 'prefix' | null {
  if (pressed.ctrl) return pressed.key.toLowerCase() === 'k' && !pressed.alt ? 'palette' : null;
  if (pressed.inField || pressed.alt) return null;
  const text = prefix === '' ? pressed.key : `${prefix} ${pressed.key}`;
  const found = SHORTCUTS.find((one) => one.keys === text);
  if (found !== undefined) return found.id;
  return prefix === '' && pressed.key === 'g' ? 'prefix' : null;
}
