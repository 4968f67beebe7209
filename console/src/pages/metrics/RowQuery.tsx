// What one row asks: a metric with its statistic, or an expression with its error underlined.
import { lazy, Suspense, useId } from 'react';
import { ApiError } from '../../api/client';
import type { ChartState } from '../../chart/useChart';
import { useText } from '../../i18n';
import { STATS, type Row } from '../../state/rows';

const Editor = lazy(() => import('../../editor/Editor'));

export interface RowAnswer {
  result: ChartState['results'][number];
  error: unknown;
}

const HINTS = { promql: 'row.hint.promql', math: 'row.hint.math', sql: 'row.hint.sql' } as const;

function Metric({ row, change }: { row: Row; change: (row: Row) => void }) {
  const { t } = useText();
  return (
    <div className="metricquery">
      <div>
        <strong>{row.metric}</strong>
        <div className="hint mono">
          {row.namespace}{Object.entries(row.dimensions).map(([key, value]) => ` ${key}=${value}`)}
          {row.match === 'subset' ? ' …' : ''}
        </div>
      </div>
      <select
        value={row.stat} aria-label={t('row.statOf', { row: row.id })}
        onChange={(event) => change({ ...row, stat: event.target.value })}
      >
        {[...new Set([...STATS, row.stat])].map((stat) => <option key={stat}>{stat}</option>)}
      </select>
      <label className="hint nowrap">
        <input
          type="checkbox" checked={row.rate} aria-label={t('row.rateOf', { row: row.id })}
          onChange={(event) => change({
            ...row, rate: event.target.checked, stat: event.target.checked ? 'Sum' : row.stat,
          })}
        />
        {t('row.rate')}
      </label>
    </div>
  );
}

export function RowQuery({ row, answer, ids, change }: {
  row: Row; answer: RowAnswer; ids: string[]; change: (row: Row) => void;
}) {
  const { t } = useText();
  const id = useId();
  const { error } = answer;
  const messages = answer.result?.frame.messages ?? [];
  const isWrong = error !== null && error !== undefined;
  const position = error instanceof ApiError ? (error.position ?? null) : null;
  return (
    <>
      {row.lang === 'metric' ? <Metric row={row} change={change} /> : (
        <Suspense fallback={<pre className="querytext" tabIndex={0}>{row.text}</pre>}>
          <Editor
            key={row.lang} lang={row.lang} text={row.text} ids={ids}
            label={t('row.textOf', { row: row.id })} hint={t(HINTS[row.lang])}
            position={position} errorId={isWrong ? id : null}
            run={(text) => change({ ...row, text })}
          />
        </Suspense>
      )}
      {isWrong && (
        <p id={id} className="hint bad" role="alert">
          {error instanceof Error ? error.message : String(error)}
        </p>
      )}
      {messages.slice(0, 3).map((one) => (
        <p key={one.message} className="hint warnhint">{one.message}</p>
      ))}
    </>
  );
}
