// The first page: is the fleet well, what does this host do right now, what changed.
import { useEffect, useMemo } from 'react';
import { Link } from 'wouter';
import { useHosts, useStatus } from '../../api/hooks';
import { watchHost } from '../../api/client';
import type { Host } from '../../api/types';
import { ChartCard } from '../../chart/ChartCard';
import { formatCount, formatDuration, formatInstant } from '../../chart/units';
import { useText } from '../../i18n';
import { usePrefs } from '../../state/prefs';
import { useSession } from '../../state/session';
import { resolveRange } from '../../state/time';
import { useView, type View } from '../../state/useView';
import { AgentSetup } from '../../ui/AgentSetup';
import { isFresh } from '../../ui/HostState';
import { HostTable } from '../../ui/HostTable';
import { translateLabel } from '../../ui/seriesNames';
import { Empty, Failure, Skeleton, useNow } from '../../ui/states';
import { FactTile } from '../../ui/Tile';
import { changesOf } from './changes';
import { homePanels } from './homePanels';

const WATCH_EVERY_MS = 10_000; // the lease lasts 30 s

function Counts({ hosts, view }: { hosts: Host[]; view: View }) {
  const { t, lang } = useText();
  const now = useNow(5_000);
  const status = useStatus(view.refreshMs).data;
  const silent = hosts.filter((host) => !isFresh(host, now)).length;
  const reporting = hosts.length - silent;
  return (
    <div className="tiles">
      <FactTile
        label={t('home.reporting')} value={formatCount(reporting, lang)}
        note={t('home.ofHosts', { total: formatCount(hosts.length, lang) })}
      />
      <FactTile
        label={t('home.silent')} value={formatCount(silent, lang)} level={silent > 0 ? 'bad' : 'ok'}
        levelText={silent > 0 ? t('home.needsLook') : t('home.none')}
      />
      {status !== undefined && (
        <>
          <FactTile label={t('status.series')} value={formatCount(status.series, lang)} />
          <FactTile label={t('status.points')} value={formatCount(status.points, lang)} />
          <FactTile
            label={t('home.uptime')} value={formatDuration(status.uptimeMs, lang)}
            level={!status.lastError ? 'ok' : 'warn'}
            levelText={!status.lastError ? t('home.noError') : t('home.hasError')}
          />
        </>
      )}
    </div>
  );
}

function LocalHost({ host, view }: { host: Host; view: View }) {
  const { t } = useText();
  useEffect(() => {
    const renew = () => {
      if (document.visibilityState === 'visible') void watchHost(host.id).catch(() => undefined);
    };
    renew();
    const timer = setInterval(renew, WATCH_EVERY_MS);
    return () => clearInterval(timer);
  }, [host.id]);
  const panels = useMemo(() => homePanels(host.id).map((panel) => ({
    ...panel, queries: panel.queries.map((one) => ({
      ...one, label: translateLabel(one.label ?? '', t), prefix: translateLabel(one.label ?? '', t),
    })),
  })), [host.id, t]);
  return (
    <section className="section" aria-label={host.name}>
      <h2>
        <Link href={view.href(`/hosts/${host.id}`)}>{host.name}</Link>
        <span className="hint">{t('home.live')}</span>
      </h2>
      <div className="cards two">
        {panels.map((panel) => (
          <ChartCard
            key={panel.id} id={panel.id} title={t(panel.title)} queries={panel.queries} view={view}
            mode={panel.mode} source="CWAgent" height={176}
            onOpen={() => view.go(`/hosts/${host.id}`)}
          />
        ))}
      </div>
    </section>
  );
}

function Changes({ hosts, view }: { hosts: Host[]; view: View }) {
  const { t, lang } = useText();
  const now = useNow(10_000);
  const range = resolveRange(view.range, now, view.tz) ?? { from: now - 900_000, to: now };
  const changes = changesOf(hosts, range, now);
  return (
    <section className="card" aria-label={t('home.changes')}>
      <header className="card-head"><h3>{t('home.changes')}</h3></header>
      {changes.length === 0 && <p className="hint pad">{t('home.noChanges')}</p>}
      <ol className="timeline">
        {changes.slice(0, 12).map((change) => (
          <li key={`${change.kind} ${change.host.id}`}>
            <time dateTime={new Date(change.at).toISOString()}>{formatInstant(change.at, view.tz, lang)}</time>
            <Link href={view.href(`/hosts/${change.host.id}`)}>{change.host.name}</Link>
            <span>{t(change.kind)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Recent({ view }: { view: View }) {
  const { t } = useText();
  const { recent } = usePrefs();
  return (
    <section className="card" aria-label={t('home.recent')}>
      <header className="card-head"><h3>{t('home.recent')}</h3></header>
      {recent.length === 0 && <p className="hint pad">{t('home.noRecent')}</p>}
      <ul className="links">
        {recent.map((one) => (
          <li key={one.path}><Link href={view.href(one.path)} data-list-item="">{one.label}</Link></li>
        ))}
      </ul>
    </section>
  );
}

export default function Home() {
  const { t } = useText();
  const view = useView();
  const hosts = useHosts();
  const { hostId } = useSession();
  if (hosts.data === undefined) {
    return (
      <div className="page">
        <h1>{t('page.home')}</h1>
        {hosts.error === null ? <Skeleton height={420} />
          : <Failure error={hosts.error} retry={() => void hosts.refetch()} />}
      </div>
    );
  }
  const local = hosts.data.find((host) => host.id === hostId) ?? hosts.data[0];
  return (
    <div className="page">
      <header className="page-head"><h1>{t('page.home')}</h1></header>
      <Counts hosts={hosts.data} view={view} />
      {local === undefined ? <Empty title={t('home.empty')}><p>{t('home.emptyHelp')}</p><AgentSetup /></Empty>
        : <LocalHost host={local} view={view} />}
      {hosts.data.length > 1 && (
        <section className="card tablecard" aria-label={t('home.busiest')}>
          <header className="card-head"><h3>{t('home.busiest')}</h3></header>
          <HostTable hosts={hosts.data} view={view} height={340} />
        </section>
      )}
      <div className="cards two">
        <Changes hosts={hosts.data} view={view} />
        <Recent view={view} />
      </div>
    </div>
  );
}
