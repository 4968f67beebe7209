// Completion of metric math and of Metrics Insights: functions and keywords as the server has them,
// namespaces, metrics and dimensions as they are stored.
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { getLabels, getLabelValues, getLanguages } from '../api/client';
import type { FunctionDoc, Languages } from '../api/types';

const FRESH_MS = 30_000;

interface Kept<T> {
  at: number;
  value: Promise<T>;
}

const kept = new Map<string, Kept<unknown>>();

// The same answer for half a minute, so that each key press is not a request.
export function remembered<T>(key: string, ask: () => Promise<T>): Promise<T> {
  const now = Date.now();
  const known = kept.get(key) as Kept<T> | undefined;
  if (known !== undefined && now - known.at < FRESH_MS) return known.value;
  const value = ask();
  kept.set(key, { at: now, value });
  value.catch(() => kept.delete(key));
  return value;
}

export const languages = (): Promise<Languages> => remembered('languages', getLanguages);
export const labelNames = (metric = ''): Promise<string[]> => (
  remembered(`labels ${metric}`, () => getLabels(metric))
);
export const labelValues = (label: string, metric = ''): Promise<string[]> => (
  remembered(`values ${label} ${metric}`, () => getLabelValues(label, metric))
);

function calls(functions: FunctionDoc[]): Completion[] {
  return functions.map(({ name, signature, doc }) => ({
    label: name, type: 'function', detail: signature ?? '', info: doc, apply: `${name}(`,
  }));
}

const STATISTICS = ['Average', 'Sum', 'Minimum', 'Maximum', 'SampleCount', 'p50', 'p90', 'p95', 'p99'];
const OPTIONS_MAX = 500;

function texts(values: string[], type: string): Completion[] {
  return values.slice(0, OPTIONS_MAX).map((label) => ({ label, type }));
}

// What stands open at the cursor: a quote and where its text begins.
export function openQuote(before: string): { quote: string; from: number } | null {
  let open: { quote: string; from: number } | null = null;
  for (let i = 0; i < before.length; i += 1) {
    const one = before[i]!;
    if (open === null && (one === '"' || one === "'")) open = { quote: one, from: i + 1 };
    else if (open !== null && one === open.quote) open = null;
  }
  return open;
}

async function mathOptions(before: string, ids: string[]): Promise<{ from: number; options: Completion[] } | null> {
  const quote = openQuote(before);
  if (quote === null) {
    const word = /[A-Za-z_][\w]*$/.exec(before)?.[0] ?? '';
    const known = await languages();
    return { from: before.length - word.length,
      options: [...texts(ids, 'variable'), ...calls(known.math)] };
  }
  const inner = before.slice(quote.from);
  const brace = /\{([^{}]*)$/.exec(inner);
  if (brace !== null) {
    const word = /[^,]*$/.exec(brace[1]!)![0];
    const isFirst = !brace[1]!.includes(',');
    const values = isFirst ? await labelValues('__namespace__') : (await labelNames()).filter(isOwn);
    return {
      from: before.length - word.trimStart().length,
      options: texts(values, isFirst ? 'namespace' : 'property'),
    };
  }
  const word = /[\w.:/-]*$/.exec(inner)![0];
  const isSearch = inner.includes('{') || inner.length === word.length;
  const values = isSearch ? await labelValues('__name__') : [];
  return {
    from: before.length - word.length,
    options: [...texts(STATISTICS, 'constant'), ...texts(values, 'variable')],
  };
}

function isOwn(label: string): boolean {
  return !label.startsWith('__');
}

async function sqlOptions(before: string): Promise<{ from: number; options: Completion[] }> {
  const quote = openQuote(before);
  const known = await languages();
  const head = quote === null ? before : before.slice(0, quote.from - 1);
  const word = quote === null ? /[\w.]*$/.exec(before)![0] : before.slice(quote.from);
  const from = before.length - word.length;
  const upto = head.slice(0, quote === null ? head.length - word.length : head.length);
  if (/(SCHEMA\s*\(|FROM)\s*$/i.test(upto)) {
    const spaces = (await labelValues('__namespace__')).map((one) => (
      quote === null ? { label: `"${one}"`, type: 'namespace' } : { label: one, type: 'namespace' }
    ));
    const schema = { label: 'SCHEMA', type: 'keyword', apply: 'SCHEMA(' };
    return { from, options: quote === null ? [...spaces, schema] : spaces };
  }
  if (/\b(AVG|SUM|MIN|MAX|COUNT)\s*\(\s*$/i.test(upto)) {
    return { from, options: texts(await labelValues('__name__'), 'variable') };
  }
  const compared = /(?:"([^"]+)"|(\w+))\s*!?=\s*$/.exec(upto);
  if (compared !== null && quote?.quote === "'") {
    return { from, options: texts(await labelValues(compared[1] ?? compared[2]!), 'constant') };
  }
  const isName = /(SCHEMA\s*\([^)]*,|WHERE|AND|BY|,)\s*$/i.test(upto);
  const labels = isName ? texts((await labelNames()).filter(isOwn), 'property') : [];
  if (quote !== null) return { from, options: labels };
  return { from, options: [...labels, ...texts(known.sqlKeywords, 'keyword'), ...calls(known.sql)] };
}

const WORD = /^[\w.:/"-]*$/;

export function wordSource(lang: 'math' | 'sql', ids: () => string[]) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const before = context.state.sliceDoc(0, context.pos);
    const last = before.at(-1) ?? '';
    if (!context.explicit && !/[\w"'{,(]/.test(last)) return null;
    const found = lang === 'sql' ? await sqlOptions(before) : await mathOptions(before, ids());
    return found === null || found.options.length === 0 ? null : { ...found, validFor: WORD };
  };
}
