// The server's own health, and how to reach it with other tools.
import { useStatus } from '../../api/hooks';
import { formatCount, formatDuration, formatValue } from '../../chart/units';
import { useText } from '../../i18n';
import { useSession } from '../../state/session';
import { useView } from '../../state/useView';
import { Command, Failure, Skeleton } from '../../ui/states';
import { FactTile } from '../../ui/Tile';

export default function Status() {
  const { t, lang } = useText();
  const view = useView();
  const session = useSession();
  const status = useStatus(view.refreshMs);
  const data = status.data;
  const origin = window.location.origin;
  return (
    <div className="page">
      <header className="page-head"><h1>{t('page.status')}</h1></header>
      {status.error !== null && <Failure error={status.error} retry={() => void status.refetch()} />}
      {data === undefined && status.error === null && <Skeleton height={90} />}
      {data !== undefined && (
        <div className="tiles">
          <FactTile label={t('status.version')} value={data.version} />
          <FactTile label={t('status.uptime')} value={formatDuration(data.uptimeMs, lang)} />
          <FactTile label={t('status.series')} value={formatCount(data.series, lang)} />
          <FactTile label={t('status.points')} value={formatCount(data.points, lang)} />
          <FactTile label={t('status.disk')} value={formatValue(data.diskBytes, 'Bytes', lang)} />
          <FactTile label={t('status.memory')} value={formatValue(data.rssBytes, 'Bytes', lang)} />
          <FactTile label={t('status.queries')} value={formatCount(data.queries, lang)} />
        </div>
      )}
      {data !== undefined && (
        <section className="card pad" aria-label={t('status.lastError')}>
          <h2>{t('status.lastError')}</h2>
          <p>{!data.lastError ? t('status.noError') : data.lastError}</p>
        </section>
      )}
      <section className="card pad" aria-label={t('status.connect')}>
        <h2>{t('status.connect')}</h2>
        <p className="hint">{t('status.connectHelp', { account: session.account, region: session.region })}</p>
        <h3>{t('setup.cli')}</h3>
        <Command text={`aws cloudwatch list-metrics --endpoint-url ${origin} --region ${session.region}`} />
        <h3>{t('setup.metrics')}</h3>
        <Command text={`curl ${origin}/metrics`} />
      </section>
    </div>
  );
}
