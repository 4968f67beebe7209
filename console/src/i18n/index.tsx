// Text by typed key. English is in the main chunk; Japanese is loaded when it is chosen.
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { usePrefs, type Language } from '../state/prefs';
import { en } from './en';

export type Key = keyof typeof en;
export type Messages = Record<Key, string>;
export type Vars = Record<string, string | number>;
export type Translate = (key: Key, vars?: Vars) => string;

export function translate(messages: Messages, key: Key, vars: Vars = {}): string {
  return messages[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(vars[name] ?? whole));
}

interface Text {
  t: Translate;
  lang: Language;
}

const Context = createContext<Text>({ t: (key, vars) => translate(en, key, vars), lang: 'en' });

async function load(language: Language): Promise<Messages> {
  return language === 'ja' ? (await import('./ja')).ja : en;
}

export function TextProvider({ children }: { children: ReactNode }) {
  const { language } = usePrefs();
  const [loaded, setLoaded] = useState<{ language: Language; messages: Messages } | null>(
    language === 'en' ? { language, messages: en } : null,
  );
  useEffect(() => {
    let current = true;
    void load(language).then((messages) => {
      if (current) setLoaded({ language, messages });
    });
    return () => { current = false; };
  }, [language]);
  const text = useMemo<Text | null>(() => (loaded === null ? null : {
    t: (key, vars) => translate(loaded.messages, key, vars), lang: loaded.language,
  }), [loaded]);
  useEffect(() => {
    if (text !== null) document.documentElement.lang = text.lang;
  }, [text]);
  return text === null ? null : <Context.Provider value={text}>{children}</Context.Provider>;
}

export function useText(): Text {
  return useContext(Context);
}
