// The numbers of a chart as a table: what a screen reader reads and what is copied from.
import { useText } from '../i18n';
import type { ChartSeries, Joined } from './data';
import { formatInstant, formatValue } from './units';

const ROWS_MAX = 200; // newest first; the whole is in the CSV

export function DataTable({ title, joined, series, tz }: {
  title: string; joined: Joined; series: ChartSeries[]; tz: string;
}) {
  const { t, lang } = useText();
  const newest = joined.time.map((ms, i) => ({ ms, i })).reverse().slice(0, ROWS_MAX);
  return (
    <div className="datatable" tabIndex={0} role="region" aria-label={t('chart.tableOf', { title })}>
      <table>
        <caption className="hidden-text">{t('chart.tableOf', { title })}</caption>
        <thead>
          <tr>
            <th scope="col">{t('chart.time')}</th>
            {series.map((one) => <th key={one.id} scope="col">{one.label}</th>)}
          </tr>
        </thead>
        <tbody>
          {newest.map(({ ms, i }) => (
            <tr key={ms}>
              <th scope="row">{formatInstant(ms, tz, lang)}</th>
              {series.map((one, column) => {
                const cell = joined.cells[column]?.[i];
                return <td key={one.id}>{cell == null ? '' : formatValue(cell, one.unit, lang)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {joined.time.length > ROWS_MAX && (
        <p className="hint">{t('chart.tableCut', { shown: ROWS_MAX, total: joined.time.length })}</p>
      )}
    </div>
  );
}
