// CloudWatch Logs Insights: colours, and completion of commands, functions and fields. What there
// is comes from the server's tables.
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { StreamLanguage } from '@codemirror/language';
import { EditorState, type Extension } from '@codemirror/state';
import type { FunctionDoc } from '../api/types';
import { languages, openQuote } from './words';

const COMMANDS = new RegExp('^(fields|display|filter|filterIndex|stats|sort|limit|dedup|parse|pattern|diff|unmask'
  + '|unnest|anomaly|lookup|join|SOURCE|addtotals|append)\\b', 'i');
const WORDS = /^(by|as|like|and|or|not|in|asc|desc|inner|left|on|head|tail|from|where)\b/i;

const insights = StreamLanguage.define<{ start: boolean }>({
  name: 'insights',
  startState: () => ({ start: true }),
  token: (stream, state) => {
    if (stream.eatSpace()) return null;
    const isStart = state.start;
    state.start = false;
    if (stream.match(/^#.*/)) {
      state.start = isStart;
      return 'comment';
    }
    if (stream.match('|')) {
      state.start = true;
      return 'operator';
    }
    if (stream.match(/^"(?:[^"\\]|\\.)*"?/) || stream.match(/^'(?:[^'\\]|\\.)*'?/)) return 'string';
    if (stream.match(/^`[^`]*`?/)) return 'labelName';
    if (isStart && stream.match(COMMANDS)) return 'keyword';
    if (stream.match(/^\d+(\.\d+)?(ms|[smhdw])?\b/)) return 'number';
    if (stream.match(WORDS)) return 'keyword';
    if (stream.match(/^[A-Za-z_]\w*(?=\s*\()/)) return 'variableName.function';
    if (stream.match(/^@?[A-Za-z_][\w.@]*/)) return 'labelName';
    stream.next();
    return 'operator';
  },
});

const BUILT_IN = ['@timestamp', '@message', '@logStream', '@log', '@ingestionTime', '@ptr'];

type Doc = FunctionDoc & { group: string };

// What stands before the cursor: the beginning of a command, or a place inside one. Pure.
export function placeBefore(before: string): { word: string; isCommand: boolean } | null {
  if (openQuote(before) !== null) return null;
  const word = /[@A-Za-z_][\w.@]*$/.exec(before)?.[0] ?? '';
  const upto = before.slice(0, before.length - word.length).replace(/#[^\n]*/g, '').trimEnd();
  return { word, isCommand: upto === '' || upto.endsWith('|') };
}

export function insightsOptions(docs: Doc[], fields: string[], isCommand: boolean): Completion[] {
  const commands = docs.filter((one) => one.group === 'command').map((one): Completion => ({
    label: one.name, type: 'keyword', detail: one.signature ?? '', info: one.doc, apply: `${one.name} `,
  }));
  if (isCommand) return commands;
  const isName = (one: Doc) => /^[A-Za-z_]\w*$/.test(one.name) && one.group !== 'command';
  const functions = docs.filter(isName).map((one): Completion => ({
    label: one.name, type: 'function', detail: one.signature ?? '', info: one.doc,
    apply: one.group === 'operator' ? `${one.name} ` : `${one.name}(`,
  }));
  const names = [...new Set([...BUILT_IN, ...fields])].map((label): Completion => ({
    label, type: 'property', boost: 1,
    ...(/^@?[\w.]+$/.test(label) ? {} : { apply: `\`${label}\`` }),
  }));
  return [...names, ...functions];
}

function source(fields: () => string[]) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const place = placeBefore(context.state.sliceDoc(0, context.pos));
    if (place === null || (place.word === '' && !context.explicit)) return null;
    const docs = (await languages()).insights ?? [];
    const options = insightsOptions(docs, fields(), place.isCommand);
    return { from: context.pos - place.word.length, options, validFor: /^[\w.@]*$/ };
  };
}

export function insightsSupport(fields: () => string[]): Extension {
  // One object: what a source that is new each time finds is thrown away as another one's.
  const data = [{ autocomplete: source(fields) }];
  return [insights, EditorState.languageData.of(() => data)];
}
