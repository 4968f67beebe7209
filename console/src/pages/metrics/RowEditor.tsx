// One line a row: what is asked, how it is drawn, and what it cost.
import { useState } from 'react';
import { seriesColour, SERIES_LIGHT } from '../../chart/colours';
import type { ChartState } from '../../chart/useChart';
import { formatCount, formatDuration, formatValue } from '../../chart/units';
import { useText } from '../../i18n';
import { useIsDark } from '../../state/prefs';
import { PERIODS, rowName, STATS, type Row } from '../../state/rows';
import { Icon } from '../../ui/Icon';

function Label({ row, name, change }: { row: Row; name: string; change: (row: Row) => void }) {
  const { t } = useText();
  const [text, setText] = useState(row.label);
  const commit = () => { if (text !== row.label) change({ ...row, label: text }); };
  return (
    <input
      className="plain" value={text} placeholder={row.metric} aria-label={t('row.label', { row: name })}
      onChange={(event) => setText(event.target.value)} onBlur={commit}
      onKeyDown={(event) => { if (event.key === 'Enter') commit(); }}
    />
  );
}

function RowCost({ state, index }: { state: ChartState; index: number }) {
  const { t, lang } = useText();
  const stats = state.results[index]?.stats;
  if (stats === null || stats === undefined) return <span className="hint">–</span>;
  return (
    <span className="cost">
      <span>
        {t('row.costFound', {
          series: formatCount(stats.series, lang), points: formatCount(stats.points, lang),
        })}
      </span>
      <span>
        {t('row.costRead', {
          bytes: formatValue(stats.bytes, 'Bytes', lang), time: formatDuration(stats.elapsedMs, lang),
        })}
      </span>
    </span>
  );
}

function Colour({ row, index, change }: { row: Row; index: number; change: (row: Row) => void }) {
  const { t } = useText();
  const dark = useIsDark();
  const current = row.colour ?? index;
  return (
    <button
      type="button" className="swatchbutton" aria-label={t('row.colour', { row: rowName(index) })}
      title={t('row.colour', { row: rowName(index) })}
      onClick={() => change({ ...row, colour: (current + 1) % SERIES_LIGHT.length })}
    >
      <span className="swatch" ref={(element) => {
        if (element !== null) element.style.background = seriesColour(current, dark);
      }} />
    </button>
  );
}

function Chosen({ state, index }: { state: ChartState; index: number }) {
  const { t, lang } = useText();
  const period = state.results[index]?.stats?.period;
  if (period === undefined) return null;
  return <span className="hint">{t('row.chosen', { period: formatDuration(period * 1000, lang) })}</span>;
}

export function RowEditor({ rows, setRows, state }: {
  rows: Row[]; setRows: (rows: Row[]) => void; state: ChartState;
}) {
  const { t, lang } = useText();
  const change = (index: number) => (row: Row) => (
    setRows(rows.map((other, i) => (i === index ? row : other)))
  );
  return (
    <div className="scroll rows" tabIndex={0} role="region" aria-label={t('row.title')}>
      <table className="list">
        <thead>
          <tr>
            <th scope="col">{t('row.id')}</th>
            <th scope="col">{t('row.metric')}</th>
            <th scope="col">{t('row.stat')}</th>
            <th scope="col">{t('row.period')}</th>
            <th scope="col">{t('row.rate')}</th>
            <th scope="col">{t('row.axis')}</th>
            <th scope="col">{t('row.name')}</th>
            <th scope="col">{t('row.costs')}</th>
            <th scope="col"><span className="hidden-text">{t('row.remove')}</span></th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => {
            const name = rowName(i);
            const set = change(i);
            return (
              <tr key={`${name} ${row.namespace} ${row.metric} ${JSON.stringify(row.dimensions)}`}>
                <th scope="row" className="nowrap">
                  <Colour row={row} index={i} change={set} />{name}
                </th>
                <td>
                  <strong>{row.metric}</strong>
                  <div className="hint mono">
                    {row.namespace}{Object.entries(row.dimensions).map(([key, value]) => ` ${key}=${value}`)}
                    {row.match === 'subset' ? ' …' : ''}
                  </div>
                </td>
                <td>
                  <select
                    value={row.stat} aria-label={t('row.statOf', { row: name })}
                    onChange={(event) => set({ ...row, stat: event.target.value })}
                  >
                    {[...new Set([...STATS, row.stat])].map((stat) => <option key={stat}>{stat}</option>)}
                  </select>
                </td>
                <td className="nowrap">
                  <select
                    value={row.period} aria-label={t('row.periodOf', { row: name })}
                    onChange={(event) => set({ ...row, period: Number(event.target.value) })}
                  >
                    {[...new Set([...PERIODS, row.period])].map((period) => (
                      <option key={period} value={period}>
                        {period === 0 ? t('row.auto') : formatDuration(period * 1000, lang)}
                      </option>
                    ))}
                  </select>
                  {row.period === 0 && <Chosen state={state} index={i} />}
                </td>
                <td>
                  <input
                    type="checkbox" checked={row.rate} aria-label={t('row.rateOf', { row: name })}
                    onChange={(event) => set({
                      ...row, rate: event.target.checked, stat: event.target.checked ? 'Sum' : row.stat,
                    })}
                  />
                </td>
                <td>
                  <select
                    value={row.axis} aria-label={t('row.axisOf', { row: name })}
                    onChange={(event) => set({ ...row, axis: event.target.value as Row['axis'] })}
                  >
                    <option value="left">{t('row.left')}</option>
                    <option value="right">{t('row.right')}</option>
                  </select>
                </td>
                <td><Label row={row} name={name} change={set} /></td>
                <td><RowCost state={state} index={i} /></td>
                <td>
                  <button
                    type="button" className="iconbutton" aria-label={t('row.removeOf', { row: name })}
                    title={t('row.removeOf', { row: name })}
                    onClick={() => setRows(rows.filter((_, other) => other !== i))}
                  >
                    <Icon name="trash" />
                  </button>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
