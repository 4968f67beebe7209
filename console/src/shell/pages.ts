// The pages that exist: navigation, palette and shortcuts are all made from this list.
import { lazy, type ComponentType } from 'react';
import type { Key } from '../i18n';
import type { IconName } from '../ui/Icon';

export interface Page {
  path: string;
  pattern: string;
  label: Key;
  section: Key | null;
  icon: IconName;
  key: string | null;
  view: ComponentType<{ params: Record<string, string | undefined> }>;
  inNav: boolean;
}

const Home = lazy(() => import('../pages/home/Home'));
const Hosts = lazy(() => import('../pages/hosts/Hosts'));
const HostPage = lazy(() => import('../pages/host/HostPage'));
const Metrics = lazy(() => import('../pages/metrics/Metrics'));
const Logs = lazy(() => import('../pages/logs/Logs'));
const LogGroups = lazy(() => import('../pages/logs/Groups'));
const LogTail = lazy(() => import('../pages/logs/Tail'));
const Cardinality = lazy(() => import('../pages/cardinality/Cardinality'));
const Status = lazy(() => import('../pages/status/Status'));

export const PAGES: Page[] = [
  { path: '/', pattern: '/', label: 'page.home', section: null, icon: 'home', key: 'h', view: Home, inNav: true },
  { path: '/hosts', pattern: '/hosts', label: 'page.hosts', section: 'nav.infrastructure', icon: 'host',
    key: 'i', view: Hosts, inNav: true },
  { path: '/hosts', pattern: '/hosts/:id', label: 'page.host', section: 'nav.infrastructure', icon: 'host',
    key: null, view: HostPage, inNav: false },
  { path: '/metrics', pattern: '/metrics/*?', label: 'page.metrics', section: 'nav.explore',
    icon: 'metrics', key: 'm', view: Metrics, inNav: true },
  { path: '/logs', pattern: '/logs', label: 'page.logs', section: 'nav.explore', icon: 'logs', key: 'l', view: Logs,
    inNav: true },
  { path: '/logs/tail', pattern: '/logs/tail', label: 'page.logTail', section: 'nav.explore', icon: 'tail',
    key: null, view: LogTail, inNav: true },
  { path: '/logs/groups', pattern: '/logs/groups', label: 'page.logGroups', section: 'nav.explore',
    icon: 'groups', key: null, view: LogGroups, inNav: true },
  { path: '/cardinality', pattern: '/cardinality', label: 'page.cardinality', section: 'nav.explore',
    icon: 'layers', key: 'c', view: Cardinality, inNav: true },
  { path: '/status', pattern: '/status', label: 'page.status', section: 'nav.respond', icon: 'status',
    key: 's', view: Status, inNav: true },
];
