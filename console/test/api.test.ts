import { describe, expect, it } from 'vitest';
import { QueryBatcher } from '../src/api/batch';
import { readLines } from '../src/api/ndjson';
import type { BatchQuery, QueryLine } from '../src/api/types';

const frame = { time: [1], series: [], partial: false, truncated: null };
const stats = { series: 0, points: 0, bytes: 0, elapsedMs: 1, cacheShare: 0, tier: 'raw', period: 1 };
const ask = (text: string, signal = new AbortController().signal) => (
  { lang: 'cloudwatch' as const, step: 0, text, range: { from: 0, to: 1 }, maxPoints: 10, signal }
);

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of source) list.push(one);
  return list;
}

describe('NDJSON', () => {
  it('reads lines that are cut anywhere, also inside a character', async () => {
    const bytes = new TextEncoder().encode('{"a":"漢字"}\n\n{"b":2}\n{"c":3}');
    for (let size = 1; size <= bytes.length; size += 1) {
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let i = 0; i < bytes.length; i += size) controller.enqueue(bytes.slice(i, i + size));
          controller.close();
        },
      });
      expect(await all(readLines(stream))).toEqual([{ a: '漢字' }, { b: 2 }, { c: 3 }]);
    }
  });
});

describe('query batches', () => {
  it('sends the queries of one moment together and gives each its answer', async () => {
    const sent: BatchQuery[][] = [];
    const batcher = new QueryBatcher(async (queries, onLine) => {
      sent.push(queries);
      for (const { id, text } of [...queries].reverse()) {
        onLine({ id, frame: { ...frame, time: [Number(text)] } });
        onLine({ id, stats });
      }
    });
    const answers = await Promise.all(['1', '2', '3'].map((text) => batcher.query(ask(text))));
    expect(sent).toHaveLength(1);
    expect(answers.map((one) => one.frame.time)).toEqual([[1], [2], [3]]);
  });

  it('gives one query its error and the others their data', async () => {
    const batcher = new QueryBatcher(async (_queries, onLine) => {
      onLine({ id: 'q0', error: { code: 'Bad', message: 'no such statistic' } });
      onLine({ id: 'q1', frame });
      onLine({ id: 'q1', stats });
    });
    const [bad, good] = await Promise.allSettled([batcher.query(ask('a')), batcher.query(ask('b'))]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'Bad' } });
    expect(good.status).toBe('fulfilled');
  });

  it('closes the stream only when every query of it is cancelled', async () => {
    let streamSignal: AbortSignal | undefined;
    const batcher = new QueryBatcher((_queries, _onLine: (line: QueryLine) => void, signal) => {
      streamSignal = signal;
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    });
    const [a, b] = [new AbortController(), new AbortController()];
    const answers = Promise.allSettled([batcher.query(ask('a', a.signal)), batcher.query(ask('b', b.signal))]);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
    a.abort();
    expect(streamSignal?.aborted).toBe(false);
    b.abort();
    expect(streamSignal?.aborted).toBe(true);
    expect((await answers).map((one) => one.status)).toEqual(['rejected', 'rejected']);
  });

  it('takes an ended stream without a frame as an empty answer', async () => {
    const batcher = new QueryBatcher(async () => undefined);
    expect((await batcher.query(ask('a'))).frame.series).toEqual([]);
  });
});
