import type { Host } from '../api/types';
import { formatAge } from '../chart/units';
import { useText } from '../i18n';
import { Icon } from './Icon';
import { useNow } from './states';

const FRESH_MS = 90_000; // nine samples of the usual 10 s

export function isFresh(host: Host, now: number): boolean {
  return now - host.lastSeen < FRESH_MS;
}

export function HostState({ host }: { host: Host }) {
  const { t, lang } = useText();
  const now = useNow(5_000);
  const fresh = isFresh(host, now);
  return (
    <span className={fresh ? 'level ok' : 'level bad'}>
      <Icon name={fresh ? 'check' : 'warning'} size={12} />
      {fresh ? t('host.reporting') : t('host.silent', { age: formatAge(now - host.lastSeen, lang) })}
    </span>
  );
}
