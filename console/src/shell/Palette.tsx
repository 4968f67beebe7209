// One field that finds pages, hosts, namespaces, log groups, metrics and actions, and reads what is pasted.
import { useEffect, useId, useMemo, useState, type KeyboardEvent } from 'react';
import { useFoundGroups, useHosts, useMetrics, useNamespaces } from '../api/hooks';
import type { Metric } from '../api/types';
import { useText } from '../i18n';
import { setPrefs, usePrefs } from '../state/prefs';
import { formatRow, rowFromMetric } from '../state/rows';
import { EMPTY_STATE } from '../state/url';
import type { View } from '../state/useView';
import { Dialog } from '../ui/Dialog';
import { Icon } from '../ui/Icon';
import type { Overlay } from './App';
import { PAGES } from './pages';
import { groupTarget, resolvePaste } from './resolve';

interface Entry {
  id: string;
  kind: string;
  label: string;
  act: () => void;
}

const SERVER_AFTER_MS = 150;
const SHOWN_MAX = 14;

function useLater(text: string): string {
  const [later, setLater] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setLater(text), SERVER_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return later;
}

function metricLabel(metric: Metric): string {
  const dimensions = Object.entries(metric.dimensions).map(([key, value]) => `${key}=${value}`);
  return `${metric.name} · ${dimensions.join(' ')}`;
}

function useActions(view: View, setOverlay: (overlay: Overlay) => void): Entry[] {
  const { t } = useText();
  const prefs = usePrefs();
  return useMemo(() => {
    const kind = t('palette.action');
    const language = prefs.language === 'en' ? 'ja' : 'en';
    return [
      ...PAGES.filter((page) => page.inNav).map((page) => ({
        id: page.path, kind: t('palette.page'), label: t(page.label), act: () => view.go(page.path),
      })),
      ...(['light', 'dark', 'auto'] as const).map((theme) => ({
        id: theme, kind, label: `${t('user.theme')}: ${t(`theme.${theme}`)}`, act: () => setPrefs({ theme }),
      })),
      { id: 'lang', kind, label: language === 'en' ? t('user.en') : t('user.ja'),
        act: () => setPrefs({ language }) },
      ...(['15m', '1h', '24h', '7d'] as const).map((length) => ({
        id: length, kind: t('palette.range'), label: t(`range.${length}`),
        act: () => view.set({ from: `now-${length}`, to: 'now' }),
      })),
      { id: 'keys', kind, label: t('key.title'), act: () => setOverlay('shortcuts') },
    ];
  }, [t, prefs.language, view, setOverlay]);
}

function useEntries(text: string, view: View, setOverlay: (overlay: Overlay) => void) {
  const { t } = useText();
  const { recent } = usePrefs();
  const hosts = useHosts().data ?? [];
  const namespaces = useNamespaces().data ?? [];
  const actions = useActions(view, setOverlay);
  const later = useLater(text.trim());
  const { targets, why } = resolvePaste(text, { hosts, namespaces }, window.location.origin);
  const asksServer = later.length > 1 && why === null && !later.startsWith('http');
  const groups = useFoundGroups(later, asksServer).data?.groups ?? [];
  const found = useMetrics({ q: later, limit: SHOWN_MAX }, asksServer).data?.metrics ?? [];

  const needle = text.trim().toLowerCase();
  const entries: Entry[] = [];
  if (needle === '') {
    entries.push(...recent.map((one) => ({
      id: `recent${one.path}`, kind: t('palette.recent'), label: one.label, act: () => view.go(one.path),
    })));
  }
  entries.push(...targets.map((target) => ({
    id: target.id, kind: t(target.kind), label: target.label,
    act: () => {
      if (target.range !== undefined) view.set(target.range);
      else view.go(target.path, target.change);
    },
  })));
  entries.push(...actions.filter((one) => one.label.toLowerCase().includes(needle)));
  if (asksServer && later.toLowerCase() === needle) {
    entries.push(...groups.map((one) => groupTarget(one.name)).map((target) => ({
      id: target.id, kind: t(target.kind), label: target.label, act: () => view.go(target.path, target.change),
    })));
    entries.push(...found.slice(0, SHOWN_MAX).map((metric) => ({
      id: `m/${metric.namespace}/${metricLabel(metric)}`, kind: metric.namespace,
      label: metricLabel(metric),
      act: () => view.go(`/metrics/${metric.namespace}`, {
        ...EMPTY_STATE, queries: [formatRow(rowFromMetric(metric))],
        from: view.state.from, to: view.state.to,
      }),
    })));
  }
  return { entries: entries.slice(0, 40), why };
}

export default function Palette({ view, close, setOverlay }: {
  view: View; close: () => void; setOverlay: (overlay: Overlay) => void;
}) {
  const { t } = useText();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const list = useId();
  const { entries, why } = useEntries(text, view, setOverlay);
  const chosen = Math.min(at, Math.max(0, entries.length - 1));
  const run = (entry: Entry | undefined) => {
    if (entry === undefined) return;
    close();
    // After the dialog has given its focus back, or an overlay that opens now would lose its own.
    setTimeout(entry.act, 0);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setAt((chosen + step + entries.length) % Math.max(1, entries.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(entries[chosen]);
    }
  };
  useEffect(() => {
    document.getElementById(`${list}-${chosen}`)?.scrollIntoView({ block: 'nearest' });
  }, [chosen, list]);

  return (
    <Dialog label={t('palette.title')} close={close} className="dialog palette">
      <div className="palette-field">
        <Icon name="search" />
        <input
          autoFocus value={text} placeholder={t('palette.placeholder')} role="combobox" spellCheck={false}
          aria-label={t('palette.title')} aria-expanded={entries.length > 0} aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={entries.length > 0 ? `${list}-${chosen}` : undefined}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKey}
        />
      </div>
      <div role="listbox" id={list} className="palette-list" aria-label={t('palette.results')} tabIndex={-1}>
        {entries.map((entry, i) => (
          <div
            key={entry.id} id={`${list}-${i}`} role="option" aria-selected={i === chosen}
            onClick={() => run(entry)} onPointerMove={() => setAt(i)}
          >
            <span className="palette-label">{entry.label}</span>
            <span className="palette-kind">{entry.kind}</span>
          </div>
        ))}
      </div>
      <div role="status" className="palette-note">
        {why !== null && <p>{t(why.key, why.vars)}</p>}
        {why === null && entries.length === 0 && <p>{t('why.nothing', { text })}</p>}
      </div>
    </Dialog>
  );
}
