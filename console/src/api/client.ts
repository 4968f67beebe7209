// The only file that calls fetch: session, CSRF header, errors, and the streamed query.
import { readLines } from './ndjson';
import type {
  BatchQuery, Cardinality, Host, Languages, MetricMetadata, MetricPage, NamespaceCount,
  QueryLine, ServerStatus, Session,
} from './types';

const ROOT = '/ui/api/';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId: string,
    readonly retryAfterS: number,
    readonly position?: number, // byte of the query's text
  ) {
    super(message);
  }
}

let csrf = '';
let onSignedOut: () => void = () => undefined;

export function whenSignedOut(action: () => void): void {
  onSignedOut = action;
}

async function failure(response: Response): Promise<ApiError> {
  let code = `Http${response.status}`;
  let message = response.statusText;
  let requestId = response.headers.get('x-request-id') ?? '';
  try {
    const body = (await response.json()) as {
      error?: { code?: string; message?: string; requestId?: string };
      __type?: string; message?: string; // of an operation of CloudWatch Logs
    };
    code = body.error?.code ?? body.__type?.split('#').at(-1) ?? code;
    message = body.error?.message ?? body.message ?? message;
    requestId = body.error?.requestId ?? requestId;
  } catch {
    // The body is not ours (a proxy in between): the status line is all there is.
  }
  const retryAfter = Number(response.headers.get('retry-after') ?? '0');
  return new ApiError(response.status, code, message, requestId, retryAfter);
}

export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (init.method !== undefined && init.method !== 'GET' && csrf !== '') {
    headers.set('x-kansoku-csrf', csrf);
  }
  if (init.body !== undefined) headers.set('content-type', 'application/json');
  let response: Response;
  try {
    response = await fetch(ROOT + path, { ...init, headers, credentials: 'same-origin' });
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new ApiError(0, 'Unreachable', String(error), '', 0);
  }
  if (response.ok) return response;
  const error = await failure(response);
  if (error.status === 401 && path !== 'session') onSignedOut();
  throw error;
}

async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await send(path, signal === undefined ? {} : { signal });
  return (await response.json()) as T;
}

export async function getSession(): Promise<Session> {
  const session = await getJson<Session>('session');
  csrf = session.csrf;
  return session;
}

export async function signIn(user: string, password: string): Promise<Session> {
  const body = JSON.stringify({ user, password });
  const response = await send('session', { method: 'POST', body });
  const session = (await response.json()) as Session;
  csrf = session.csrf;
  return session;
}

export async function signOut(): Promise<void> {
  await send('session', { method: 'DELETE' });
  csrf = '';
}

export async function getHosts(signal?: AbortSignal): Promise<Host[]> {
  return (await getJson<{ hosts: Host[] }>('hosts', signal)).hosts;
}

export async function getHost(id: string, signal?: AbortSignal): Promise<Host> {
  return getJson<Host>(`hosts/${encodeURIComponent(id)}`, signal);
}

export async function watchHost(id: string): Promise<void> {
  await send(`hosts/${encodeURIComponent(id)}/watch`, { method: 'POST' });
}

export async function getNamespaces(signal?: AbortSignal): Promise<NamespaceCount[]> {
  return (await getJson<{ namespaces: NamespaceCount[] }>('metrics/namespaces', signal)).namespaces;
}

export interface MetricFilter {
  namespace?: string;
  name?: string;
  q?: string;
  limit?: number;
  after?: string;
}

function parameters(values: Record<string, string | number | undefined>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') search.set(key, String(value));
  }
  return search.toString();
}

export async function getMetrics(filter: MetricFilter, signal?: AbortSignal): Promise<MetricPage> {
  return getJson<MetricPage>(`metrics?${parameters({ ...filter })}`, signal);
}

export interface CardinalityFilter {
  limit: number;
  unreadDays: number;
}

export async function getCardinality(filter: CardinalityFilter, signal?: AbortSignal): Promise<Cardinality> {
  return getJson<Cardinality>(`cardinality?${parameters({ ...filter })}`, signal);
}

export async function getLabels(metric = ''): Promise<string[]> {
  return (await getJson<{ values: string[] }>(`labels?${parameters({ metric })}`)).values;
}

export async function getLabelValues(label: string, metric = ''): Promise<string[]> {
  const path = `labels/${encodeURIComponent(label)}/values?${parameters({ metric, limit: 10_000 })}`;
  return (await getJson<{ values: string[] }>(path)).values;
}

export async function getMetadata(): Promise<MetricMetadata[]> {
  return (await getJson<{ metrics: MetricMetadata[] }>('metadata')).metrics;
}

export async function getLanguages(): Promise<Languages> {
  return getJson<Languages>('languages');
}

export async function getStatus(signal?: AbortSignal): Promise<ServerStatus> {
  return getJson<ServerStatus>('status', signal);
}

export async function streamQueries(
  queries: BatchQuery[],
  onLine: (line: QueryLine) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await send('query', { method: 'POST', body: JSON.stringify(queries), signal });
  if (response.body === null) return;
  for await (const line of readLines(response.body)) onLine(line as QueryLine);
}
