// Logs: search, patterns and Insights over the same groups and the same range.
import { useCallback, useEffect, useId, useRef, useState } from 'react';
import { Link } from 'wouter';
import { ApiError } from '../../api/client';
import { useText, type Key } from '../../i18n';
import { logsChange, readLogs, TABS, type LogState, type Tab } from '../../state/logs';
import { useView, type View } from '../../state/useView';
import { Icon } from '../../ui/Icon';
import { GroupPicker } from './GroupPicker';
import { Insights } from './Insights';
import { Patterns } from './Patterns';
import { FilterTokens, Search } from './Search';
import './logs.css';

const TAB_NAMES: Record<Tab, Key> = {
  search: 'logs.search', patterns: 'logs.patterns', insights: 'logs.insights',
};

// The text of a search. Enter asks; what is wrong stands below, with its place.
export function SearchBox({ text, error, run }: { text: string; error: unknown; run: (text: string) => void }) {
  const { t } = useText();
  const [typed, setTyped] = useState(text);
  const field = useRef<HTMLInputElement>(null);
  const errorId = useId();
  useEffect(() => setTyped(text), [text]);
  const position = error instanceof ApiError ? error.position : undefined;
  return (
    <form className="searchbox" role="search" onSubmit={(event) => {
      event.preventDefault();
      run(typed.trim());
    }}>
      <span className="field big" data-filter="">
        <Icon name="search" size={14} />
        <input
          ref={field} value={typed} placeholder={t('logs.searchHint')} aria-label={t('logs.search')}
          spellCheck={false} aria-invalid={position !== undefined}
          {...(position === undefined ? {} : { 'aria-describedby': errorId })}
          onChange={(event) => setTyped(event.target.value)}
          onKeyDown={(event) => { if (event.key === 'Escape') event.currentTarget.blur(); }}
        />
      </span>
      <button type="submit" className="primary small">{t('logs.run')}</button>
      {position !== undefined && typed === text && (
        <p id={errorId} className="hint bad mono wherewrong" data-position={position}>
          {text.slice(0, position)}<u>{text.slice(position, position + 1) || '␣'}</u>{text.slice(position + 1)}
          {' — '}{(error as ApiError).message}
        </p>
      )}
    </form>
  );
}

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
          other: logs.groups.map((one): [string, string] => ['group', one]),
        })}>
          {t('page.logTail')}
        </Link>
        <Link className="textbutton" href={view.href('/logs/groups')}>{t('page.logGroups')}</Link>
      </header>
      {logs.tab === 'insights' ? <Insights logs={logs} view={view} /> : (
        <>
          <div className="toolbar">
            <GroupPicker groups={logs.groups} set={(groups) => set({ groups })} />
            <SearchBox text={logs.text} error={error} run={(text) => set({ text })} />
          </div>
          <FilterTokens
            filters={[...logs.filters]} set={(filters) => set({ filters })}
          />
          {logs.tab === 'search' ? <Search logs={logs} view={view} onError={onError} />
            : <Patterns logs={logs} view={view} onError={onError} />}
        </>
      )}
    </div>
  );
}
