// Finding a metric and drawing it: browse on the left; graph, rows and cards on the right.
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { useMetrics, useNamespaces } from '../../api/hooks';
import { formatCount } from '../../chart/units';
import { useText } from '../../i18n';
import { addRow, formatRows, parseRows, rowFromMetric, type Row } from '../../state/rows';
import { filterMatches } from '../../state/url';
import { useView, type View } from '../../state/useView';
import { AgentSetup } from '../../ui/AgentSetup';
import { FilterBar } from '../../ui/FilterBar';
import { Icon } from '../../ui/Icon';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { dimensionKey, dimensionSets, metricId } from './browse';
import { Cards } from './Cards';
import { Graph } from './Graph';
import { AddRow } from './RowEditor';

const SEARCH_AFTER_MS = 200;

function useRows(view: View): [Row[], (rows: Row[]) => void] {
  const rows = parseRows(view.state.queries);
  return [rows, (next) => view.set({ queries: formatRows(next) })];
}

function Namespaces({ view, namespace }: { view: View; namespace: string }) {
  const { t, lang } = useText();
  const list = useNamespaces();
  const [text, setText] = useState('');
  if (list.error !== null && list.data === undefined) {
    return <Failure error={list.error} retry={() => void list.refetch()} />;
  }
  if (list.data === undefined) return <Skeleton height={160} />;
  const shown = list.data.filter((one) => one.namespace.toLowerCase().includes(text.toLowerCase()));
  return (
    <>
      {list.data.length > 10 && (
        <input
          className="plain" value={text} placeholder={t('metrics.findNamespace')}
          aria-label={t('metrics.findNamespace')} onChange={(event) => setText(event.target.value)}
        />
      )}
      <ul className="browse">
        {[{ namespace: '', metrics: list.data.reduce((sum, one) => sum + one.metrics, 0) }, ...shown].map((one) => (
          <li key={one.namespace}>
            <Link
              href={view.href(one.namespace === '' ? '/metrics' : `/metrics/${one.namespace}`, {
                queries: view.state.queries, view: view.state.view,
              })}
              aria-current={one.namespace === namespace ? 'true' : undefined} data-list-item=""
            >
              <span>{one.namespace === '' ? t('metrics.allNamespaces') : one.namespace}</span>
              <span className="count">{formatCount(one.metrics, lang)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}

function Sets({ namespace, view }: { namespace: string; view: View }) {
  const { t, lang } = useText();
  // The whole namespace, whatever is being searched for, so that the list does not jump.
  const metrics = useMetrics({ namespace, q: '' }).data?.metrics ?? [];
  const chosen = view.state.sel[0] ?? null;
  const sets = dimensionSets(metrics);
  if (sets.length < 2) return null;
  return (
    <>
      <h3>{t('metrics.dimensions')}</h3>
      <ul className="browse">
        {sets.map((set) => (
          <li key={set.key}>
            <button
              type="button" aria-pressed={chosen === set.key}
              onClick={() => view.set({ sel: chosen === set.key ? [] : [set.key] })}
            >
              <span>{set.names.length === 0 ? t('metrics.noDimensions') : set.names.join(', ')}</span>
              <span className="count">{formatCount(set.count, lang)}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function Search({ text, setText }: { text: string; setText: (text: string) => void }) {
  const { t } = useText();
  return (
    <span className="field big" data-filter="">
      <Icon name="search" size={14} />
      <input
        value={text} placeholder={t('metrics.search')} aria-label={t('metrics.search')} spellCheck={false}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => { if (event.key === 'Escape') event.currentTarget.blur(); }}
      />
    </span>
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

export default function Metrics({ params }: { params: Record<string, string | undefined> }) {
  const { t } = useText();
  const view = useView();
  const namespace = decodeURIComponent(params['*'] ?? '');
  const [rows, setRows] = useRows(view);
  const [text, setText] = useState('');
  const settled = useSettled(text);
  const list = useMetrics({ namespace, q: settled });
  const found = list.data?.metrics ?? [];
  const chosenSet = view.state.sel[0] ?? null;
  const shown = found.filter((metric) => (
    (chosenSet === null || dimensionKey(metric) === chosenSet)
    && filterMatches(view.state.filters, {
      ...metric.dimensions, name: metric.name, namespace: metric.namespace,
    })
  ));
  const inGraph = new Set(rows.map((row) => metricId({
    namespace: row.namespace, name: row.metric, dimensions: row.dimensions, unit: '', lastActive: 0,
  })));

  return (
    <div className="page metrics">
      <header className="page-head">
        <h1>{t('page.metrics')}</h1>
        {namespace !== '' && <span className="badge source">{namespace}</span>}
        <span className="grow" />
        <AddRow rows={rows} setRows={setRows} />
      </header>
      <div className="split">
        <aside className="card pad browser" aria-label={t('metrics.browse')}>
          <h2>{t('metrics.namespaces')}</h2>
          <Namespaces view={view} namespace={namespace} />
          {namespace !== '' && <Sets namespace={namespace} view={view} />}
        </aside>
        <div className="stacked">
          {rows.length > 0 && <Graph rows={rows} setRows={setRows} view={view} />}
          <div className="toolbar">
            <Search text={text} setText={setText} />
            <FilterBar view={view} placeholder={t('metrics.filter')} />
            <span className="grow" />
            {list.data !== undefined && (
              <span className="hint" role="status">
                {t('metrics.count', { shown: shown.length, total: list.data.total })}
              </span>
            )}
          </div>
          {list.error !== null && <Failure error={list.error} retry={() => void list.refetch()} />}
          {list.data === undefined && list.error === null && <Skeleton height={300} />}
          {list.data !== undefined && shown.length === 0 && (settled === '' && chosenSet === null
            && view.state.filters.length === 0
            ? <Empty title={t('metrics.none')}><AgentSetup /></Empty>
            : <Empty title={t('metrics.noMatch')} />)}
          {shown.length > 0 && (
            <Cards
              metrics={shown} view={view} inGraph={inGraph}
              add={(metric) => setRows(addRow(rows, rowFromMetric(metric)))}
            />
          )}
        </div>
      </div>
    </div>
  );
}
