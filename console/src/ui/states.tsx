// The looks of a state: loading, empty, failed, denied. Each is different at a glance.
import { useEffect, useState, type ReactNode } from 'react';
import { ApiError } from '../api/client';
import { useText } from '../i18n';
import { Icon } from './Icon';
import { notify } from './notify';

export function Skeleton({ height, label }: { height: number; label?: string }) {
  const { t } = useText();
  return (
    <div className="skeleton" role="status" aria-label={label ?? t('state.loading')} ref={(element) => {
      if (element !== null) element.style.height = `${height}px`;
    }} />
  );
}

export async function copyText(text: string, done: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  notify(done);
}

export function Command({ text }: { text: string }) {
  const { t } = useText();
  return (
    <div className="command">
      <pre tabIndex={0}><code>{text}</code></pre>
      <button
        type="button" className="iconbutton" aria-label={t('action.copyCommand')}
        title={t('action.copyCommand')} onClick={() => void copyText(text, t('note.copied'))}
      >
        <Icon name="copy" />
      </button>
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children}
    </div>
  );
}

function detailsOf(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  return JSON.stringify({
    code: error.code, status: error.status, message: error.message, requestId: error.requestId,
    at: new Date().toISOString(),
  });
}

export function Failure({ error, retry }: { error: unknown; retry: () => void }) {
  const { t } = useText();
  const isDenied = error instanceof ApiError && error.status === 403;
  const message = error instanceof ApiError && error.code === 'Unreachable'
    ? t('error.unreachable') : error instanceof Error ? error.message : String(error);
  return (
    <div className="failure" role="alert">
      <Icon name="warning" />
      <div>
        <strong>{isDenied ? t('state.denied') : t('state.failed')}</strong>
        <p>{message}</p>
        {isDenied && <p>{t('state.deniedHelp')}</p>}
        <div className="row">
          <button type="button" className="textbutton" onClick={retry}>{t('action.retry')}</button>
          <button
            type="button" className="textbutton"
            onClick={() => void copyText(detailsOf(error), t('note.copied'))}
          >
            {t('action.copyDetails')}
          </button>
        </div>
      </div>
    </div>
  );
}

// True once `active` has held for `ms`: a bar that appears at once would only flicker.
export function useAfter(active: boolean, ms: number): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!active) {
      setLate(false);
      return undefined;
    }
    const timer = setTimeout(() => setLate(true), ms);
    return () => clearTimeout(timer);
  }, [active, ms]);
  return late;
}

export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
