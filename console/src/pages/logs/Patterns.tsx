// Messages as templates: how often, since when, and which are new against the range before.
import { useState } from 'react';
import { ApiError } from '../../api/client';
import { findPatterns, type Pattern, type Patterns as Answer } from '../../api/logs';
import { formatCount, formatDuration } from '../../chart/units';
import { useText } from '../../i18n';
import { logsChange, type LogState } from '../../state/logs';
import { patternFilters, tellingPieces } from '../../state/patterns';
import type { View } from '../../state/useView';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { LEVEL_NAMES } from './Histogram';
import { useLogAnswer } from './useLogAnswer';

const WIDTH = 132;
const HEIGHT = 22;

function Trend({ values }: { values: number[] }) {
  const most = Math.max(1, ...values);
  const width = WIDTH / values.length;
  return (
    <svg className="trend" width={WIDTH} height={HEIGHT} aria-hidden="true">
      {values.map((value, i) => value > 0 && (
        <rect key={i} x={i * width + 0.5} width={width - 1} y={HEIGHT - Math.max(1.5, (value / most) * HEIGHT)}
          height={Math.max(1.5, (value / most) * HEIGHT)} />
      ))}
    </svg>
  );
}

function Change({ pattern, hasEarlier }: { pattern: Pattern; hasEarlier: boolean }) {
  const { t, lang } = useText();
  if (!hasEarlier) return <span className="hint">–</span>;
  if (pattern.earlier === 0) return <span className="badge info">{t('logs.isNew')}</span>;
  const share = (pattern.count - pattern.earlier) / pattern.earlier;
  if (Math.abs(share) < 0.1) return <span className="hint">±0</span>;
  const text = new Intl.NumberFormat(lang, {
    style: 'percent', maximumFractionDigits: 0, signDisplay: 'always',
  }).format(Math.min(share, 99.99));
  return <span className={share > 1 ? 'warnhint' : 'hint'}>{text}</span>;
}

function Rows({ answer, logs, view }: { answer: Answer; logs: LogState; view: View }) {
  const { t, lang } = useText();
  const [open, setOpen] = useState<number | null>(null);
  // Without any event before, everything would be new.
  const all = answer.patterns.map((one) => one.pattern);
  const hasEarlier = answer.patterns.some((one) => one.earlier > 0);
  const show = (pattern: Pattern) => view.set(logsChange(view.state, {
    tab: 'search', filters: [...logs.filters, ...patternFilters(pattern.pattern, all)],
  }));
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t('logs.patterns')}>
      <table className="list patterns">
        <thead>
          <tr>
            <th scope="col" className="number">{t('logs.count')}</th>
            <th scope="col" className="number">{t('logs.share')}</th>
            <th scope="col">{t('logs.change')}</th>
            <th scope="col">{t('logs.trend')}</th>
            <th scope="col">{t('logs.pattern')}</th>
            <th scope="col"><span className="hidden-text">{t('row.actions')}</span></th>
          </tr>
        </thead>
        <tbody>
          {answer.patterns.map((one, i) => (
            <tr key={one.pattern}>
              <td className="number">{formatCount(one.count, lang)}</td>
              <td className="number">{((100 * one.count) / Math.max(1, answer.matched)).toFixed(1)}%</td>
              <td className="nowrap"><Change pattern={one} hasEarlier={hasEarlier} /></td>
              <td><Trend values={one.trend} /></td>
              <td className="patterncell">
                <button
                  type="button" className="patterntext" aria-expanded={open === i} data-list-item=""
                  onClick={() => setOpen(open === i ? null : i)}
                >
                  <span className={`leveldot ${one.level}`} title={t(LEVEL_NAMES[one.level])} />
                  <span>
                    {one.pattern.split('<*>').map((part, at) => (
                      <span key={at}>{at > 0 && <span className="variable">∗</span>}{part}</span>
                    ))}
                  </span>
                </button>
                {open === i && <pre className="sample" tabIndex={0}>{one.sample}</pre>}
              </td>
              <td>
                {tellingPieces(one.pattern, []).length > 0 && (
                  <button type="button" className="textbutton" onClick={() => show(one)}>{t('logs.showEvents')}</button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Patterns({ logs, view, onError }: {
  logs: LogState; view: View; onError: (error: unknown) => void;
}) {
  const { t, lang } = useText();
  const { query, progress } = useLogAnswer('patterns', { logs, view, onError },
    async (ask, setProgress, signal): Promise<Answer> => {
      let answer: Answer = { matched: 0, total: 0, elapsedMs: 0, patterns: [] };
      await findPatterns(ask, (line) => {
        if (line.progress !== undefined) setProgress(line.progress);
        if (line.patterns !== undefined) answer = line.patterns;
      }, signal);
      return answer;
    });
  if (query.error !== null) {
    if (query.error instanceof ApiError && query.error.position !== undefined) return null;
    return <div className="card"><Failure error={query.error} retry={() => void query.refetch()} /></div>;
  }
  const answer = query.data;
  return (
    <section className={query.isPlaceholderData ? 'card dimmedpart' : 'card'} aria-label={t('logs.patterns')}>
      <div className="toolbar listbar">
        {progress !== null && (
          <span className="row cost" role="status">
            <progress aria-label={t('state.loading')} />
            {t('logs.progress', {
              rows: formatCount(progress.rows, lang), matched: formatCount(progress.matched, lang),
              time: formatDuration(progress.elapsedMs, lang),
            })}
          </span>
        )}
        {answer !== undefined && (
          <span className="cost" role="status">
            {t('logs.patternCost', {
              patterns: formatCount(answer.patterns.length, lang), events: formatCount(answer.matched, lang),
              time: formatDuration(answer.elapsedMs, lang),
            })}
          </span>
        )}
        <span className="grow" />
        <span className="hint">{t('logs.patternHelp')}</span>
      </div>
      {answer === undefined && <Skeleton height={360} />}
      {answer !== undefined && answer.patterns.length === 0 && <Empty title={t('logs.noMatch')} />}
      {answer !== undefined && answer.patterns.length > 0 && <Rows answer={answer} logs={logs} view={view} />}
    </section>
  );
}
