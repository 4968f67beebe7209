// The row in another language: what translate() needs to know of the stored series is asked here.
import { getMetrics } from '../../api/client';
import type { Row, RowLanguage } from '../../state/rows';
import { translate } from '../../state/translate';

const SERIES_MAX = 500;

// Dimension names of the metric that the row's exact set leaves out.
async function absentNames(row: Row): Promise<string[]> {
  if (row.lang !== 'metric' || row.match !== 'exact' || row.namespace === 'Prometheus') return [];
  const page = await getMetrics({ namespace: row.namespace, name: row.metric, limit: SERIES_MAX });
  const names = new Set(page.metrics.flatMap((one) => Object.keys(one.dimensions)));
  return [...names].filter((name) => !(name in row.dimensions)).sort();
}

export async function sameQuery(row: Row, to: RowLanguage, period: number): Promise<Row | null> {
  if (translate(row, to, period) === null) return null;
  return translate(row, to, period, to === 'promql' ? await absentNames(row) : []);
}
