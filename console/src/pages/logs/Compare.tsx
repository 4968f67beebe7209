// The range against the one before it, four times as long: patterns and values of fields that have
// another share now, the largest difference first.
import type { ReactNode } from 'react';
import { ApiError } from '../../api/client';
import { compareLogs, type Comparison, type Difference } from '../../api/logs';
import { formatCount, formatDuration, formatInstant } from '../../chart/units';
import { useText, type Key } from '../../i18n';
import { logsChange, type LogState } from '../../state/logs';
import { patternFilters } from '../../state/patterns';
import type { View } from '../../state/useView';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { LEVEL_NAMES } from './Histogram';
import { useLogAnswer } from './useLogAnswer';

type Side = 'now' | 'before';

type Size = 'large' | 'medium' | 'small';

const SIZE_NAMES: Record<Size, Key> = {
  large: 'compare.large', medium: 'compare.medium', small: 'compare.small',
};

// Cohen's words for his h.
export function sizeOf(effect: number): Size {
  const size = Math.abs(effect);
  return size >= 0.8 ? 'large' : size >= 0.5 ? 'medium' : 'small';
}

// The search that shows the events of a row on one side; null where none would find them.
export function searchFor(logs: LogState, row: Difference, patterns: string[]): Partial<LogState> | null {
  if (row.pattern === undefined) {
    if (row.name === '@level') return { tab: 'search', levels: [row.value as LogState['levels'][number]] };
    const filter = { key: row.name ?? '', op: '=' as const, value: row.value ?? '' };
    return { tab: 'search', filters: [...logs.filters, filter] };
  }
  const filters = patternFilters(row.pattern, patterns);
  return filters.length === 0 ? null : { tab: 'search', filters: [...logs.filters, ...filters] };
}

function Count({ row, side, of, show }: {
  row: Difference; side: Side; of: number; show: ((side: Side) => void) | null;
}) {
  const { t, lang } = useText();
  const count = side === 'now' ? row.count : row.before;
  const share = new Intl.NumberFormat(lang, { style: 'percent', maximumFractionDigits: 1 })
    .format(count / Math.max(1, of));
  return (
    <td className="number nowrap">
      {show === null || count === 0 ? formatCount(count, lang) : (
        <button
          type="button" className="linkbutton" data-list-item="" onClick={() => show(side)}
          aria-label={t(side === 'now' ? 'compare.showNow' : 'compare.showBefore', {
            count: formatCount(count, lang),
          })}
        >
          {formatCount(count, lang)}
        </button>
      )}
      <span className="hint sharecell">{share}</span>
    </td>
  );
}

const BAR = 44;
const SCALE = Math.PI / 2; // none to half of the events, or half to all

function Effect({ effect }: { effect: number }) {
  const { t, lang } = useText();
  const size = sizeOf(effect);
  const width = (Math.min(Math.abs(effect), SCALE) / SCALE) * BAR;
  const text = new Intl.NumberFormat(lang, {
    minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: 'always',
  }).format(effect);
  return (
    <td className="nowrap effect">
      <svg width={2 * BAR} height={12} aria-hidden="true">
        <line x1={BAR} x2={BAR} y1={0} y2={12} className="axis" />
        <rect
          x={effect < 0 ? BAR - width : BAR} y={2} width={width} height={8} rx={2}
          className={effect < 0 ? 'less' : 'more'}
        />
      </svg>
      <span className="mono">{text}</span>
      <span className="hint">{t(SIZE_NAMES[size])}</span>
    </td>
  );
}

function Table({ title, head, rows, total, answer, sampled, show, cell }: {
  title: string; head: string; rows: Difference[]; total: number; answer: Comparison;
  sampled: boolean; show: (row: Difference, side: Side) => (() => void) | null; cell: (row: Difference) => ReactNode;
}) {
  const { t } = useText();
  const { now, before } = answer;
  return (
    <section className="card" aria-label={title}>
      <div className="toolbar listbar">
        <h2>{title}</h2>
        <span className="hint">
          {total > rows.length ? t('compare.shown', { shown: rows.length, total }) : t('compare.total', { total })}
        </span>
      </div>
      {rows.length === 0 && <Empty title={t('compare.same')} />}
      {rows.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label={title}>
          <table className="list compare">
            <thead>
              <tr>
                <th scope="col" className="number">{t('compare.now')}</th>
                <th scope="col" className="number">{t('compare.before')}</th>
                <th scope="col">{t('compare.effect')}</th>
                <th scope="col">{head}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => {
                const leads = show(row, 'now') !== null;
                const go = leads ? (side: Side) => show(row, side)?.() : null;
                return (
                  <tr key={row.pattern ?? `${row.name}=${row.value}`}>
                    <Count row={row} side="now" of={sampled ? now.sampled : now.events} show={go} />
                    <Count row={row} side="before" of={sampled ? before.sampled : before.events} show={go} />
                    <Effect effect={row.effect} />
                    <td className="patterncell">{cell(row)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Sides({ answer, view }: { answer: Comparison; view: View }) {
  const { t, lang } = useText();
  const rate = (side: Comparison['now']) => (60_000 * side.events) / Math.max(1, side.to - side.from);
  const line = (side: Comparison['now']) => t('compare.side', {
    from: formatInstant(side.from, view.tz, lang), to: formatInstant(side.to, view.tz, lang),
    count: formatCount(side.events, lang),
    rate: new Intl.NumberFormat(lang, { maximumSignificantDigits: 3 }).format(rate(side)),
  });
  const { now, before } = answer;
  const isSample = now.sampled < now.events || before.sampled < before.events;
  return (
    <section className="card pad" aria-label={t('logs.compare')}>
      <dl className="sides">
        <div><dt>{t('compare.now')}</dt><dd>{line(now)}</dd></div>
        <div><dt>{t('compare.before')}</dt><dd>{line(before)}</dd></div>
        {before.events > 0 && (
          <div><dt>{t('compare.rate')}</dt><dd>
            ×{new Intl.NumberFormat(lang, { maximumSignificantDigits: 3 }).format(rate(now) / rate(before))}
          </dd></div>
        )}
      </dl>
      <p className="hint">
        {t('compare.help')}{' '}
        {isSample && t('compare.sampled', {
          now: formatCount(now.sampled, lang), before: formatCount(before.sampled, lang),
        })}
      </p>
    </section>
  );
}

function PatternCell({ row }: { row: Difference }) {
  const { t } = useText();
  const level = row.level ?? 'none';
  return (
    <span className="patterntext">
      <span className={`leveldot ${level}`} title={t(LEVEL_NAMES[level])} />
      <span>
        {(row.pattern ?? '').split('<*>').map((part, at) => (
          <span key={at}>{at > 0 && <span className="variable">∗</span>}{part}</span>
        ))}
      </span>
    </span>
  );
}

function Answer({ answer, logs, view }: { answer: Comparison; logs: LogState; view: View }) {
  const { t } = useText();
  const patterns = answer.patterns.flatMap((one) => one.pattern ?? []);
  const show = (row: Difference, side: Side) => {
    const change = searchFor(logs, row, patterns);
    if (change === null) return null;
    const { from, to } = answer[side];
    return () => view.set({ ...logsChange(view.state, change), from: String(from), to: String(to) });
  };
  if (answer.now.events === 0 || answer.before.events === 0) {
    return (
      <section className="card">
        <Empty title={t(answer.now.events === 0 ? 'logs.noMatch' : 'compare.noneBefore')} />
      </section>
    );
  }
  return (
    <>
      <Table title={t('compare.patterns')} head={t('logs.pattern')} rows={answer.patterns} total={answer.patternsTotal}
        answer={answer} sampled={false} show={show} cell={(row) => <PatternCell row={row} />} />
      <Table title={t('compare.fields')} head={t('compare.field')} rows={answer.fields} total={answer.fieldsTotal}
        answer={answer} sampled show={show} cell={(row) => (
          <span className="mono">{row.name} = {row.value === '' ? '""' : row.value}</span>
        )} />
    </>
  );
}

export function Compare({ logs, view, onError }: {
  logs: LogState; view: View; onError: (error: unknown) => void;
}) {
  const { t, lang } = useText();
  const { query, progress } = useLogAnswer('compare', { logs, view, onError },
    async (ask, setProgress, signal): Promise<Comparison | null> => {
      let answer: Comparison | null = null;
      await compareLogs(ask, (line) => {
        if (line.progress !== undefined) setProgress(line.progress);
        if (line.compare !== undefined) answer = line.compare;
      }, signal);
      return answer;
    });
  if (query.error !== null) {
    if (query.error instanceof ApiError && query.error.position !== undefined) return null;
    return <div className="card"><Failure error={query.error} retry={() => void query.refetch()} /></div>;
  }
  const answer = query.data ?? null;
  return (
    <div className={query.isPlaceholderData ? 'stacked dimmedpart' : 'stacked'} data-compare="">
      {progress !== null && (
        <span className="row cost" role="status">
          <progress aria-label={t('state.loading')} />
          {t('logs.progress', {
            rows: formatCount(progress.rows, lang), matched: formatCount(progress.matched, lang),
            time: formatDuration(progress.elapsedMs, lang),
          })}
        </span>
      )}
      {answer === null ? <Skeleton height={420} /> : (
        <>
          <Sides answer={answer} view={view} />
          <Answer answer={answer} logs={logs} view={view} />
        </>
      )}
    </div>
  );
}
