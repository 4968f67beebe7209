// One event as a line, and opened: its fields, its text, what stands around it.
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { getContext, type LogEvent } from '../../api/logs';
import { formatDay, formatInstant } from '../../chart/units';
import { useText } from '../../i18n';
import { cutAt, fieldsOf, prettyJson } from '../../state/logs';
import type { Filter } from '../../state/url';
import { Icon } from '../../ui/Icon';
import { copyText, Failure, Skeleton } from '../../ui/states';
import { LEVEL_NAMES } from './Histogram';

const LINE_MAX = 2_000; // characters of a line that is not opened
const CONTEXT = 10;

export function Marked({ text, words }: { text: string; words: string[] }) {
  return cutAt(text, words).map((piece, i) => (
    piece.hit ? <mark key={i}>{piece.text}</mark> : <span key={i}>{piece.text}</span>
  ));
}

export function timeText(ms: number, tz: string, lang: string): string {
  const clock = formatInstant(ms, tz, lang);
  return `${clock}.${String(((ms % 1000) + 1000) % 1000).padStart(3, '0')}`;
}

function Line({ event, words, tz }: { event: LogEvent; words: string[]; tz: string }) {
  const { t, lang } = useText();
  return (
    <>
      <span className={`levelbar ${event.level}`} title={t(LEVEL_NAMES[event.level])} />
      <time className="logtime" dateTime={new Date(event.time).toISOString()} title={formatDay(event.time, lang)}>
        {timeText(event.time, tz, lang)}
      </time>
      <span className="hidden-text">{t(LEVEL_NAMES[event.level])}</span>
      <span className="logtext"><Marked text={event.message.slice(0, LINE_MAX)} words={words} /></span>
    </>
  );
}

function Around({ event, words, tz }: { event: LogEvent; words: string[]; tz: string }) {
  const { t } = useText();
  const [count, setCount] = useState(CONTEXT);
  const around = useQuery({
    queryKey: ['logs', 'context', event.group, event.stream, event.id, count],
    queryFn: ({ signal }) => getContext(event, count, signal), staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (before) => before,
  });
  if (around.error !== null) return <Failure error={around.error} retry={() => void around.refetch()} />;
  if (around.data === undefined) return <Skeleton height={120} />;
  const row = (one: LogEvent, isIt: boolean) => (
    <li key={one.id} className={isIt ? 'logline it' : 'logline'} aria-current={isIt ? 'true' : undefined}>
      <Line event={one} words={words} tz={tz} />
    </li>
  );
  return (
    <section className="around" aria-label={t('logs.context')}>
      <ol>
        {around.data.before.map((one) => row(one, false))}
        {row(event, true)}
        {around.data.after.map((one) => row(one, false))}
      </ol>
      <button type="button" className="textbutton" onClick={() => setCount(Math.min(200, count * 3))}>
        {t('logs.moreContext')}
      </button>
    </section>
  );
}

function Fields({ event, filter }: { event: LogEvent; filter?: (filter: Filter) => void }) {
  const { t } = useText();
  const own = [
    { path: '@logStream', value: event.stream }, { path: '@log', value: event.group },
  ];
  const fields = fieldsOf(event.message) ?? [];
  return (
    <dl className="fields">
      {[...fields, ...own].map(({ path, value }, i) => (
        <div key={`${path}${i}`}>
          <dt>{path}</dt>
          <dd>
            <span>{value}</span>
            {filter !== undefined && value.length <= 200 && (
              <>
                <button
                  type="button" className="iconbutton" aria-label={t('logs.only', { field: path, value })}
                  title={t('logs.only', { field: path, value })}
                  onClick={() => filter({ key: path, op: '=', value })}
                >
                  <Icon name="plus" size={12} />
                </button>
                <button
                  type="button" className="iconbutton" aria-label={t('logs.without', { field: path, value })}
                  title={t('logs.without', { field: path, value })}
                  onClick={() => filter({ key: path, op: '!=', value })}
                >
                  <Icon name="minus" size={12} />
                </button>
              </>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

export interface RowProps {
  event: LogEvent;
  words: string[];
  tz: string;
  open: boolean;
  wrap: boolean;
  toggle: () => void;
  filter?: (filter: Filter) => void;
  withContext: boolean;
}

function Opened(props: RowProps) {
  const { t, lang } = useText();
  const { event, words, tz } = props;
  const [around, setAround] = useState(false);
  const json = prettyJson(event.message);
  return (
    <div className="opened" data-opened={event.id}>
      <div className="row openedbar">
        {props.withContext && (
          <button type="button" className="textbutton" aria-pressed={around} data-action="context"
            onClick={() => setAround(!around)}>
            {t('logs.context')}
          </button>
        )}
        <button type="button" className="textbutton"
          onClick={() => void copyText(event.message, t('note.copied'))}>
          {t('logs.copyMessage')}
        </button>
        <span className="hint">{t('logs.ingested', { time: timeText(event.ingested, tz, lang) })}</span>
      </div>
      {around && <Around event={event} words={words} tz={tz} />}
      <div className="openedparts">
        <Fields event={event} {...(props.filter === undefined ? {} : { filter: props.filter })} />
        <pre className="whole" tabIndex={0}><Marked text={json ?? event.message} words={words} /></pre>
      </div>
    </div>
  );
}

export function EventRow(props: RowProps) {
  const { event, open, wrap } = props;
  return (
    <div className={open ? 'logrow open' : 'logrow'}>
      <button
        type="button" className={wrap ? 'logline wrap' : 'logline'} aria-expanded={open} data-list-item=""
        data-event={event.id} onClick={props.toggle}
      >
        <Line event={event} words={props.words} tz={props.tz} />
      </button>
      {open && <Opened {...props} />}
    </div>
  );
}
