// One line a row: in which language it asks what, how it is drawn, and what it cost.
import { useState } from 'react';
import { seriesColour, SERIES_LIGHT } from '../../chart/colours';
import type { ChartState } from '../../chart/useChart';
import { formatCount, formatDuration, formatValue } from '../../chart/units';
import { useText, type Key } from '../../i18n';
import { useIsDark } from '../../state/prefs';
import {
  addRow, expressionRow, LANGUAGES, PERIODS, rowColour, type Row, type RowLanguage,
} from '../../state/rows';
import { translate } from '../../state/translate';
import { Icon } from '../../ui/Icon';
import { Menu } from '../../ui/Menu';
import { RowQuery, type RowAnswer } from './RowQuery';
import { sameQuery } from './sameQuery';

const NAMES: Record<RowLanguage, Key> = {
  metric: 'lang.metric', promql: 'lang.promql', math: 'lang.math', sql: 'lang.sql',
};

function Label({ row, change }: { row: Row; change: (row: Row) => void }) {
  const { t } = useText();
  const [text, setText] = useState(row.label);
  const commit = () => { if (text !== row.label) change({ ...row, label: text }); };
  return (
    <input
      className="plain" value={text} placeholder={row.metric} aria-label={t('row.label', { row: row.id })}
      onChange={(event) => setText(event.target.value)} onBlur={commit}
      onKeyDown={(event) => { if (event.key === 'Enter') commit(); }}
    />
  );
}

function RowCost({ answer }: { answer: RowAnswer }) {
  const { t, lang } = useText();
  const stats = answer.result?.stats;
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
  const current = rowColour(row, index);
  const title = t('row.colour', { row: row.id });
  return (
    <button
      type="button" className="swatchbutton" aria-label={title} title={title}
      onClick={() => change({ ...row, colour: (current + 1) % SERIES_LIGHT.length })}
    >
      <span className="swatch" ref={(element) => {
        if (element !== null) element.style.background = seriesColour(current, dark);
      }} />
    </button>
  );
}

function Period({ row, answer, change }: { row: Row; answer: RowAnswer; change: (row: Row) => void }) {
  const { t, lang } = useText();
  const chosen = answer.result?.stats?.period;
  return (
    <>
      <select
        value={row.period} aria-label={t('row.periodOf', { row: row.id })}
        onChange={(event) => change({ ...row, period: Number(event.target.value) })}
      >
        {[...new Set([...PERIODS, row.period])].map((period) => (
          <option key={period} value={period}>
            {period === 0 ? t('row.auto') : formatDuration(period * 1000, lang)}
          </option>
        ))}
      </select>
      {row.period === 0 && chosen !== undefined && (
        <span className="hint">{t('row.chosen', { period: formatDuration(chosen * 1000, lang) })}</span>
      )}
    </>
  );
}

interface OneRow {
  row: Row;
  index: number;
  rows: Row[];
  answer: RowAnswer;
  setRows: (rows: Row[]) => void;
}

function Actions({ row, index, rows, answer, setRows }: OneRow) {
  const { t } = useText();
  const period = answer.result?.stats?.period ?? 0;
  const targets = LANGUAGES.filter((to) => to !== row.lang && translate(row, to, period) !== null);
  const add = async (to: RowLanguage) => {
    const found = await sameQuery(row, to, period);
    // A second line of the same colour would hide the first.
    if (found !== null) setRows(addRow(rows, { ...found, colour: null }, index + 1));
  };
  return (
    <span className="row rowactions">
      <button
        type="button" className="iconbutton" aria-pressed={row.hidden} title={t('row.hide')}
        aria-label={t('row.hideOf', { row: row.id })}
        onClick={() => setRows(rows.map((one, i) => (i === index ? { ...one, hidden: !one.hidden } : one)))}
      >
        <Icon name="eye" />
      </button>
      {targets.length > 0 && (
        <Menu
          label={t('row.sameOf', { row: row.id })} className="iconbutton"
          items={targets.map((to) => ({
            id: to, section: t('row.same'), label: t('row.sameIn', { language: t(NAMES[to]) }),
            act: () => void add(to),
          }))}
        >
          <Icon name="same" />
        </Menu>
      )}
      <button
        type="button" className="iconbutton" aria-label={t('row.removeOf', { row: row.id })}
        title={t('row.removeOf', { row: row.id })} onClick={() => setRows(rows.filter((_, i) => i !== index))}
      >
        <Icon name="trash" />
      </button>
    </span>
  );
}

function RowLine(props: OneRow) {
  const { t } = useText();
  const { row, index, rows, answer, setRows } = props;
  const change = (next: Row) => setRows(rows.map((other, i) => (i === index ? next : other)));
  const period = answer.result?.stats?.period ?? 0;
  const speak = async (to: RowLanguage) => {
    const same = await sameQuery(row, to, period);
    const { axis, colour, label } = row;
    if (same !== null) change({ ...same, id: row.id });
    else if (to !== 'metric') change({ ...expressionRow(to, row.text, { axis, colour, label }), id: row.id });
  };
  return (
    <tr className={row.hidden ? 'off' : ''}>
      <th scope="row" className="nowrap">
        <Colour row={row} index={index} change={change} />{row.id}
      </th>
      <td className="languagecell">
        <select
          value={row.lang} aria-label={t('row.languageOf', { row: row.id })}
          onChange={(event) => void speak(event.target.value as RowLanguage)}
        >
          {LANGUAGES.map((one) => (
            <option
              key={one} value={one}
              disabled={one === 'metric' && row.lang !== 'metric' && translate(row, one, period) === null}
            >
              {t(NAMES[one])}
            </option>
          ))}
        </select>
      </td>
      <td className="querycell">
        <RowQuery
          row={row} answer={answer} change={change}
          ids={rows.filter((one) => one.id !== row.id && one.lang !== 'promql').map((one) => one.id)}
        />
      </td>
      <td className="nowrap"><Period row={row} answer={answer} change={change} /></td>
      <td>
        <div className="drawn">
          <Label row={row} change={change} />
          <select
            value={row.axis} aria-label={t('row.axisOf', { row: row.id })}
            onChange={(event) => change({ ...row, axis: event.target.value as Row['axis'] })}
          >
            <option value="auto">{t('row.autoAxis')}</option>
            <option value="left">{t('row.left')}</option>
            <option value="right">{t('row.right')}</option>
          </select>
        </div>
      </td>
      <td><RowCost answer={answer} /></td>
      <td><Actions {...props} /></td>
    </tr>
  );
}

const COLUMNS: Key[] = [
  'row.id', 'row.language', 'row.query', 'row.period', 'row.name', 'row.costs',
];

export function RowEditor({ rows, setRows, state, shownIds }: {
  rows: Row[]; setRows: (rows: Row[]) => void; state: ChartState; shownIds: string[];
}) {
  const { t } = useText();
  return (
    <div className="scroll rows" tabIndex={0} role="region" aria-label={t('row.title')}>
      <table className="list">
        <thead>
          <tr>
            {COLUMNS.map((one) => <th key={one} scope="col">{t(one)}</th>)}
            <th scope="col"><span className="hidden-text">{t('row.actions')}</span></th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => {
            const at = shownIds.indexOf(row.id);
            const answer = { result: state.results[at], error: state.errors[at] ?? null };
            return (
              <RowLine key={row.id} row={row} index={index} rows={rows} answer={answer} setRows={setRows} />
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

export function AddRow({ rows, setRows }: { rows: Row[]; setRows: (rows: Row[]) => void }) {
  const { t } = useText();
  return (
    <span className="row" role="group" aria-label={t('row.add')}>
      {LANGUAGES.filter((one) => one !== 'metric').map((lang) => (
        <button
          key={lang} type="button" className="textbutton addrow" data-add={lang}
          onClick={() => setRows(addRow(rows, expressionRow(lang, '')))}
        >
          <Icon name="plus" size={14} />{t(NAMES[lang])}
        </button>
      ))}
    </span>
  );
}
