// The console API's part for logs (docs/formats/console-api.md).
import { ApiError, send } from './client';
import { readLines } from './ndjson';
import type { Range } from './types';

export const LEVELS = ['error', 'warn', 'info', 'debug', 'none'] as const;
export type Level = (typeof LEVELS)[number];

export interface LogEvent {
  id: string;
  time: number;
  ingested: number;
  level: Level;
  group: string;
  stream: string;
  message: string;
}

// Which groups, beside those that are named; all of it holds.
export interface GroupsBy {
  prefix: string;
  class: string;
  tags: string[]; // "key=value"
}

export interface GroupsFound {
  groups: { name: string; class: string; tags: string[] }[];
  total: number;
  classes: { value: string; count: number }[];
  tags: { value: string; count: number }[];
}

export async function findGroups(
  ask: { find: string; groupsBy?: GroupsBy; limit: number }, signal: AbortSignal,
): Promise<GroupsFound> {
  const response = await send('logs/groups', { method: 'POST', body: JSON.stringify(ask), signal });
  return (await response.json()) as GroupsFound;
}

export interface LogAsk {
  text: string;
  anyCase: boolean; // upper and lower case alike
  groups: string[];
  groupsBy?: GroupsBy;
  streams: string[];
  levels: Level[];
  filters: { key: string; op: string; value: string }[];
  range: Range;
}

export interface Histogram {
  from: number;
  step: number;
  partial: boolean;
  total: number;
  levels: Record<Level, number>;
  counts: Record<Level, number[]>;
}

export interface Facet {
  name: string;
  rows: number;
  distinct: number;
  more: boolean;
  values: { value: string; count: number }[];
}

export interface SearchStats {
  matched: number;
  rowsScanned: number;
  rowsSkipped: number;
  bytesScanned: number;
  bytesSkipped: number;
  groups: number;
  elapsedMs: number;
  missing: boolean;
}

export interface LogProgress {
  rows: number;
  matched: number;
  elapsedMs: number;
  bytes?: number;
}

export interface Pattern {
  pattern: string;
  count: number;
  earlier: number;
  level: Level;
  sample: string;
  trend: number[];
}

export interface Patterns {
  matched: number;
  total: number;
  elapsedMs: number;
  patterns: Pattern[];
}

export interface Difference {
  pattern?: string;
  sample?: string;
  level?: Level;
  name?: string;
  value?: string;
  count: number;
  before: number;
  effect: number;
}

export interface ComparedSide {
  from: number;
  to: number;
  events: number;
  sampled: number; // events whose fields were counted
}

export interface Comparison {
  now: ComparedSide;
  before: ComparedSide;
  elapsedMs: number;
  patternsTotal: number;
  fieldsTotal: number;
  patterns: Difference[];
  fields: Difference[];
}

export interface TailUpdate {
  seen: number;
  sampled: boolean;
  events: LogEvent[];
}

export interface LineError {
  code: string;
  message: string;
  position?: number;
  end?: number;
}

export interface LogLine {
  events?: { events: LogEvent[]; next: string | null };
  histogram?: Histogram;
  facets?: { rows: number; fields: Facet[] };
  progress?: LogProgress;
  stats?: SearchStats & { rows?: number; bytes?: number };
  patterns?: Patterns;
  compare?: Comparison;
  table?: InsightsTable;
  tail?: TailUpdate;
  started?: boolean;
  error?: LineError;
}

export type ColumnKind = 'time' | 'number' | 'text' | 'json';

export interface InsightsTable {
  columns: { name: string; kind: ColumnKind }[];
  rows: (string | null)[][];
  total: number;
  partial: boolean;
}

// Lines as they come; an error line ends the stream as an ApiError.
async function stream(
  path: string, body: unknown, onLine: (line: LogLine) => void, signal: AbortSignal,
): Promise<void> {
  const response = await send(path, { method: 'POST', body: JSON.stringify(body), signal });
  if (response.body === null) return;
  for await (const read of readLines(response.body)) {
    const line = read as LogLine;
    if (line.error !== undefined) {
      const { code, message, position } = line.error;
      throw new ApiError(400, code, message, '', 0, position);
    }
    onLine(line);
  }
}

type OnLine = (line: LogLine) => void;

export const searchLogs = (
  ask: LogAsk & { limit: number; buckets?: number; after?: string }, onLine: OnLine, signal: AbortSignal,
) => stream('logs/search', ask, onLine, signal);

export const findPatterns = (ask: LogAsk, onLine: OnLine, signal: AbortSignal) => (
  stream('logs/patterns', ask, onLine, signal)
);

export const compareLogs = (ask: LogAsk, onLine: OnLine, signal: AbortSignal) => (
  stream('logs/compare', ask, onLine, signal)
);

export const tailLogs = (
  ask: Pick<LogAsk, 'text' | 'anyCase' | 'groups' | 'groupsBy' | 'streams'>, onLine: OnLine, signal: AbortSignal,
) => stream('logs/tail', ask, onLine, signal);

export const runInsights = (
  ask: Pick<LogAsk, 'text' | 'groups' | 'groupsBy' | 'range'>, onLine: OnLine, signal: AbortSignal,
) => stream('query', [{ id: 'q', lang: 'logs', ...ask }], onLine, signal);

export async function getContext(
  event: Pick<LogEvent, 'group' | 'stream' | 'id'>, limit: number, signal: AbortSignal,
): Promise<{ before: LogEvent[]; after: LogEvent[] }> {
  const { group, stream: name, id } = event;
  const body = JSON.stringify({ group, stream: name, id, limit });
  const response = await send('logs/context', { method: 'POST', body, signal });
  return (await response.json()) as { before: LogEvent[]; after: LogEvent[] };
}

export function exportUrl(ask: LogAsk, format: 'csv' | 'ndjson'): string {
  return `/ui/api/logs/export?${new URLSearchParams({ format, ask: JSON.stringify(ask) }).toString()}`;
}

async function call<T>(operation: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const response = await send(`logs/call/${operation}`, {
    method: 'POST', body: JSON.stringify(body), ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  return (text === '' ? {} : JSON.parse(text)) as T;
}

export interface LogGroup {
  logGroupName: string;
  creationTime: number;
  retentionInDays?: number;
  storedBytes: number;
  logGroupClass?: string;
}

const PAGE = 50; // the most that the API gives at once
const GROUPS_MAX = 2_000;

export async function getGroups(signal: AbortSignal): Promise<LogGroup[]> {
  const groups: LogGroup[] = [];
  let nextToken: string | undefined;
  do {
    const page = await call<{ logGroups: LogGroup[]; nextToken?: string }>('DescribeLogGroups', {
      limit: PAGE, ...(nextToken === undefined ? {} : { nextToken }),
    }, signal);
    groups.push(...page.logGroups);
    nextToken = page.nextToken;
  } while (nextToken !== undefined && groups.length < GROUPS_MAX);
  return groups;
}

export interface LogStream {
  logStreamName: string;
  creationTime: number;
  firstEventTimestamp?: number;
  lastEventTimestamp?: number;
  lastIngestionTime?: number;
  storedBytes?: number;
}

export async function getStreams(
  group: string, signal: AbortSignal,
): Promise<{ logStreams: LogStream[]; nextToken?: string }> {
  return call('DescribeLogStreams', {
    logGroupName: group, orderBy: 'LastEventTime', descending: true, limit: PAGE,
  }, signal);
}

export const setRetention = (group: string, days: number): Promise<unknown> => (
  days === 0 ? call('DeleteRetentionPolicy', { logGroupName: group })
    : call('PutRetentionPolicy', { logGroupName: group, retentionInDays: days })
);

export async function getFields(group: string, signal: AbortSignal): Promise<string[]> {
  const answer = await call<{ logGroupFields: { name: string }[] }>(
    'GetLogGroupFields', { logGroupName: group }, signal,
  );
  return answer.logGroupFields.map((one) => one.name);
}

export interface SavedQuery {
  queryDefinitionId: string;
  name: string;
  queryString: string;
  logGroupNames?: string[];
  lastModified?: number;
}

export async function getSavedQueries(signal: AbortSignal): Promise<SavedQuery[]> {
  return (await call<{ queryDefinitions: SavedQuery[] }>('DescribeQueryDefinitions', {}, signal))
    .queryDefinitions;
}

export const saveQuery = (query: Omit<SavedQuery, 'queryDefinitionId'>): Promise<unknown> => (
  call('PutQueryDefinition', query)
);

export const deleteSavedQuery = (queryDefinitionId: string): Promise<unknown> => (
  call('DeleteQueryDefinition', { queryDefinitionId })
);
