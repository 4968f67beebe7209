// One query's text. Enter runs it, Shift+Enter begins a line, leaving the field runs it too.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, insertNewline } from '@codemirror/commands';
import { HighlightStyle, StreamLanguage, syntaxHighlighting, bracketMatching } from '@codemirror/language';
import { EditorState, Prec, StateEffect, StateField, type Extension } from '@codemirror/state';
import { Decoration, EditorView, keymap, placeholder, type DecorationSet } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef } from 'react';
import type { ExpressionLanguage } from '../api/types';
import { insightsSupport } from './insights';
import { errorSpan } from './position';
import { promqlSupport } from './promql';
import { wordSource } from './words';
import './editor.css';

export type EditorLanguage = ExpressionLanguage | 'insights';

export interface EditorProps {
  lang: EditorLanguage;
  text: string;
  label: string;
  hint: string;
  // What may be named: other rows in metric math, fields in Logs Insights.
  ids: string[];
  position: number | null; // of the error, in bytes
  errorId: string | null; // the element that says what is wrong
  run: (text: string) => void;
  // Every change as it is typed. Where it is given, Enter begins a line and only Ctrl+Enter runs.
  edit?: (text: string) => void;
}

const setError = StateEffect.define<number | null>();
const underline = Decoration.mark({ class: 'cm-wrong' });

const errorField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (marks, transaction) => {
    for (const effect of transaction.effects) {
      if (!effect.is(setError)) continue;
      const text = transaction.state.doc.toString();
      const span = effect.value === null ? null : errorSpan(text, effect.value);
      return span === null ? Decoration.none : Decoration.set([underline.range(span.from, span.to)]);
    }
    return marks.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

const KEYWORDS: Record<'math' | 'sql', RegExp> = {
  math: /^(REPEAT|LINEAR|ASC|DESC)\b/,
  sql: /^(SELECT|FROM|SCHEMA|WHERE|AND|OR|NOT|GROUP|ORDER|BY|ASC|DESC|LIMIT)\b/i,
};

function streamLanguage(lang: 'math' | 'sql'): Extension {
  return StreamLanguage.define<null>({
    name: lang,
    startState: () => null,
    token: (stream) => {
      if (stream.eatSpace()) return null;
      if (stream.match(/^"[^"]*"?/)) return lang === 'sql' ? 'variableName' : 'string';
      if (stream.match(/^'[^']*'?/)) return 'string';
      if (stream.match(/^\d+(\.\d+)?/)) return 'number';
      if (stream.match(KEYWORDS[lang])) return 'keyword';
      if (stream.match(/^[A-Z][A-Z0-9_]*(?=\s*\()/i)) return 'variableName.function';
      if (stream.match(/^[A-Za-z_]\w*/)) return 'variableName';
      stream.next();
      return 'operator';
    },
  });
}

// Colours are those of the theme, so that both modes follow.
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], class: 'cm-t-keyword' },
  { tag: [tags.function(tags.variableName)], class: 'cm-t-function' },
  { tag: [tags.string], class: 'cm-t-string' },
  { tag: [tags.number], class: 'cm-t-number' },
  { tag: [tags.labelName, tags.propertyName], class: 'cm-t-label' },
  { tag: [tags.comment, tags.lineComment], class: 'cm-t-comment' },
]);

function nonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.content ?? '';
}

function languageOf(lang: EditorLanguage, ids: () => string[]): Extension {
  if (lang === 'promql') return promqlSupport();
  if (lang === 'insights') return insightsSupport(ids);
  // One object: what a source that is new each time finds is thrown away as another one's.
  const data = [{ autocomplete: wordSource(lang, ids) }];
  return [streamLanguage(lang), EditorState.languageData.of(() => data)];
}

export default function Editor(props: EditorProps) {
  const root = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const { lang, label, hint } = props;
  const isLong = props.edit !== undefined;

  useEffect(() => {
    const parent = root.current;
    if (parent === null) return undefined;
    const commit = (editor: EditorView): boolean => {
      const text = editor.state.doc.toString();
      if (isLong || text !== latest.current.text) latest.current.run(text);
      return true;
    };
    const editor = new EditorView({
      parent,
      state: EditorState.create({
        doc: latest.current.text,
        extensions: [
          EditorView.cspNonce.of(nonce()), history(), bracketMatching(), closeBrackets(),
          autocompletion({ icons: false }), errorField, syntaxHighlighting(colours), placeholder(hint),
          EditorView.lineWrapping, languageOf(lang, () => latest.current.ids),
          EditorView.contentAttributes.of(() => ({
            'aria-label': label,
            ...(latest.current.errorId === null ? {}
              : { 'aria-invalid': 'true', 'aria-describedby': latest.current.errorId }),
          })),
          EditorView.domEventHandlers({ blur: (_event, self) => { if (!isLong) commit(self); } }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.edit?.(update.state.doc.toString());
          }),
          keymap.of([...closeBracketsKeymap, ...completionKeymap]),
          Prec.low(keymap.of([
            { key: 'Shift-Enter', run: insertNewline }, { key: 'Mod-Enter', run: commit },
            ...(isLong ? [] : [{ key: 'Enter', run: commit }]), ...historyKeymap, ...defaultKeymap,
          ])),
        ],
      }),
    });
    view.current = editor;
    return () => {
      view.current = null;
      editor.destroy();
    };
  }, [lang, label, hint, isLong]);

  useEffect(() => {
    const editor = view.current;
    if (editor === null) return;
    const shown = editor.state.doc.toString();
    const changes = shown !== props.text && !editor.hasFocus
      ? { changes: { from: 0, to: shown.length, insert: props.text } } : {};
    editor.dispatch(changes);
    const isSame = editor.state.doc.toString() === props.text;
    editor.dispatch({ effects: setError.of(isSame ? props.position : null) });
  }, [props.text, props.position, props.errorId, lang, label, hint, isLong]);

  return <div className="editor" ref={root} data-lang={lang} />;
}
