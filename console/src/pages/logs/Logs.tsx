// Logs: search, patterns and Insights over the same groups and the same range.
import { useCallback, useState } from 'react';
import { Link } from 'wouter';
import { useText, type Key } from '../../i18n';
import { groupKeys, logsChange, readLogs, TABS, type LogState, type Tab } from '../../state/logs';
import { useView, type View } from '../../state/useView';
import { Compare } from './Compare';
import { GroupPicker } from './GroupPicker';
import { Insights } from './Insights';
import { Patterns } from './Patterns';
import { FilterTokens, Search } from './Search';
import { SearchBox } from './SearchBox';
import './logs.css';

const TAB_NAMES: Record<Tab, Key> = {
  search: 'logs.search', patterns: 'logs.patterns', compare: 'logs.compare', insights: 'logs.insights',
};

function Tabs({ logs, view }: { logs: LogState; view: View }) {
  const { t } = useText();
  return (
    <div className="tabs" role="group" aria-label={t('page.logs')}>
      {TABS.map((tab) => (
        <button
          key={tab} type="button" aria-pressed={logs.tab === tab} data-tab={tab}
          onClick={() => {
            // The text of a search is none of Insights, and the other way round.
            const keeps = (tab === 'insights') === (logs.tab === 'insights');
            view.set(logsChange(view.state, { tab, ...(keeps ? {} : { text: '', query: '' }) }));
          }}
        >
          {t(TAB_NAMES[tab])}
        </button>
      ))}
    </div>
  );
}

export default function Logs() {
  const { t } = useText();
  const view = useView();
  const logs = readLogs(view.state);
  const [error, setError] = useState<unknown>(null);
  const set = (change: Partial<LogState>) => view.set(logsChange(view.state, change));
  const onError = useCallback((found: unknown) => setError(found), []);
  return (
    <div className="page logs">
      <header className="page-head">
        <h1>{t('page.logs')}</h1>
        <Tabs logs={logs} view={view} />
        <span className="grow" />
        <Link className="textbutton" href={view.href('/logs/tail', {
          queries: logs.tab === 'insights' || logs.text === '' ? [] : [logs.text],
          other: groupKeys(logs),
        })}>
          {t('page.logTail')}
        </Link>
        <Link className="textbutton" href={view.href('/logs/groups')}>{t('page.logGroups')}</Link>
      </header>
      {logs.tab === 'insights' ? <Insights logs={logs} view={view} /> : (
        <>
          <div className="toolbar">
            <GroupPicker groups={logs.groups} by={logs.by} set={set} />
            <SearchBox text={logs.text} anyCase={logs.anyCase} error={error} run={set} />
          </div>
          <FilterTokens
            filters={[...logs.filters]} set={(filters) => set({ filters })}
          />
          {logs.tab === 'search' && <Search logs={logs} view={view} onError={onError} />}
          {logs.tab === 'patterns' && <Patterns logs={logs} view={view} onError={onError} />}
          {logs.tab === 'compare' && <Compare logs={logs} view={view} onError={onError} />}
        </>
      )}
    </div>
  );
}
