// The text of a search. Enter asks; what is wrong stands below, with its place.
import { useEffect, useId, useRef, useState } from 'react';
import { ApiError } from '../../api/client';
import { indexOfByte } from '../../editor/position';
import { useText, type Key } from '../../i18n';
import { isPattern } from '../../state/logs';
import { Icon } from '../../ui/Icon';
import { Dialog } from '../../ui/Dialog';

// Examples are the same in every language.
const HELP: [string, Key][] = [
  ['timeout payment', 'logs.help.words'],
  ['"connection reset"', 'logs.help.phrase'],
  ['-healthcheck', 'logs.help.without'],
  ['status=502', 'logs.help.field'],
  ['request.user="Ann B"', 'logs.help.path'],
  ['status!=200  -status=200', 'logs.help.fieldNot'],
  ['took_ms>250  took_ms<=1e3', 'logs.help.number'],
  ['host~web  host!~web', 'logs.help.part'],
  ['error=*  error!=*', 'logs.help.present'],
  ['@log=… @logStream~… @level=error', 'logs.help.names'],
  ['?warn ?error', 'logs.help.either'],
  ['%time(d )?out%', 'logs.help.expression'],
  ['{ $.status >= 500 }  [ip, …, status = 5*]', 'logs.help.pattern'],
];

function Help({ close }: { close: () => void }) {
  const { t } = useText();
  return (
    <Dialog label={t('logs.help')} close={close} className="dialog searchhelp">
      <div className="dialog-head">
        <h2>{t('logs.help')}</h2>
        <button type="button" className="iconbutton" aria-label={t('action.close')} onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <dl>
        {HELP.map(([example, key]) => (
          <div key={key}><dt><code>{example}</code></dt><dd>{t(key)}</dd></div>
        ))}
        <div><dt><code aria-hidden="true">{t('logs.caseSign')}</code></dt><dd>{t('logs.help.case')}</dd></div>
      </dl>
      <p className="hint">{t('logs.help.all')}</p>
    </Dialog>
  );
}

function Wrong({ id, text, error, position }: { id: string; text: string; error: ApiError; position: number }) {
  const at = indexOfByte(text, position);
  return (
    <p id={id} className="hint bad mono wherewrong" data-position={position}>
      {text.slice(0, at)}<u>{text.slice(at, at + 1) || '␣'}</u>{text.slice(at + 1)}
      {' — '}{error.message}
    </p>
  );
}

export function SearchBox({ text, anyCase, error, run }: {
  text: string; anyCase: boolean; error: unknown; run: (change: { text?: string; anyCase?: boolean }) => void;
}) {
  const { t } = useText();
  const [typed, setTyped] = useState(text);
  const [helps, setHelps] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const errorId = useId();
  const costId = useId();
  useEffect(() => setTyped(text), [text]);
  const position = error instanceof ApiError ? error.position : undefined;
  const cannot = isPattern(typed);
  const isAlike = anyCase && !cannot;
  return (
    <form className="searchbox" role="search" onSubmit={(event) => {
      event.preventDefault();
      run({ text: typed.trim() });
    }}>
      <span className="field big" data-filter="">
        <Icon name="search" size={14} />
        <input
          ref={field} value={typed} placeholder={t('logs.searchHint')} aria-label={t('logs.search')}
          spellCheck={false} aria-invalid={position !== undefined}
          {...(position === undefined ? {} : { 'aria-describedby': errorId })}
          onChange={(event) => setTyped(event.target.value)}
          onKeyDown={(event) => { if (event.key === 'Escape') event.currentTarget.blur(); }}
        />
        <button
          type="button" className="casebutton" aria-pressed={isAlike} disabled={cannot} data-action="case"
          aria-label={t('logs.anyCase')} title={cannot ? t('logs.noAnyCase') : t('logs.anyCase')}
          {...(isAlike ? { 'aria-describedby': costId } : {})}
          onClick={() => run({ text: typed.trim(), anyCase: !anyCase })}
        >
          {t('logs.caseSign')}
        </button>
        <button type="button" className="iconbutton" aria-label={t('logs.help')} title={t('logs.help')}
          data-action="help" onClick={() => setHelps(true)}>
          <Icon name="help" size={14} />
        </button>
      </span>
      <button type="submit" className="primary small">{t('logs.run')}</button>
      {isAlike && typed.trim() !== '' && <p id={costId} className="hint casecost">{t('logs.anyCaseCost')}</p>}
      {position !== undefined && typed === text && (
        <Wrong id={errorId} text={text} error={error as ApiError} position={position} />
      )}
      {helps && <Help close={() => { setHelps(false); field.current?.focus(); }} />}
    </form>
  );
}
