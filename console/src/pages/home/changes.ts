// What happened to hosts in a range, newest first. Pure.
import type { Host } from '../../api/types';
import type { Key } from '../../i18n';

export interface Change {
  at: number;
  kind: Extract<Key, 'change.started' | 'change.silent'>;
  host: Host;
}

const SILENT_MS = 90_000;

export function changesOf(hosts: Host[], range: { from: number; to: number }, now: number): Change[] {
  const inside = (ms: number) => ms >= range.from && ms <= range.to;
  return hosts.flatMap((host) => {
    const changes: Change[] = [];
    if (inside(host.bootTime)) changes.push({ at: host.bootTime, kind: 'change.started', host });
    if (now - host.lastSeen >= SILENT_MS && inside(host.lastSeen)) {
      changes.push({ at: host.lastSeen, kind: 'change.silent', host });
    }
    return changes;
  }).sort((a, b) => b.at - a.at);
}
