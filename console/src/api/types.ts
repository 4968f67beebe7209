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

export type ExpressionLanguage = 'promql' | 'math' | 'sql';

// A metric or another expression that an expression of metric math uses by its id.
export type Operand = { id: string } & (MetricQuery | { expression: string; period: number });

// PromQL, metric math (SEARCH too) or a query of Metrics Insights. Period 0 lets the server choose.
export interface ExpressionQuery {
  lang: ExpressionLanguage;
  expression: string;
  period: number;
  operands: Operand[];
}

export type AnyQuery = MetricQuery | ExpressionQuery;

export interface Range {
  from: number;
  to: number;
}

export interface BatchQuery {
  id: string;
  lang: 'cloudwatch' | 'promql';
  text: string;
  step: number; // seconds, of PromQL; 0 lets the server choose
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
  messages?: { code: string; message: string }[];
}

export interface CardinalityRow {
  name: string;
  value?: string; // of a pair
  series: number;
  values?: number; // different ones, of a label
  bytes?: number; // of these values
  lastActive?: number | null;
  lastRead?: number | null; // the start of a day (UTC), null: never
}

export interface Cardinality {
  series: number;
  seriesLimit: number;
  names: number;
  labels: number;
  pairs: number;
  byName: CardinalityRow[];
  byLabel: CardinalityRow[];
  byPair: CardinalityRow[];
  unread: { days: number; names: number; series: number; byName: CardinalityRow[] };
}

export interface MetricMetadata {
  name: string;
  namespace: string;
  type: string;
  unit: string;
}

export interface FunctionDoc {
  name: string;
  signature?: string;
  doc: string;
}

export interface Languages {
  promql: FunctionDoc[];
  math: FunctionDoc[];
  sql: FunctionDoc[];
  sqlKeywords: string[];
  insights: (FunctionDoc & { group: string })[];
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
