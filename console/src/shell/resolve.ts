// "Paste anything": what a text is, and which page shows it. Pure. What cannot be shown says why.
import type { Key, Vars } from '../i18n';
import type { Host, NamespaceCount } from '../api/types';
import { parseMoment, type TextRange } from '../state/time';
import type { UrlState } from '../state/url';

export interface Target {
  id: string;
  kind: Key;
  label: string;
  path: string;
  range?: TextRange;
  change?: Partial<UrlState>;
}

export interface Why {
  key: Key;
  vars: Vars;
}

export interface Resolution {
  targets: Target[];
  why: Why | null;
}

export interface Index {
  hosts: Host[];
  namespaces: NamespaceCount[];
}

const INSTANCE = /\bi-(?:[0-9a-f]{17}|[0-9a-f]{8})\b/;

function hostTarget(host: Host): Target {
  return { id: `host/${host.id}`, kind: 'palette.host', label: `${host.name} · ${host.id}`,
    path: `/hosts/${host.id}` };
}

export function groupTarget(name: string): Target {
  return { id: `group/${name}`, kind: 'palette.logGroup', label: name, path: '/logs',
    change: { other: [['group', name]] } };
}

function linkRange(url: URL): TextRange | undefined {
  const from = url.searchParams.get('from') ?? '';
  const to = url.searchParams.get('to') ?? '';
  return parseMoment(from) !== null && parseMoment(to) !== null ? { from, to } : undefined;
}

function resolveLink(text: string, origin: string): Resolution | null {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  if (!/^https?:$/.test(url.protocol)) return null;
  if (url.origin === origin && url.pathname.startsWith('/ui/')) {
    const path = url.pathname.slice(3) + url.search;
    return { targets: [{ id: 'link', kind: 'palette.link', label: path, path }], why: null };
  }
  if (/(^|\.)console\.aws\.amazon\.com$/.test(url.hostname)) {
    return { targets: [], why: { key: 'why.cloudwatchLink', vars: {} } };
  }
  const range = linkRange(url);
  if (range !== undefined) {
    const label = `${range.from} – ${range.to}`;
    return { targets: [{ id: 'range', kind: 'palette.range', label, path: '', range }],
      why: { key: 'why.onlyRange', vars: {} } };
  }
  return { targets: [], why: { key: 'why.foreignLink', vars: { host: url.hostname } } };
}

function unsupported(text: string): Why | null {
  if (/^arn:[\w-]+:/.test(text)) return { key: 'why.arn', vars: { service: text.split(':')[2] ?? '' } };
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(text) || /^[0-9a-f]*:[0-9a-f:]+:[0-9a-f]*$/i.test(text)) {
    return { key: 'why.ip', vars: {} };
  }
  if (/^1-[0-9a-f]{8}-[0-9a-f]{24}$/.test(text) || /^[0-9a-f]{32}$/.test(text)
    || /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(text)) return { key: 'why.trace', vars: {} };
  if (/^[\w:]+\s*\{.*\}|^(rate|sum|avg|increase|histogram_quantile|topk)\s*(by\s*)?\(/.test(text)) {
    return { key: 'why.promql', vars: {} };
  }
  return null;
}

export function resolvePaste(input: string, index: Index, origin: string): Resolution {
  const text = input.trim();
  if (text === '') return { targets: [], why: null };
  const link = resolveLink(text, origin);
  if (link !== null) return link;

  const instance = INSTANCE.exec(text)?.[0];
  if (instance !== undefined) {
    const host = index.hosts.find((one) => one.id === instance);
    if (host !== undefined) return { targets: [hostTarget(host)], why: null };
    return { targets: [], why: { key: 'why.instance', vars: { id: instance } } };
  }
  const group = /^arn:[\w-]+:logs:[^:]*:[^:]*:log-group:([^:]+)/.exec(text)?.[1];
  if (group !== undefined) return { targets: [groupTarget(group)], why: null };
  if (/^\s*(fields|filter|stats|parse|sort|SOURCE)\b[^]*(\||@)/i.test(text)) {
    return { targets: [{ id: 'insights', kind: 'palette.insights', label: text, path: '/logs',
      change: { view: 'insights', queries: [text] } }], why: null };
  }
  const why = unsupported(text);
  if (why !== null) return { targets: [], why };

  const needle = text.toLowerCase();
  const hosts = index.hosts
    .filter((one) => `${one.name} ${one.id}`.toLowerCase().includes(needle)).map(hostTarget);
  const namespaces = index.namespaces
    .filter((one) => one.namespace.toLowerCase().includes(needle))
    .map((one) => ({
      id: `namespace/${one.namespace}`, kind: 'palette.namespace' as const, label: one.namespace,
      path: `/metrics/${one.namespace}`,
    }));
  return { targets: [...hosts.slice(0, 8), ...namespaces.slice(0, 8)], why: null };
}
