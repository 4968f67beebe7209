// What the series are made of, and which of them no query has read.
import { useState } from 'react';
import { Link } from 'wouter';
import { useCardinality } from '../../api/hooks';
import type { CardinalityRow } from '../../api/types';
import { formatAge, formatCount, formatDay, formatValue } from '../../chart/units';
import { useText, type Key } from '../../i18n';
import { formatRow } from '../../state/rows';
import type { View } from '../../state/useView';
import { useView } from '../../state/useView';
import { Icon } from '../../ui/Icon';
import { Empty, Failure, Skeleton } from '../../ui/states';
import {
  columnsOf, formatOrder, isText, parseOrder, rowQueryOf, shownOf, sorted, type CardinalityBy, type Column,
  type Order, type Shown,
} from './table';

const TABS: { by: CardinalityBy; label: Key }[] = [
  { by: 'name', label: 'cardinality.name' }, { by: 'label', label: 'cardinality.label' },
  { by: 'pair', label: 'cardinality.pair' }, { by: 'unread', label: 'cardinality.unread' },
];
const TITLES: Record<Column, Key> = {
  name: 'cardinality.colName', value: 'cardinality.colValue', series: 'cardinality.colSeries',
  values: 'cardinality.colValues', bytes: 'cardinality.colBytes',
  lastRead: 'cardinality.colLastRead', lastActive: 'cardinality.colLastActive',
};
const DAYS = [1, 7, 30, 90, 365];
const DAYS_DEFAULT = 30;
const DAYS_MAX = 3_650;
const ROWS_MAX = 1_000;
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
  const value = row[column] ?? null;
  if (column === 'lastRead') {
    return <td className="nowrap">{value === null ? t('cardinality.neverRead') : formatDay(Number(value), lang)}</td>;
  }
  if (value === null) return <td>–</td>;
  if (column === 'lastActive') return <td className="nowrap">{formatAge(Date.now() - Number(value), lang)}</td>;
  if (column === 'bytes') return <td className="number">{formatValue(Number(value), 'Bytes', lang)}</td>;
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

function Table({ shown, by, order, view }: { shown: Shown; by: CardinalityBy; order: Order; view: View }) {
  const { t } = useText();
  const columns = columnsOf(by);
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
          {sorted(shown.rows, order).map((row) => {
            const name = row.value === undefined ? row.name : `${row.name}=${row.value}`;
            return (
              <tr key={name}>
                {columns.map((one) => <Cell key={one} column={one} row={row} />)}
                <td><Share part={row.series} whole={shown.whole} label={name} /></td>
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

function Days({ days, view }: { days: number; view: View }) {
  const { t } = useText();
  const other = view.state.other.filter(([key]) => key !== 'days');
  return (
    <label className="row hint">
      {t('cardinality.days')}
      <select
        value={days} onChange={(event) => view.set({
          other: Number(event.target.value) === DAYS_DEFAULT ? other : [...other, ['days', event.target.value]],
        }, { replace: true })}
      >
        {[...new Set([...DAYS, days])].sort((a, b) => a - b).map((one) => (
          <option key={one} value={one}>
            {t('cardinality.sinceDays', { days: one })}
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
  const asked = Number(view.state.other.find(([key]) => key === 'days')?.[1] ?? DAYS_DEFAULT);
  const days = Number.isInteger(asked) && asked >= 1 && asked <= DAYS_MAX ? asked : DAYS_DEFAULT;
  const order = parseOrder(view.state.sel[0], by);
  const [text, setText] = useState('');
  const answer = useCardinality(
    { limit: ROWS_MAX, unreadDays: days },
    view.refreshMs === 0 ? 0 : Math.max(view.refreshMs, REFRESH_MIN_MS),
  );
  const { data } = answer;
  const shown = data === undefined ? null : shownOf(data, by, text);
  return (
    <div className="page">
      <header className="page-head"><h1>{t('page.cardinality')}</h1></header>
      {data !== undefined && (
        <p className="hint">
          {t('cardinality.intro', {
            series: formatCount(data.series, lang), limit: formatCount(data.seriesLimit, lang),
            unread: formatCount(data.unread.series, lang), days: data.unread.days,
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
        {shown !== null && (
          <span className="hint" role="status">
            {t('cardinality.shown', {
              shown: formatCount(shown.rows.length, lang), total: formatCount(shown.total, lang),
            })}
          </span>
        )}
      </div>
      {answer.error !== null && <Failure error={answer.error} retry={() => void answer.refetch()} />}
      {shown === null && answer.error === null && <Skeleton height={420} />}
      {shown !== null && shown.rows.length === 0 && (
        <Empty title={t(by === 'unread' && text === '' ? 'cardinality.allRead' : 'cardinality.none')} />
      )}
      {shown !== null && shown.rows.length > 0 && <Table shown={shown} by={by} order={order} view={view} />}
      {by === 'unread' && <p className="hint">{t('cardinality.readNote')}</p>}
    </div>
  );
}
