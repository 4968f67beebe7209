// Live tail: what is stored, as it is stored.
import { useCallback, useEffect, useReducer, useRef, useState } from 'react';
import { Link } from 'wouter';
import { tailLogs, type LogEvent, type TailUpdate } from '../../api/logs';
import { formatCount } from '../../chart/units';
import { useText } from '../../i18n';
import { groupKeys, groupsAsked, highlights, isPattern, logsChange, readLogs } from '../../state/logs';
import { useView } from '../../state/useView';
import { Icon } from '../../ui/Icon';
import { Empty, Failure } from '../../ui/states';
import { EventList } from './EventList';
import { GroupPicker } from './GroupPicker';
import { SearchBox } from './SearchBox';
import { addUpdate, emptyTail, type TailState } from './tailState';
import './logs.css';

const RETRY_MS = 2_000;

type Action = { kind: 'update'; update: TailUpdate } | { kind: 'reset' } | { kind: 'pause'; paused: boolean };

function reduce(state: TailState, action: Action): TailState {
  if (action.kind === 'reset') return { ...emptyTail, paused: state.paused };
  if (action.kind === 'update') return addUpdate(state, action.update, Date.now());
  // What came while it stood still is shown when it goes on.
  return action.paused ? { ...state, paused: true }
    : { ...state, paused: false, events: [...state.events, ...state.held].slice(-state.max), held: [] };
}

function useTail(ask: Parameters<typeof tailLogs>[0]) {
  const [state, act] = useReducer(reduce, emptyTail);
  const [error, setError] = useState<unknown>(null);
  const [live, setLive] = useState(false);
  const [round, setRound] = useState(0);
  const asked = JSON.stringify(ask);
  const shown = useRef('');
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    if (shown.current !== asked) act({ kind: 'reset' });
    shown.current = asked;
    setError(null);
    tailLogs(ask, (line) => {
      if (line.started === true) setLive(true);
      if (line.tail !== undefined) act({ kind: 'update', update: line.tail });
    }, abort.signal).then(() => {
      // The server has ended it (a restart): asked again.
      setLive(false);
      timer = setTimeout(() => setRound((before) => before + 1), RETRY_MS);
    }).catch((failed: unknown) => {
      if (abort.signal.aborted) return;
      setLive(false);
      setError(failed);
    });
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [asked, round]);
  return { state, act, error, live, retry: () => setRound((before) => before + 1) };
}

function Rate({ state, live }: { state: TailState; live: boolean }) {
  const { t, lang } = useText();
  return (
    <span className="row">
      <span className={live ? 'live on' : 'live'}>{live ? t('tail.live') : t('tail.waiting')}</span>
      <span className="cost" role="status">
        {state.sampled
          ? t('tail.sampled', { shown: formatCount(state.shownRate, lang), rate: formatCount(state.rate, lang) })
          : t('tail.rate', { rate: formatCount(state.rate, lang) })}
      </span>
      {state.sampled && <span className="badge warn">{t('tail.sampling')}</span>}
    </span>
  );
}

export default function Tail() {
  const { t, lang } = useText();
  const view = useView();
  const logs = readLogs(view.state);
  const { state, act, error, live, retry } = useTail({
    text: logs.text, anyCase: logs.anyCase && !isPattern(logs.text), ...groupsAsked(logs), streams: [],
  });
  const [wrap, setWrap] = useState(false);
  const set = (change: Parameters<typeof logsChange>[1]) => view.set(logsChange(view.state, change));
  const pause = useCallback((paused: boolean) => act({ kind: 'pause', paused }), [act]);
  const words = highlights(logs.text, []);
  const events: LogEvent[] = state.events;
  return (
    <div className="page logs tail">
      <header className="page-head">
        <h1>{t('page.logTail')}</h1>
        <Rate state={state} live={live} />
        <span className="grow" />
        <Link className="textbutton" href={view.href('/logs', {
          queries: logs.text === '' ? [] : [logs.text],
          other: groupKeys(logs),
        })}>
          {t('page.logs')}
        </Link>
      </header>
      <div className="toolbar">
        <GroupPicker groups={logs.groups} by={logs.by} set={set} />
        <SearchBox text={logs.text} anyCase={logs.anyCase} error={error} run={set} />
      </div>
      <section className="card" aria-label={t('logs.events')}>
        <div className="toolbar listbar">
          <button type="button" className="textbutton" aria-pressed={state.paused} data-action="pause"
            onClick={() => pause(!state.paused)}>
            {state.paused ? t('tail.resume') : t('tail.pause')}
          </button>
          {state.paused && (
            <button type="button" className="badge info" onClick={() => pause(false)}>
              {t('tail.held', { count: formatCount(state.heldCount, lang) })}
            </button>
          )}
          <button type="button" className="textbutton" onClick={() => act({ kind: 'reset' })}>
            <Icon name="trash" size={13} /> {t('tail.clear')}
          </button>
          <span className="grow" />
          <label className="row hint">
            <input type="checkbox" checked={wrap} onChange={(event) => setWrap(event.target.checked)} />
            {t('logs.wrap')}
          </label>
        </div>
        {error !== null && <Failure error={error} retry={retry} />}
        {error === null && events.length === 0 && <Empty title={t('tail.empty')}><p>{t('tail.emptyHelp')}</p></Empty>}
        {events.length > 0 && (
          <EventList
            events={events} words={words} tz={view.tz} wrap={wrap} withContext={false} label={t('logs.events')}
            follow={!state.paused} onScrolledUp={() => { if (!state.paused) pause(true); }}
          />
        )}
      </section>
    </div>
  );
}
