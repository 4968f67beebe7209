import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useState } from 'react';
import { ApiError, signIn } from '../api/client';
import type { Session } from '../api/types';
import { useText } from '../i18n';
import { setPrefs } from '../state/prefs';

export default function SignIn({ done }: { done: (session: Session) => void }) {
  const { t, lang } = useText();
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);

  const submit = async () => {
    setBusy(true);
    setError('');
    try {
      done(await signIn(user, password));
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      if (problem.status === 401) setError(t('signin.wrong'));
      else if (problem.status === 429) setError(t('signin.wait', { seconds: problem.retryAfterS }));
      else setError(problem.message);
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className="signin">
      <form className="card" onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}>
        <h1>
          <img src="/ui/favicon.svg" width="28" height="28" alt="" />
          kansoku
        </h1>
        <p className="hint">{t('signin.intro')}</p>
        {error !== '' && <Alert type="error" statusIconAriaLabel={t('state.failed')}>{error}</Alert>}
        <FormField label={t('signin.user')}>
          <Input
            value={user} name="username" autoComplete="username" autoFocus
            onChange={({ detail }) => setUser(detail.value)}
          />
        </FormField>
        <FormField label={t('signin.password')}>
          <Input
            value={password} name="password" type="password" autoComplete="current-password"
            onChange={({ detail }) => setPassword(detail.value)}
          />
        </FormField>
        <Button variant="primary" formAction="submit" loading={busy} loadingText={t('state.loading')}
          disabled={user === '' || password === ''} fullWidth>
          {t('signin.submit')}
        </Button>
        <p className="hint">{t('signin.link')}</p>
        <button
          type="button" className="textbutton" lang={lang === 'en' ? 'ja' : 'en'}
          onClick={() => setPrefs({ language: lang === 'en' ? 'ja' : 'en' })}
        >
          {lang === 'en' ? t('user.ja') : t('user.en')}
        </button>
      </form>
    </main>
  );
}
