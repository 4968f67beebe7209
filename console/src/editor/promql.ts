// PromQL: its grammar and completion, fed with what this server stores.
import type { PrometheusClient } from '@prometheus-io/codemirror-promql/dist/esm/client';
import { PromQLExtension } from '@prometheus-io/codemirror-promql';
import type { Extension } from '@codemirror/state';
import { getMetadata } from '../api/client';
import { labelNames, labelValues, remembered } from './words';

// Which statistic of a series that accumulates is meant; the server takes it as a label.
const STAT = '__stat__';
const STATS = ['avg', 'sum', 'min', 'max', 'count', 'p50', 'p90', 'p95', 'p99'];

const client: PrometheusClient = {
  labelNames: async (metric) => {
    const names = await labelNames(metric ?? '');
    return names.includes('__namespace__') ? [...names, STAT] : names;
  },
  labelValues: async (label, metric) => (label === STAT ? STATS : labelValues(label, metric ?? '')),
  metricMetadata: async () => {
    const all = await remembered('metadata', getMetadata);
    return Object.fromEntries(all.map(({ name, type, unit, namespace }) => (
      [name, [{ type, help: [namespace, unit === 'None' ? '' : unit].filter((one) => one !== '').join(' · ') }]]
    )));
  },
  metricNames: async () => labelValues('__name__'),
  series: async () => [],
  flags: async () => ({}),
};

// The errors shown are the server's: it takes all of PromQL 3, the grammar here may not.
export function promqlSupport(): Extension {
  return new PromQLExtension().setComplete({ remote: client }).activateLinter(false).asExtension();
}
