import { useHosts } from '../../api/hooks';
import { useText } from '../../i18n';
import { filterMatches } from '../../state/url';
import { useView } from '../../state/useView';
import { AgentSetup } from '../../ui/AgentSetup';
import { FilterBar } from '../../ui/FilterBar';
import { HostTable } from '../../ui/HostTable';
import { Empty, Failure, Skeleton } from '../../ui/states';

export default function Hosts() {
  const { t } = useText();
  const view = useView();
  const hosts = useHosts();
  const shown = (hosts.data ?? []).filter((host) => filterMatches(view.state.filters, {
    id: host.id, name: host.name, os: host.os, arch: host.arch, kernel: host.kernel, source: host.source,
  }));
  return (
    <div className="page">
      <header className="page-head">
        <h1>{t('page.hosts')}</h1>
        {hosts.data !== undefined && (
          <span className="hint">{t('hosts.count', { shown: shown.length, total: hosts.data.length })}</span>
        )}
        <span className="grow" />
        <FilterBar view={view} placeholder={t('hosts.filter')} />
      </header>
      {hosts.error !== null && <Failure error={hosts.error} retry={() => void hosts.refetch()} />}
      {hosts.data === undefined && hosts.error === null && <Skeleton height={300} />}
      {hosts.data?.length === 0 && <Empty title={t('hosts.none')}><AgentSetup /></Empty>}
      {(hosts.data?.length ?? 0) > 0 && shown.length === 0 && <Empty title={t('hosts.noMatch')} />}
      {shown.length > 0 && (
        <section className="card tablecard" aria-label={t('page.hosts')}>
          <HostTable hosts={shown} view={view} height={Math.max(320, window.innerHeight - 170)} />
        </section>
      )}
    </div>
  );
}
