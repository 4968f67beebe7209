// Puts the queries of one moment into one request, so that a page of forty charts is one stream.
// A query that is cancelled leaves the batch; the stream is closed when none is left in it.
import { ApiError } from './client';
import type { BatchQuery, Frame, Progress, QueryLine, QueryStats, Range } from './types';

export interface QueryResult {
  frame: Frame;
  stats: QueryStats | null;
  fetchedAt: number;
  range: Range;
}

export interface QueryRequest {
  lang: BatchQuery['lang'];
  text: string;
  step: number;
  range: Range;
  maxPoints: number;
  signal: AbortSignal;
  onProgress?: (progress: Progress) => void;
  onPartial?: (frame: Frame) => void;
}

type Send = (
  queries: BatchQuery[],
  onLine: (line: QueryLine) => void,
  signal: AbortSignal,
) => Promise<void>;

interface Waiting {
  request: QueryRequest;
  frame: Frame | null;
  stats: QueryStats | null;
  settled: boolean;
  resolve: (result: QueryResult) => void;
  reject: (error: unknown) => void;
}

const BATCH_MAX = 100; // the server's limit of queries in one request
const EMPTY: Frame = { time: [], series: [], partial: false, truncated: null };

export class QueryBatcher {
  private waiting: Waiting[] = [];
  private scheduled = false;

  constructor(private readonly sendBatch: Send) {}

  query(request: QueryRequest): Promise<QueryResult> {
    return new Promise((resolve, reject) => {
      this.waiting.push({
        request, resolve, reject, frame: null, stats: null, settled: false,
      });
      if (this.scheduled) return;
      this.scheduled = true;
      setTimeout(() => this.flush(), 8); // half a display frame: charts mount in one commit
    });
  }

  private flush(): void {
    this.scheduled = false;
    const all = this.waiting;
    this.waiting = [];
    for (let i = 0; i < all.length; i += BATCH_MAX) void this.run(all.slice(i, i + BATCH_MAX));
  }

  private async run(batch: Waiting[]): Promise<void> {
    const controller = new AbortController();
    const drop = (entry: Waiting) => {
      this.settle(entry, () => entry.reject(new DOMException('cancelled', 'AbortError')));
      if (batch.every((other) => other.settled)) controller.abort();
    };
    const queries: BatchQuery[] = [];
    batch.forEach((entry, index) => {
      const { signal, lang, text, step, range, maxPoints } = entry.request;
      if (signal.aborted) return drop(entry);
      signal.addEventListener('abort', () => drop(entry), { once: true });
      queries.push({ id: `q${index}`, lang, text, step, range, maxPoints, vars: {} });
    });
    if (queries.length === 0) return;
    try {
      await this.sendBatch(queries, (line) => this.accept(batch, line), controller.signal);
      for (const entry of batch) this.finish(entry);
    } catch (error) {
      for (const entry of batch) this.settle(entry, () => entry.reject(error));
    }
  }

  private accept(batch: Waiting[], line: QueryLine): void {
    const entry = batch[Number(line.id.slice(1))];
    if (entry === undefined || entry.settled) return;
    if ('progress' in line) entry.request.onProgress?.(line.progress);
    else if ('error' in line) {
      const { code, message, position } = line.error;
      this.settle(entry, () => entry.reject(new ApiError(200, code, message, '', 0, position)));
    } else if ('stats' in line) {
      entry.stats = line.stats;
      this.finish(entry);
    } else {
      entry.frame = line.frame;
      if (line.frame.partial) entry.request.onPartial?.(line.frame);
    }
  }

  // The stream ended without a frame for this id: the query found nothing.
  private finish(entry: Waiting): void {
    this.settle(entry, () => entry.resolve({
      frame: entry.frame ?? EMPTY,
      stats: entry.stats,
      fetchedAt: Date.now(),
      range: entry.request.range,
    }));
  }

  private settle(entry: Waiting, action: () => void): void {
    if (entry.settled) return;
    entry.settled = true;
    action();
  }
}
