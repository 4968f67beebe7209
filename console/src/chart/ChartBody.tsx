// Plot, tooltip, selection menu and legend of one chart.
import { lazy, Suspense, useCallback, useMemo, useRef, useState } from 'react';
import { useText } from '../i18n';
import { useIsDark } from '../state/prefs';
import type { View } from '../state/useView';
import { Skeleton } from '../ui/states';
import { seriesColour } from './colours';
import { fitRange } from './data';
import { Legend, valueAt } from './Legend';
import type { PlotMode } from './Plot';
import type { ChartState } from './useChart';
import { formatDuration, formatInstant, formatValue } from './units';

const Plot = lazy(() => import('./Plot'));

export interface ChartBodyProps {
  title: string;
  state: ChartState;
  view: View;
  mode: PlotMode;
  height: number;
  max?: number;
  legend?: boolean;
  onOpen?: (() => void) | undefined;
}

interface Hover {
  index: number;
  left: number;
  width: number;
}

const TOOLTIP_ROWS = 10;

function Tooltip({ props, hover, colours, hidden }: {
  props: ChartBodyProps; hover: Hover; colours: string[]; hidden: Set<string>;
}) {
  const { lang, t } = useText();
  const { joined, series } = props.state;
  const ms = joined.time[hover.index];
  if (ms === undefined) return null;
  const rows = series
    .map((one, i) => ({ one, colour: colours[i], value: valueAt(joined, i, hover.index) }))
    .filter(({ one, value }) => value !== null && !hidden.has(one.id))
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const isRight = hover.left > hover.width * 0.55;
  return (
    <div className="tooltip" aria-hidden="true" ref={(element) => {
      if (element === null) return;
      element.style.left = isRight ? 'auto' : `${hover.left + 14}px`;
      element.style.right = isRight ? `${hover.width - hover.left + 14}px` : 'auto';
    }}>
      <div className="tooltip-time">{formatInstant(ms, props.view.tz, lang)}</div>
      {rows.slice(0, TOOLTIP_ROWS).map(({ one, colour, value }) => (
        <div key={one.id} className="tooltip-row">
          <span className="swatch" ref={(element) => {
            if (element !== null) element.style.background = colour ?? '';
          }} />
          <span className="tooltip-label">{one.label}</span>
          <span className="tooltip-value">{formatValue(value ?? 0, one.unit, lang)}</span>
        </div>
      ))}
      {rows.length > TOOLTIP_ROWS && (
        <div className="hint">{t('chart.more', { count: rows.length - TOOLTIP_ROWS })}</div>
      )}
    </div>
  );
}

function SelectionMenu({ selection, close, props }: {
  selection: { from: number; to: number; left: number }; close: () => void; props: ChartBodyProps;
}) {
  const { t, lang } = useText();
  const range = { from: String(selection.from), to: String(selection.to) };
  const copyLink = () => {
    const url = new URL(window.location.href);
    url.searchParams.set('from', range.from);
    url.searchParams.set('to', range.to);
    void navigator.clipboard.writeText(url.href);
  };
  const act = (action: () => void) => () => {
    action();
    close();
  };
  return (
    <div
      className="selection" role="dialog" aria-label={t('chart.selection')}
      onKeyDown={(event) => { if (event.key === 'Escape') close(); }}
      ref={(element) => {
        if (element === null) return;
        element.style.left = `${Math.max(8, selection.left)}px`;
      }}
    >
      <span className="hint">{formatDuration(selection.to - selection.from, lang)}</span>
      <button autoFocus type="button" className="textbutton" onClick={act(() => props.view.set(range))}>
        {t('action.zoom')}
      </button>
      {props.onOpen !== undefined && (
        <button type="button" className="textbutton" onClick={act(props.onOpen)}>
          {t('action.openInMetrics')}
        </button>
      )}
      <button type="button" className="textbutton" data-action="logs"
        onClick={act(() => props.view.go('/logs', { ...range, filters: [] }))}>
        {t('action.openLogs')}
      </button>
      <button type="button" className="textbutton" onClick={act(copyLink)}>
        {t('action.copyLink')}
      </button>
      <button type="button" className="textbutton" onClick={close}>{t('action.cancel')}</button>
    </div>
  );
}

function useHidden(ids: string[]) {
  const [hidden, setHidden] = useState<Set<string>>(new Set());
  // A click shows one series alone, a second click all again; Shift hides or shows just that one.
  const toggle = useCallback((id: string, alone: boolean) => {
    setHidden((before) => {
      const next = new Set(before);
      if (!alone) {
        if (!next.delete(id)) next.add(id);
        return next;
      }
      const isAlone = !before.has(id) && ids.every((other) => other === id || before.has(other));
      return isAlone ? new Set() : new Set(ids.filter((other) => other !== id));
    });
  }, [ids.join('\n')]);
  return { hidden, toggle };
}

export function ChartBody(props: ChartBodyProps) {
  const { lang } = useText();
  const dark = useIsDark();
  const { state, view, mode, height } = props;
  const [hover, setHover] = useState<Hover | null>(null);
  const [selection, setSelection] = useState<{ from: number; to: number; left: number } | null>(null);
  const inside = useRef(false);
  const { hidden, toggle } = useHidden(state.series.map((one) => one.id));
  const colours = state.series.map((one) => seriesColour(one.colour, dark));
  const shape = JSON.stringify(state.series.map((one) => [one.label, one.unit, one.axis, one.colour]));
  const series = useMemo(() => state.series.map((one) => ({
    label: one.label, unit: one.unit, axis: one.axis, hidden: hidden.has(one.id),
    colour: seriesColour(one.colour, dark),
  })), [shape, hidden, dark]);
  const isChosen = view.state.from !== null || view.state.to !== null;
  const shown = fitRange(state.range, state.joined.time[0], isChosen);
  const onHover = useCallback((index: number | null, left: number, width: number) => {
    setHover((before) => {
      if (index === null) return null;
      return before?.index === index ? before : { index, left, width };
    });
  }, []);

  return (
    <>
      <div
        className="plot-area" onPointerEnter={() => { inside.current = true; }}
        onPointerLeave={() => { inside.current = false; setHover(null); }}
      >
        <Suspense fallback={<Skeleton height={height} />}>
          <Plot
            time={state.joined.time} cells={state.joined.cells} series={series} mode={mode}
            range={shown} height={height} tz={view.tz} lang={lang} dark={dark}
            {...(props.max === undefined ? {} : { max: props.max })}
            onHover={onHover} onSelect={(from, to, left) => {
              // The cursor is shared by all charts, the selection belongs to the one it was made in.
              if (inside.current) setSelection({ from, to, left });
            }}
          />
        </Suspense>
        {hover !== null && inside.current && (
          <Tooltip props={props} hover={hover} colours={colours} hidden={hidden} />
        )}
        {selection !== null && (
          <SelectionMenu selection={selection} close={() => setSelection(null)} props={props} />
        )}
      </div>
      {props.legend !== false && (
        <Legend
          series={state.series} joined={state.joined} colours={colours} hidden={hidden}
          hover={hover?.index ?? null} onToggle={toggle}
        />
      )}
    </>
  );
}
