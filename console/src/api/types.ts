// The shapes of docs/formats/console-api.md.

export interface Session {
  user: string;
  role: string;
  account: string;
  region: string;
  csrf: string;
  version: string;
  hostId: string;
  auth: 'strict' | 'open';
}

export interface Host {
  id: string;
  name: string;
  os: string;
  kernel: string;
  arch: string;
  cpus: number;
  memoryBytes: number;
  bootTime: number;
  lastSeen: number;
  source: string;
}

export interface NamespaceCount {
  namespace: string;
  metrics: number;
}

export type Dimensions = Record<string, string>;

export interface Metric {
  namespace: string;
  name: string;
  dimensions: Dimensions;
  unit: string;
  lastActive: number;
}

export interface MetricPage {
  metrics: Metric[];
  next: string | null;
  total: number;
}

export interface ServerStatus {
  version: string;
  uptimeMs: number;
  series: number;
  points: number;
  diskBytes: number;
  rssBytes: number;
  queries: number;
  lastError: string | null; // null or empty: none since the start
}

// The text of a query with `lang: cloudwatch`; times elsewhere are Unix milliseconds, period seconds.
export interface MetricQuery {
  namespace: string;
  metric: string;
  dimensions: Dimensions;
  match: 'exact' | 'subset';
  stat: string;
  period: number;
}

export interface Range {
  from: number;
  to: number;
}

export interface BatchQuery {
  id: string;
  lang: 'cloudwatch';
  text: string;
  range: Range;
  maxPoints: number;
  vars: Record<string, string>;
}

export type Value = number | null;

export interface FrameSeries {
  label: string;
  dimensions: Dimensions;
  unit: string;
  stat: string;
  period: number;
  values: Value[];
}

export interface Frame {
  time: number[];
  series: FrameSeries[];
  partial: boolean;
  truncated: { limit: number; total: number } | null;
}

export interface Progress {
  done: number;
  total: number;
  rows: number;
  elapsedMs: number;
}

export interface QueryStats {
  series: number;
  points: number;
  bytes: number;
  elapsedMs: number;
  cacheShare: number;
  tier: string;
  period: number;
}

export interface QueryError {
  code: string;
  message: string;
  position?: number;
}

export type QueryLine =
  | { id: string; progress: Progress }
  | { id: string; frame: Frame }
  | { id: string; error: QueryError }
  | { id: string; stats: QueryStats };
