// Words that name series on the pages made from the host's metrics, in the reader's language.
import type { Key, Translate } from '../i18n';

const NAMES: Record<string, Key> = {
  used: 'series.used', free: 'series.free', available: 'series.available', cached: 'series.cached',
  buffered: 'series.buffered', read: 'series.read', write: 'series.write', received: 'series.received',
  sent: 'series.sent', 'in progress': 'series.inProgress', 'errors in': 'series.errorsIn',
  'errors out': 'series.errorsOut', 'dropped in': 'series.droppedIn', 'dropped out': 'series.droppedOut',
  processes: 'series.processes', threads: 'series.threads', utilization: 'series.utilization',
  in: 'series.in', out: 'series.out', active: 'series.active', running: 'series.running',
  sleeping: 'series.sleeping', blocked: 'series.blocked', zombies: 'series.zombies',
  stopped: 'series.stopped', idle: 'series.idle',
};

export function translateLabel(label: string, t: Translate): string {
  const key = NAMES[label];
  return key === undefined ? label : t(key);
}
