// The actions of a chart's menu.
import type { RefObject } from 'react';
import type { Translate } from '../i18n';
import { getPrefs } from '../state/prefs';
import type { MenuItem } from '../ui/Menu';
import { notify } from '../ui/notify';
import { seriesColour } from './colours';
import type { ChartCardProps } from './ChartCard';
import { download, isExpression, queryText, toAwsCli, toCsv, toJson, toPng } from './export';
import type { Panel } from './panel';
import { formatMinute } from './units';
import type { ChartState } from './useChart';
import { sessionRegion } from '../state/session';

interface Context {
  t: Translate;
  props: Pick<ChartCardProps, 'title' | 'id' | 'queries' | 'view' | 'onOpen'>;
  state: ChartState;
  root: RefObject<HTMLElement | null>;
  panel?: Panel;
  query?: boolean;
  full?: boolean;
}

async function copy(text: string, t: Translate): Promise<void> {
  await navigator.clipboard.writeText(text);
  notify(t('note.copied'));
}

function isDark(): boolean {
  return document.body.classList.contains('awsui-dark-mode');
}

function savePng({ props, state, root }: Context): void {
  const canvas = root.current?.querySelector('canvas');
  if (canvas === null || canvas === undefined) return;
  const lang = getPrefs().language;
  const dark = isDark();
  const range = [state.range.from, state.range.to].map((ms) => formatMinute(ms, props.view.tz, lang));
  void toPng(canvas, {
    title: props.title, subtitle: range.join(' – '), dark,
    legend: state.series.map((one) => ({ label: one.label, colour: seriesColour(one.colour, dark) })),
  }).then((blob) => {
    if (blob !== null) download(`${props.id}.png`, 'image/png', blob);
  });
}

// A link that shows the same picture tomorrow: the range is frozen.
export function frozenLink(range: { from: number; to: number }): string {
  const url = new URL(window.location.href);
  url.searchParams.set('from', String(range.from));
  url.searchParams.set('to', String(range.to));
  url.searchParams.delete('refresh');
  return url.href;
}

export function chartActions(context: Context): MenuItem[] {
  const { t, props, state, panel } = context;
  const { tz } = props.view;
  const expressions = props.queries.flatMap(({ query }, i) => (
    isExpression(query) && query.lang !== 'promql'
      ? [{ query, period: state.results[i]?.stats?.period ?? query.period }] : []
  ));
  const hasCli = expressions.length > 0 || props.queries.some(({ query }) => !isExpression(query));
  const cli = () => toAwsCli(
    state.series, state.range, window.location.origin, sessionRegion(), expressions,
  );
  const items: MenuItem[] = [];
  if (panel !== undefined) {
    items.push(
      { id: 'full', icon: 'expand', act: panel.toggleFull,
        label: t(context.full === true ? 'action.leaveFull' : 'action.full') },
      { id: 'query', icon: 'code', act: panel.toggleQuery,
        label: t(context.query === true ? 'action.hideQuery' : 'action.showQuery') },
    );
  }
  if (props.onOpen !== undefined) {
    items.push({ id: 'open', icon: 'metrics', label: t('action.openInMetrics'), act: props.onOpen });
  }
  items.push({ id: 'logs', icon: 'logs', label: t('action.openLogs'),
    act: () => props.view.go('/logs', {
      from: String(state.range.from), to: String(state.range.to), refresh: null, filters: [],
    }) });
  const section = t('action.export');
  items.push(
    { id: 'csv', section, label: t('action.csv'),
      act: () => download(`${props.id}.csv`, 'text/csv', toCsv(state.joined, state.series, tz)) },
    { id: 'json', section, label: t('action.json'),
      act: () => download(`${props.id}.json`, 'application/json', toJson(state.joined, state.series, tz)) },
    { id: 'png', section, label: t('action.png'), act: () => savePng(context) },
    { id: 'link', section: t('action.copy'), label: t('action.copyFrozenLink'),
      act: () => void copy(frozenLink(state.range), t) },
    { id: 'livelink', section: t('action.copy'), label: t('action.copyLiveLink'),
      act: () => void copy(window.location.href, t) },
    { id: 'text', section: t('action.copy'), label: t('action.copyQuery'),
      act: () => void copy(props.queries.map((one) => queryText(one.query)).join('\n'), t) },
  );
  if (hasCli) {
    items.push({ id: 'cli', section: t('action.copy'), label: t('action.copyCli'),
      act: () => void copy(cli(), t) });
  }
  return items;
}
