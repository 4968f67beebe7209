// Metrics as small cards; a card asks for its line only when it is seen.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import type { Metric } from '../../api/types';
import { seriesColour } from '../../chart/colours';
import { fitRange, summarise } from '../../chart/data';
import { Sparkline } from '../../chart/Sparkline';
import { useChart } from '../../chart/useChart';
import { formatValue } from '../../chart/units';
import { useText } from '../../i18n';
import { useIsDark } from '../../state/prefs';
import { rowFromMetric, rowQuery } from '../../state/rows';
import type { View } from '../../state/useView';
import { Icon } from '../../ui/Icon';
import { metricId } from './browse';

const CARD_WIDTH_MIN = 250;
const CARD_HEIGHT = 124;
const SETTLE_MS = 120; // scrolling past a card must not start a query

function MetricCard({ metric, view, add, isInGraph }: {
  metric: Metric; view: View; add: (metric: Metric) => void; isInGraph: boolean;
}) {
  const { t, lang } = useText();
  const dark = useIsDark();
  const [ready, setReady] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setReady(true), SETTLE_MS);
    return () => clearTimeout(timer);
  }, []);
  const row = rowFromMetric(metric);
  const state = useChart(
    [{ id: 'card', query: rowQuery(row), rate: row.rate, label: metric.name }], view,
    { enabled: ready, width: 200 },
  );
  const cells = state.joined.cells[0] ?? [];
  const { last } = summarise(state.joined.time, cells);
  const unit = state.series[0]?.unit ?? metric.unit;
  const dimensions = Object.entries(metric.dimensions);
  return (
    <button
      type="button" className="metric-card" data-list-item="" aria-pressed={isInGraph}
      onClick={() => add(metric)}
    >
      <span className="hidden-text">{t('metrics.add')}</span>
      <span className="metric-name" title={metric.name}>
        {metric.name}<Icon name={isInGraph ? 'check' : 'plus'} size={14} />
      </span>
      <span className="metric-dimensions" title={dimensions.map(([key, value]) => `${key}=${value}`).join('\n')}>
        {dimensions.map(([key, value]) => <span key={key}>{`${key}=${value}`}</span>)}
      </span>
      <span className="metric-foot">
        <Sparkline
          time={state.joined.time} cells={cells} colour={seriesColour(0, dark)}
          range={fitRange(state.range, state.joined.time[0], view.state.from !== null)}
          width={150} height={32}
        />
        <span className="metric-value">
          {last !== null && formatValue(last, unit, lang)}
          {last === null && !state.isLoading && <span className="hint">{t('state.noPoints')}</span>}
        </span>
      </span>
    </button>
  );
}

export function Cards({ metrics, view, add, inGraph }: {
  metrics: Metric[]; view: View; add: (metric: Metric) => void; inGraph: Set<string>;
}) {
  const root = useRef<HTMLDivElement>(null);
  const [columns, setColumns] = useState(3);
  useEffect(() => {
    const element = root.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => (
      setColumns(Math.max(1, Math.floor((element.clientWidth + 10) / (CARD_WIDTH_MIN + 10))))
    ));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const rows = useVirtualizer({
    count: Math.ceil(metrics.length / columns), overscan: 2,
    getScrollElement: () => document.getElementById('main'),
    estimateSize: () => CARD_HEIGHT, scrollMargin: root.current?.offsetTop ?? 0,
  });
  return (
    <div ref={root} className="metric-cards">
      <div className="metric-space" ref={(element) => {
        if (element !== null) element.style.height = `${rows.getTotalSize()}px`;
      }}>
        {rows.getVirtualItems().map((item) => (
          <div key={item.key} className="metric-row" ref={(element) => {
            if (element === null) return;
            element.style.transform = `translateY(${item.start - rows.options.scrollMargin}px)`;
            element.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
          }}>
            {metrics.slice(item.index * columns, (item.index + 1) * columns).map((metric) => {
              const id = metricId(metric);
              return (
                <MetricCard
                  key={id} metric={metric} view={view} add={add}
                  isInGraph={inGraph.has(metricId({ ...metric, unit: '' }))}
                />
              );
            })}
          </div>
        ))}
      </div>
    </div>
  );
}
