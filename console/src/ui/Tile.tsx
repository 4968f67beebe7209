// One number with its recent course. The state, where there is one, is an icon and a word.
import { useRef } from 'react';
import { seriesColour } from '../chart/colours';
import { fitRange, summarise } from '../chart/data';
import { Sparkline } from '../chart/Sparkline';
import { useChart, type ChartQuery } from '../chart/useChart';
import { formatValue } from '../chart/units';
import { useText } from '../i18n';
import { useIsDark } from '../state/prefs';
import type { View } from '../state/useView';
import { Icon } from './Icon';
import { useSeen } from './useSeen';

export interface Fact {
  label: string;
  value: string;
  note?: string;
  level?: 'ok' | 'warn' | 'bad';
  levelText?: string;
}

export function FactTile({ label, value, note, level, levelText }: Fact) {
  return (
    <div className="tile">
      <div className="tile-label">{label}</div>
      <div className="tile-value">{value}</div>
      {note !== undefined && <div className="tile-note">{note}</div>}
      {levelText !== undefined && (
        <div className={`level ${level ?? 'ok'}`}>
          <Icon name={level === 'ok' || level === undefined ? 'check' : 'warning'} size={12} />{levelText}
        </div>
      )}
    </div>
  );
}

// Where a frame has several series the worst (highest) is shown and named.
export function MetricTile({ label, query, view, colour = 0 }: {
  label: string; query: ChartQuery; view: View; colour?: number;
}) {
  const { t, lang } = useText();
  const dark = useIsDark();
  const root = useRef<HTMLDivElement>(null);
  const seen = useSeen(root);
  const state = useChart([query], view, { enabled: seen, fine: true, width: 200 });
  const all = state.series.map((one, i) => ({
    one, cells: state.joined.cells[i] ?? [], sum: summarise(state.joined.time, state.joined.cells[i] ?? []),
  }));
  const worst = all.reduce((best, one) => (
    best === undefined || (one.sum.last ?? -1) > (best.sum.last ?? -1) ? one : best
  ), all[0]);
  const last = worst?.sum.last ?? null;
  return (
    <div className="tile" ref={root}>
      <div className="tile-label">
        {label}
        {all.length > 1 && <span className="tile-which" title={t('tile.worst')}>{worst?.one.label}</span>}
      </div>
      <div className="tile-value">
        {last === null || worst === undefined ? '–' : formatValue(last, worst.one.unit, lang)}
      </div>
      {worst !== undefined && (
        <Sparkline
          time={state.joined.time} cells={worst.cells}
          range={fitRange(state.range, state.joined.time[0], view.state.from !== null)}
          colour={seriesColour(colour, dark)} width={160} height={26}
        />
      )}
    </div>
  );
}

export function Meter({ value, label }: { value: number | null; label: string }) {
  const { lang } = useText();
  if (value === null) return <span className="hint">–</span>;
  const level = value >= 95 ? 'bad' : value >= 85 ? 'warn' : 'ok';
  return (
    <span className="meter-box">
      <span
        className={`meter ${level}`} role="meter" aria-label={label} aria-valuenow={Math.round(value)}
        aria-valuemin={0} aria-valuemax={100}
      >
        <span ref={(element) => {
          if (element !== null) element.style.width = `${Math.min(100, Math.max(0, value))}%`;
        }} />
      </span>
      <span className="meter-value">
        {formatValue(value, 'Percent', lang)}
        {level !== 'ok' && <Icon name="warning" size={12} />}
      </span>
    </span>
  );
}
