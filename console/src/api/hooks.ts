// Server state: what is fetched, how long it is fresh, and what makes it fetched again.
import { keepPreviousData, QueryClient, useQuery } from '@tanstack/react-query';
import { QueryBatcher } from './batch';
import {
  ApiError, getCardinality, getHost, getHosts, getMetrics, getNamespaces, getStatus, streamQueries,
  type CardinalityFilter, type MetricFilter,
} from './client';
import { findGroups } from './logs';
import type { Metric } from './types';

export const batcher = new QueryBatcher(streamQueries);

function isWorthRetrying(count: number, error: unknown): boolean {
  if (!(error instanceof ApiError)) return count < 1;
  return count < 1 && (error.status === 0 || error.status >= 500);
}

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { retry: isWorthRetrying, refetchOnWindowFocus: false, staleTime: 2_000 },
    },
  });
}

const DISCOVERY_MS = 30_000; // how soon a new host or metric is seen without being asked for
const FIRST_DISCOVERY_MS = 2_000; // while nothing has arrived yet

function untilFound(found: boolean): number {
  return found ? DISCOVERY_MS : FIRST_DISCOVERY_MS;
}

export function useHosts() {
  return useQuery({
    queryKey: ['hosts'], queryFn: ({ signal }) => getHosts(signal),
    refetchInterval: (query) => untilFound((query.state.data?.length ?? 0) > 0),
  });
}

export function useHost(id: string) {
  return useQuery({
    queryKey: ['host', id], queryFn: ({ signal }) => getHost(id, signal),
    refetchInterval: DISCOVERY_MS,
  });
}

const GROUPS_FOUND = 8;

// Log groups by a part of their name, for the palette.
export function useFoundGroups(find: string, enabled: boolean) {
  return useQuery({
    queryKey: ['logs', 'palette', find], enabled, placeholderData: keepPreviousData, staleTime: 10_000,
    queryFn: ({ signal }) => findGroups({ find, limit: GROUPS_FOUND }, signal),
  });
}

export function useNamespaces() {
  return useQuery({
    queryKey: ['namespaces'], queryFn: ({ signal }) => getNamespaces(signal),
    refetchInterval: (query) => untilFound((query.state.data?.length ?? 0) > 0),
  });
}

export function useStatus(refreshMs: number) {
  return useQuery({
    queryKey: ['status'], queryFn: ({ signal }) => getStatus(signal),
    refetchInterval: refreshMs === 0 ? false : refreshMs,
  });
}

const PAGE = 500;
const ALL_MAX = 5_000;

export interface MetricList {
  metrics: Metric[];
  total: number;
}

async function getAllMetrics(filter: MetricFilter, signal: AbortSignal): Promise<MetricList> {
  const metrics: Metric[] = [];
  let after: string | undefined;
  let total = 0;
  do {
    const request = { ...filter, limit: PAGE, ...(after === undefined ? {} : { after }) };
    const page = await getMetrics(request, signal);
    metrics.push(...page.metrics);
    total = page.total;
    after = page.next ?? undefined;
  } while (after !== undefined && metrics.length < ALL_MAX);
  return { metrics, total };
}

export function useMetrics(filter: MetricFilter, enabled = true) {
  return useQuery({
    queryKey: ['metrics', filter], enabled, placeholderData: keepPreviousData,
    queryFn: ({ signal }) => getAllMetrics(filter, signal),
    refetchInterval: (query) => untilFound((query.state.data?.metrics.length ?? 0) > 0),
  });
}

export function useCardinality(filter: CardinalityFilter, refreshMs: number) {
  return useQuery({
    queryKey: ['cardinality', filter], placeholderData: keepPreviousData,
    queryFn: ({ signal }) => getCardinality(filter, signal),
    refetchInterval: refreshMs === 0 ? false : refreshMs,
  });
}
