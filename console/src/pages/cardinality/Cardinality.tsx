// What the series are made of, and which of them no query has read.
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { useCardinality } from '../../api/hooks';
import type { Cardinality as Counts, CardinalityBy, CardinalityRow } from '../../api/types';
import { formatAge, formatCount, formatDay, formatValue } from '../../chart/units';
import { useText, type Key } from '../../i18n';
import { formatRow } from '../../state/rows';
import type { View } from '../../state/useView';
import { useView } from '../../state/useView';
import { Icon } from '../../ui/Icon';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { columnsOf, formatOrder, isText, parseOrder, rowQueryOf, sorted, type Column, type Order } from './table';

const TABS: { by: CardinalityBy; label: Key }[] = [
  { by: 'name', label: 'cardinality.name' }, { by: 'label', label: 'cardinality.label' },
  { by: 'pair', label: 'cardinality.pair' }, { by: 'unread', label: 'cardinality.unread' },
];
const TITLES: Record<Column, Key> = {
  name: 'cardinality.colName', namespace: 'cardinality.colNamespace', value: 'cardinality.colValue',
  series: 'cardinality.colSeries', values: 'cardinality.colValues', unread: 'cardinality.colUnread',
  lastRead: 'cardinality.colLastRead', lastActive: 'cardinality.colLastActive',
};
const DAYS = [0, 1, 7, 30, 90];
const ROWS_MAX = 1_000;
const SEARCH_AFTER_MS = 250;
const REFRESH_MIN_MS = 30_000; // all series are counted

function Share({ part, whole, label }: { part: number; whole: number; label: string }) {
  const { lang } = useText();
  const percent = whole === 0 ? 0 : (part / whole) * 100;
  return (
    <span className="share">
      <progress value={part} max={Math.max(1, whole)} aria-label={label} />
      <span className="number">{formatValue(percent, 'Percent', lang)}</span>
    </span>
  );
}

function Cell({ column, row }: { column: Column; row: CardinalityRow }) {
  const { t, lang } = useText();
  const value = row[column];
  if (value === undefined || value === null) return <td>–</td>;
  if (column === 'lastActive') return <td className="nowrap">{formatAge(Date.now() - Number(value), lang)}</td>;
  if (column === 'lastRead') {
    return (
      <td className="nowrap">
        {value === 0 ? t('cardinality.neverRead') : formatDay(Number(value), lang)}
      </td>
    );
  }
  if (isText(column)) return <td className="mono wrap">{String(value)}</td>;
  return <td className="number">{formatCount(Number(value), lang)}</td>;
}

function Head({ column, by, order, sort }: {
  column: Column; by: CardinalityBy; order: Order; sort: (order: Order) => void;
}) {
  const { t } = useText();
  const isSorted = order.column === column;
  const label = column === 'name' && (by === 'label' || by === 'pair') ? 'cardinality.colLabel' : TITLES[column];
  return (
    <th
      scope="col" className={isText(column) || column.startsWith('last') ? '' : 'number'}
      aria-sort={isSorted ? (order.down ? 'descending' : 'ascending') : 'none'}
    >
      <button
        type="button" className={isSorted ? 'sortbutton sorted' : 'sortbutton'}
        onClick={() => sort({ column, down: isSorted ? !order.down : !isText(column) })}
      >
        {t(label)}
        <span className={order.down ? 'sortmark' : 'sortmark up'} aria-hidden="true">
          <Icon name="down" size={12} />
        </span>
      </button>
    </th>
  );
}

function Table({ data, by, order, view }: { data: Counts; by: CardinalityBy; order: Order; view: View }) {
  const { t } = useText();
  const columns = columnsOf(by);
  const whole = by === 'unread' ? data.unread : data.series;
  return (
    <div className="scroll card" tabIndex={0} role="region" aria-label={t('page.cardinality')}>
      <table className="list cardinality">
        <thead>
          <tr>
            {columns.map((one) => (
              <Head
                key={one} column={one} by={by} order={order}
                sort={(next) => view.set({ sel: [formatOrder(next)] }, { replace: true })}
              />
            ))}
            <th scope="col">{t('cardinality.colShare')}</th>
            <th scope="col"><span className="hidden-text">{t('row.actions')}</span></th>
          </tr>
        </thead>
        <tbody>
          {sorted(data.rows, order).map((row) => {
            const name = row.value === undefined ? row.name : `${row.name}=${row.value}`;
            const part = by === 'unread' ? (row.unread ?? 0) : row.series;
            return (
              <tr key={`${row.namespace ?? ''} ${name}`}>
                {columns.map((one) => <Cell key={one} column={one} row={row} />)}
                <td><Share part={part} whole={whole} label={name} /></td>
                <td>
                  <Link
                    href={view.href('/metrics', { queries: [formatRow(rowQueryOf(row, by))], filters: [] })}
                    className="iconbutton" data-list-item="" title={t('cardinality.open', { name })}
                    aria-label={t('cardinality.open', { name })}
                  >
                    <Icon name="metrics" />
                  </Link>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), SEARCH_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

function Days({ days, view }: { days: number; view: View }) {
  const { t } = useText();
  const other = view.state.other.filter(([key]) => key !== 'days');
  return (
    <label className="row hint">
      {t('cardinality.days')}
      <select
        value={days} onChange={(event) => view.set({
          other: event.target.value === '0' ? other : [...other, ['days', event.target.value]],
        }, { replace: true })}
      >
        {[...new Set([...DAYS, days])].map((one) => (
          <option key={one} value={one}>
            {one === 0 ? t('cardinality.never') : t('cardinality.sinceDays', { days: one })}
          </option>
        ))}
      </select>
    </label>
  );
}

export default function Cardinality() {
  const { t, lang } = useText();
  const view = useView();
  const by = TABS.find((one) => one.by === view.state.view)?.by ?? 'name';
  const asked = Number(view.state.other.find(([key]) => key === 'days')?.[1] ?? 0);
  const days = Number.isInteger(asked) && asked >= 0 && asked <= 455 ? asked : 0;
  const order = parseOrder(view.state.sel[0], by);
  const [text, setText] = useState('');
  const q = useSettled(text);
  const answer = useCardinality(
    { by, q, days: by === 'unread' ? days : 0, limit: ROWS_MAX },
    view.refreshMs === 0 ? 0 : Math.max(view.refreshMs, REFRESH_MIN_MS),
  );
  const { data } = answer;
  const isCurrent = data !== undefined && !answer.isPlaceholderData;
  return (
    <div className="page">
      <header className="page-head"><h1>{t('page.cardinality')}</h1></header>
      {data !== undefined && (
        <p className="hint">
          {t(data.rows.some((row) => row.unread !== null) ? 'cardinality.intro' : 'cardinality.introPlain', {
            series: formatCount(data.series, lang), unread: formatCount(data.unread, lang),
          })}
        </p>
      )}
      <div className="toolbar">
        <div className="tabs" role="group" aria-label={t('cardinality.by')}>
          {TABS.map((one) => (
            <button
              key={one.by} type="button" aria-pressed={by === one.by}
              onClick={() => view.set({ view: one.by === 'name' ? null : one.by, sel: [] })}
            >
              {t(one.label)}
            </button>
          ))}
        </div>
        <span className="field big" data-filter="">
          <Icon name="search" size={14} />
          <input
            value={text} placeholder={t('cardinality.search')} aria-label={t('cardinality.search')}
            spellCheck={false} onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => { if (event.key === 'Escape') event.currentTarget.blur(); }}
          />
        </span>
        {by === 'unread' && <Days days={days} view={view} />}
        <span className="grow" />
        {isCurrent && (
          <span className="hint" role="status">
            {t('cardinality.shown', {
              shown: formatCount(data.rows.length, lang), total: formatCount(data.total, lang),
            })}
          </span>
        )}
      </div>
      {answer.error !== null && <Failure error={answer.error} retry={() => void answer.refetch()} />}
      {!isCurrent && answer.error === null && <Skeleton height={420} />}
      {isCurrent && data.rows.length === 0 && (
        <Empty title={t(by === 'unread' && q === '' && data.series > 0 ? 'cardinality.allRead' : 'cardinality.none')} />
      )}
      {isCurrent && data.rows.length > 0 && <Table data={data} by={by} order={order} view={view} />}
      {by === 'unread' && <p className="hint">{t('cardinality.readNote')}</p>}
    </div>
  );
}
