// Log groups: what they hold, how long it is kept, their streams.
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { getStreams, setRetention, type LogGroup } from '../../api/logs';
import { formatAge, formatCount, formatMinute, formatValue } from '../../chart/units';
import { useText } from '../../i18n';
import { useView, type View } from '../../state/useView';
import { Icon } from '../../ui/Icon';
import { notify } from '../../ui/notify';
import { Empty, Failure, Skeleton, useNow } from '../../ui/states';
import { useGroups } from './GroupPicker';
import { Setup } from './Setup';
import './logs.css';

// PutRetentionPolicy takes these; 0 is for ever.
const RETENTION_DAYS = [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557,
  2922, 3288, 3653];

function Streams({ group, view }: { group: string; view: View }) {
  const { t, lang } = useText();
  const now = useNow(10_000);
  const list = useQuery({
    queryKey: ['logs', 'streams', group], queryFn: ({ signal }) => getStreams(group, signal),
  });
  if (list.error !== null) return <Failure error={list.error} retry={() => void list.refetch()} />;
  if (list.data === undefined) return <Skeleton height={80} />;
  if (list.data.logStreams.length === 0) return <Empty title={t('groups.noStreams')} />;
  return (
    <table className="list streams">
      <thead>
        <tr>
          <th scope="col">{t('groups.stream')}</th>
          <th scope="col">{t('groups.firstEvent')}</th>
          <th scope="col">{t('groups.lastEvent')}</th>
        </tr>
      </thead>
      <tbody>
        {list.data.logStreams.map((one) => (
          <tr key={one.logStreamName}>
            <td className="mono">
              <Link href={view.href('/logs', {
                filters: [{ key: '@logStream', op: '=', value: one.logStreamName }], other: [['group', group]],
              })}>
                {one.logStreamName}
              </Link>
            </td>
            <td className="nowrap">
              {one.firstEventTimestamp === undefined ? '–' : formatMinute(one.firstEventTimestamp, view.tz, lang)}
            </td>
            <td className="nowrap">
              {one.lastEventTimestamp === undefined ? '–' : (
                <>
                  {formatMinute(one.lastEventTimestamp, view.tz, lang)}{' '}
                  <span className="hint">{formatAge(now - one.lastEventTimestamp, lang)}</span>
                </>
              )}
            </td>
          </tr>
        ))}
        {list.data.nextToken !== undefined && (
          <tr>
            <td colSpan={3} className="hint">
              {t('groups.moreStreams', { count: list.data.logStreams.length })}
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

function Retention({ group, changed }: { group: LogGroup; changed: () => void }) {
  const { t, lang } = useText();
  const current = group.retentionInDays ?? 0;
  const days = (count: number) => new Intl.NumberFormat(lang, {
    style: 'unit', unit: 'day', unitDisplay: 'long',
  }).format(count);
  return (
    <select
      value={current} aria-label={t('groups.retentionOf', { group: group.logGroupName })}
      onChange={(event) => {
        void setRetention(group.logGroupName, Number(event.target.value))
          .catch((failed: unknown) => notify(failed instanceof Error ? failed.message : String(failed)))
          .finally(changed);
      }}
    >
      {[...new Set([...RETENTION_DAYS, current])].map((count) => (
        <option key={count} value={count}>{count === 0 ? t('groups.forever') : days(count)}</option>
      ))}
    </select>
  );
}

function Row({ group, view, open, toggle, changed }: {
  group: LogGroup; view: View; open: boolean; toggle: () => void; changed: () => void;
}) {
  const { t, lang } = useText();
  const name = group.logGroupName;
  return (
    <>
      <tr>
        <th scope="row">
          <button type="button" className={open ? 'groupbutton open' : 'groupbutton'} aria-expanded={open}
            data-list-item="" onClick={toggle}>
            <Icon name="down" size={12} /><span>{name}</span>
          </button>
        </th>
        <td className="number">{formatValue(group.storedBytes, 'Bytes', lang)}</td>
        <td><Retention group={group} changed={changed} /></td>
        <td className="nowrap wide-cell">{formatMinute(group.creationTime, view.tz, lang)}</td>
        <td className="nowrap actionscell">
          <Link className="textbutton" href={view.href('/logs', { other: [['group', name]] })}>
            {t('logs.search')}
          </Link>{' '}
          <Link className="textbutton" href={view.href('/logs/tail', { other: [['group', name]] })}>
            {t('page.logTail')}
          </Link>
        </td>
      </tr>
      {open && <tr className="streamrow"><td colSpan={5}><Streams group={name} view={view} /></td></tr>}
    </>
  );
}

export default function Groups() {
  const { t, lang } = useText();
  const view = useView();
  const list = useGroups();
  const [find, setFind] = useState('');
  const open = new Set(view.state.sel);
  const groups = (list.data ?? []).filter((one) => one.logGroupName.toLowerCase().includes(find.toLowerCase()));
  const toggle = (name: string) => view.set({
    sel: open.has(name) ? view.state.sel.filter((one) => one !== name) : [...view.state.sel, name],
  }, { replace: true });
  return (
    <div className="page logs groups">
      <header className="page-head">
        <h1>{t('page.logGroups')}</h1>
        {list.data !== undefined && (
          <span className="hint" role="status">
            {t('groups.total', {
              count: formatCount(list.data.length, lang),
              bytes: formatValue(list.data.reduce((sum, one) => sum + one.storedBytes, 0), 'Bytes', lang),
            })}
          </span>
        )}
        <span className="grow" />
        <span className="field" data-filter="">
          <Icon name="search" size={14} />
          <input value={find} placeholder={t('logs.findGroup')} aria-label={t('logs.findGroup')} spellCheck={false}
            onChange={(event) => setFind(event.target.value)} />
        </span>
      </header>
      <section className="card" aria-label={t('page.logGroups')}>
        {list.error !== null && <Failure error={list.error} retry={() => void list.refetch()} />}
        {list.data === undefined && list.error === null && <Skeleton height={300} />}
        {list.data?.length === 0 && <Setup range={{ from: 0, to: 0 }} view={view} />}
        {list.data !== undefined && list.data.length > 0 && groups.length === 0 && <Empty title={t('logs.noGroup')} />}
        {groups.length > 0 && (
          <div className="scroll" tabIndex={0} role="region" aria-label={t('page.logGroups')}>
            <table className="list grouptable">
              <thead>
                <tr>
                  <th scope="col">{t('groups.name')}</th>
                  <th scope="col" className="number">{t('groups.bytes')}</th>
                  <th scope="col">{t('groups.retention')}</th>
                  <th scope="col" className="wide-cell">{t('groups.created')}</th>
                  <th scope="col"><span className="hidden-text">{t('row.actions')}</span></th>
                </tr>
              </thead>
              <tbody>
                {groups.map((one) => (
                  <Row key={one.logGroupName} group={one} view={view} open={open.has(one.logGroupName)}
                    toggle={() => toggle(one.logGroupName)} changed={() => void list.refetch()} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
    </div>
  );
}
