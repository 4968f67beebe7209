// One host: made from whatever metrics carry its id. While it is open the host is sampled each second.
import { useEffect, useMemo, useState } from 'react';
import { Link } from 'wouter';
import { watchHost } from '../../api/client';
import { useHost, useMetrics } from '../../api/hooks';
import type { Host } from '../../api/types';
import { ChartCard } from '../../chart/ChartCard';
import type { MetricChartQuery } from '../../chart/useChart';
import { formatAge, formatCount, formatInstant, formatValue } from '../../chart/units';
import { useText, type Key, type Translate } from '../../i18n';
import { addRecent } from '../../state/prefs';
import { formatRow, metricRow } from '../../state/rows';
import { filterMatches, type Filter } from '../../state/url';
import { useView, type View } from '../../state/useView';
import { AgentSetup } from '../../ui/AgentSetup';
import { FilterBar } from '../../ui/FilterBar';
import { HostState } from '../../ui/HostState';
import { Empty, Failure, Skeleton, useNow } from '../../ui/states';
import { Filesystems } from './Filesystems';
import { HostTiles } from './HostTiles';
import { panelsFor, type Panel } from './panels';
import { translateLabel } from '../../ui/seriesNames';

const WATCH_EVERY_MS = 10_000; // the lease lasts 30 s

function useWatch(id: string): void {
  useEffect(() => {
    const renew = () => {
      if (document.visibilityState === 'visible') void watchHost(id).catch(() => undefined);
    };
    renew();
    const timer = setInterval(renew, WATCH_EVERY_MS);
    document.addEventListener('visibilitychange', renew);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', renew);
    };
  }, [id]);
}

const TABS: { id: string; label: Key; sections: (Key | null)[] | null }[] = [
  { id: 'all', label: 'tab.all', sections: null },
  { id: 'compute', label: 'tab.compute', sections: ['host.cpu', 'host.memory', 'host.pressure'] },
  { id: 'disks', label: 'tab.disks', sections: ['host.filesystems', 'host.diskio'] },
  { id: 'network', label: 'tab.network', sections: ['host.network', 'host.netstat'] },
  { id: 'processes', label: 'tab.processes', sections: ['host.processes'] },
  { id: 'cloud', label: 'tab.cloud', sections: ['host.ec2', null] },
];

function Facts({ host }: { host: Host }) {
  const { t, lang } = useText();
  const now = useNow(5_000);
  const view = useView();
  const facts: [Key, string][] = [
    ['fact.os', host.os], ['fact.kernel', `${host.kernel} · ${host.arch}`],
    ['fact.cpus', formatCount(host.cpus, lang)],
    ['fact.memory', formatValue(host.memoryBytes, 'Bytes', lang)],
    ['fact.boot', `${formatInstant(host.bootTime, view.tz, lang)} (${formatAge(now - host.bootTime, lang)})`],
    ['fact.source', host.source],
  ];
  return (
    <dl className="facts">
      {facts.map(([key, value]) => (
        <div key={key}><dt>{t(key)}</dt><dd>{value === '' ? '–' : value}</dd></div>
      ))}
    </dl>
  );
}

function titleOf(panel: Panel, t: Translate): string {
  const title = panel.title === null ? (panel.titleText ?? '') : t(panel.title);
  return panel.suffix === undefined ? title : `${title} · ${panel.suffix}`;
}

function labelled(queries: MetricChartQuery[], t: Translate): MetricChartQuery[] {
  return queries.map((one) => ({
    ...one,
    ...(one.label === undefined ? {} : { label: translateLabel(one.label, t) }),
    ...(one.prefix === undefined ? {} : { prefix: translateLabel(one.prefix, t) }),
  }));
}

function HostPanel({ panel, view }: { panel: Panel; view: View }) {
  const { t } = useText();
  const queries = useMemo(() => labelled(panel.queries, t), [panel, t]);
  const open = () => view.go(`/metrics/${panel.source}`, {
    view: panel.mode === 'stacked' ? 'stacked' : null, filters: [],
    queries: queries.map(({ query, rate, label }) => formatRow(
      metricRow(query, { rate, label: label ?? '' }),
    )),
  });
  return (
    <ChartCard
      id={panel.id} title={titleOf(panel, t)} queries={queries} view={view} mode={panel.mode}
      source={panel.source} onOpen={open}
      {...(panel.max === undefined ? {} : { max: panel.max })}
    />
  );
}

function matches(panel: Panel, filters: Filter[], t: Translate): boolean {
  const dimensions = Object.assign({}, ...panel.queries.map((one) => one.query.dimensions)) as
    Record<string, string>;
  const text = [titleOf(panel, t), panel.source, ...panel.queries.map((one) => one.query.metric)].join(' ');
  return filterMatches(filters, { ...dimensions, namespace: panel.source, name: text });
}

function Section({ title, panels, view }: { title: string; panels: Panel[]; view: View }) {
  const { t } = useText();
  const [all, setAll] = useState(false);
  const main = panels.filter((one) => one.minor !== true);
  const minor = panels.filter((one) => one.minor === true);
  // Where there is nothing but minor ones they are shown at once.
  const shown = all || main.length === 0 ? [...main, ...minor] : main;
  return (
    <section className="section" aria-label={title}>
      <h2>{title}</h2>
      <div className={shown.length % 2 === 0 && shown.length % 3 !== 0 ? 'cards two' : 'cards'}>
        {shown.map((panel) => <HostPanel key={panel.id} panel={panel} view={view} />)}
      </div>
      {main.length > 0 && minor.length > 0 && (
        <button
          type="button" className="textbutton start" aria-expanded={all} onClick={() => setAll(!all)}
        >
          {all ? t('host.lessCharts') : t('host.moreCharts', { count: minor.length })}
        </button>
      )}
    </section>
  );
}

function Sections({ panels, view }: { panels: Panel[]; view: View }) {
  const { t } = useText();
  const names = [...new Set(panels.map((one) => one.section ?? one.sectionText ?? ''))];
  return names.map((name) => {
    const own = panels.filter((one) => (one.section ?? one.sectionText ?? '') === name);
    const title = own[0]?.section == null ? name : t(own[0].section);
    return <Section key={name} title={title} panels={own} view={view} />;
  });
}

function Body({ id, view }: { id: string; view: View }) {
  const { t } = useText();
  const list = useMetrics({ q: id });
  const names = list.data?.metrics;
  const own = useMemo(() => (
    (names ?? []).filter((one) => Object.values(one.dimensions).includes(id))
  ), [names, id]);
  const panels = useMemo(() => panelsFor(id, own), [id, own]);
  if (list.error !== null && names === undefined) {
    return <Failure error={list.error} retry={() => void list.refetch()} />;
  }
  if (names === undefined) return <Skeleton height={420} />;
  if (own.length === 0) {
    return <Empty title={t('host.noMetrics')}><p>{t('host.noMetricsHelp')}</p><AgentSetup /></Empty>;
  }
  const tab = TABS.find((one) => one.id === view.state.view) ?? TABS[0]!;
  const hasSection = (sections: (Key | null)[] | null) => (
    sections === null || panels.some((one) => sections.includes(one.section))
  );
  const shown = panels
    .filter((one) => tab.sections === null || tab.sections.includes(one.section))
    .filter((one) => matches(one, view.state.filters, t));
  return (
    <>
      <div className="toolbar">
        <div className="tabs" role="group" aria-label={t('tab.label')}>
          {TABS.filter((one) => hasSection(one.sections)).map((one) => (
            <button
              key={one.id} type="button" aria-pressed={one.id === tab.id}
              onClick={() => view.set({ view: one.id === 'all' ? null : one.id })}
            >
              {t(one.label)}
            </button>
          ))}
        </div>
        <span className="grow" />
        <FilterBar view={view} placeholder={t('host.filter')} />
      </div>
      {tab.id === 'all' && view.state.filters.length === 0 && (
        <HostTiles id={id} metrics={own} view={view} />
      )}
      {(tab.id === 'all' || tab.id === 'disks') && view.state.filters.length === 0 && (
        <Filesystems id={id} metrics={own} view={view} />
      )}
      {shown.length === 0 && <Empty title={t('host.noPanel')} />}
      <Sections panels={shown} view={view} />
      {list.data !== undefined && list.data.total > list.data.metrics.length && (
        <p className="hint">{t('host.cut', { shown: list.data.metrics.length, total: list.data.total })}</p>
      )}
    </>
  );
}

export default function HostPage({ params }: { params: Record<string, string | undefined> }) {
  const { t } = useText();
  const view = useView();
  const id = params['id'] ?? '';
  const host = useHost(id);
  const [more, setMore] = useState(false);
  useWatch(id);
  const name = host.data?.name;
  useEffect(() => {
    if (name === undefined) return;
    document.title = `${name} · kansoku`;
    addRecent({ path: `/hosts/${id}`, label: name });
  }, [id, name]);

  return (
    <div className="page">
      <header className="page-head">
        <div>
          <nav className="crumbs" aria-label={t('nav.crumbs')}>
            <Link href={view.href('/hosts')}>{t('page.hosts')}</Link>
          </nav>
          <h1>{name ?? id}</h1>
        </div>
        {host.data !== undefined && <HostState host={host.data} />}
        <code className="hint">{id}</code>
        <span className="grow" />
        <Link className="textbutton" href={view.href('/logs', {
          from: view.range.from, to: view.range.to, filters: [],
        })}>
          {t('page.logs')}
        </Link>
        {host.data !== undefined && (
          <button type="button" className="textbutton" aria-expanded={more} onClick={() => setMore(!more)}>
            {t('host.facts')}
          </button>
        )}
      </header>
      {host.data !== undefined && more && <Facts host={host.data} />}
      {host.error !== null && host.data === undefined && (
        <Failure error={host.error} retry={() => void host.refetch()} />
      )}
      <Body id={id} view={view} />
    </div>
  );
}
