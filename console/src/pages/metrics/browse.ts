// Namespace → dimension names → metrics, as CloudWatch users know it. Pure.
import type { Metric } from '../../api/types';

export interface DimensionSet {
  key: string;
  names: string[];
  count: number;
}

export function dimensionKey(metric: Metric): string {
  return Object.keys(metric.dimensions).sort().join(',');
}

export function dimensionSets(metrics: Metric[]): DimensionSet[] {
  const sets = new Map<string, DimensionSet>();
  for (const metric of metrics) {
    const key = dimensionKey(metric);
    const set = sets.get(key);
    if (set !== undefined) set.count += 1;
    else sets.set(key, { key, names: key === '' ? [] : key.split(','), count: 1 });
  }
  return [...sets.values()].sort((a, b) => b.count - a.count || a.key.localeCompare(b.key));
}

export function metricId(metric: Metric): string {
  const dimensions = Object.entries(metric.dimensions).sort(([a], [b]) => a.localeCompare(b));
  return JSON.stringify([metric.namespace, metric.name, metric.unit, dimensions]);
}
