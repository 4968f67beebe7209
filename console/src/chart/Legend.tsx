// The names of the series with their last value, or the value under the cursor. Long legends scroll
// and only the rows in view exist.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { useText } from '../i18n';
import type { ChartSeries, Joined } from './data';
import { formatValue } from './units';

export interface LegendProps {
  series: ChartSeries[];
  joined: Joined;
  colours: string[];
  hidden: Set<string>;
  hover: number | null;
  onToggle: (id: string, alone: boolean) => void;
}

const VIRTUAL_FROM = 30;
const ROW_HEIGHT = 22;
// Cells of the finest series between two of the coarsest: minutes among seconds, and some.
const LOOK_BACK = 400;

export function valueAt(joined: Joined, row: number, index: number | null): number | null {
  const cells = joined.cells[row];
  if (cells === undefined) return null;
  const start = index ?? cells.length - 1;
  // Cells of other series lie between: the value in force is the last one before the cursor.
  for (let i = start; i >= 0 && i > start - LOOK_BACK; i -= 1) {
    const cell = cells[i];
    if (cell === null) return null;
    if (cell !== undefined) return cell;
  }
  return null;
}

function Row({ one, index, props }: { one: ChartSeries; index: number; props: LegendProps }) {
  const { lang } = useText();
  const value = valueAt(props.joined, index, props.hover);
  const isHidden = props.hidden.has(one.id);
  return (
    <button
      type="button" className={isHidden ? 'legend-item off' : 'legend-item'} aria-pressed={!isHidden}
      title={one.label} onClick={(event) => props.onToggle(one.id, !event.shiftKey)}
    >
      <span className="swatch" ref={(element) => {
        if (element !== null) element.style.background = props.colours[index] ?? '';
      }} />
      <span className="legend-label">{one.label}</span>
      <span className="legend-value">{value === null ? '–' : formatValue(value, one.unit, lang)}</span>
    </button>
  );
}

function LongLegend(props: LegendProps) {
  const { t } = useText();
  const root = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: props.series.length, getScrollElement: () => root.current, estimateSize: () => ROW_HEIGHT,
    overscan: 6,
  });
  return (
    <div className="legend long" ref={root} role="group" aria-label={t('chart.legend')} tabIndex={0}>
      <div ref={(element) => {
        if (element !== null) element.style.height = `${rows.getTotalSize()}px`;
      }}>
        {rows.getVirtualItems().map((item) => (
          <div key={item.key} className="legend-row" ref={(element) => {
            if (element !== null) element.style.transform = `translateY(${item.start}px)`;
          }}>
            <Row one={props.series[item.index]!} index={item.index} props={props} />
          </div>
        ))}
      </div>
    </div>
  );
}

export function Legend(props: LegendProps) {
  const { t } = useText();
  if (props.series.length > VIRTUAL_FROM) return <LongLegend {...props} />;
  return (
    <div className="legend" role="group" aria-label={t('chart.legend')}>
      {props.series.map((one, index) => <Row key={one.id} one={one} index={index} props={props} />)}
    </div>
  );
}
