// The frame around every page: session, look, navigation, top bar, overlays.
import { applyDensity, applyMode, Density, Mode } from '@cloudscape-design/global-styles';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import { Route, Switch } from 'wouter';
import { ApiError, getSession, signOut, whenSignedOut } from '../api/client';
import { useText } from '../i18n';
import { useIsDark, usePrefs } from '../state/prefs';
import { rememberSession, SessionProvider } from '../state/session';
import { useView } from '../state/useView';
import { Failure, Skeleton } from '../ui/states';
import { Notices } from '../ui/notify';
import { ErrorBoundary } from './ErrorBoundary';
import { Nav } from './Nav';
import { PAGES } from './pages';
import { TopBar } from './TopBar';
import { useShortcuts } from './useShortcuts';

const SignIn = lazy(() => import('./SignIn'));
const Palette = lazy(() => import('./Palette'));
const ShortcutList = lazy(() => import('./ShortcutList'));
const NotFound = lazy(() => import('../pages/NotFound'));

export type Overlay = 'palette' | 'shortcuts' | 'time' | null;

function useLook(): void {
  const { density } = usePrefs();
  const dark = useIsDark();
  useEffect(() => {
    applyMode(dark ? Mode.Dark : Mode.Light);
    document.documentElement.style.colorScheme = dark ? 'dark' : 'light';
  }, [dark]);
  useEffect(() => {
    applyDensity(density === 'compact' ? Density.Compact : Density.Comfortable);
  }, [density]);
}

function Frame({ onSignOut }: { onSignOut: () => void }) {
  const { t } = useText();
  const view = useView();
  const [overlay, setOverlay] = useState<Overlay>(null);
  const [navOpen, setNavOpen] = useState(false);
  useShortcuts(view, setOverlay);
  const page = PAGES.find((one) => one.path === view.path);
  useEffect(() => {
    document.title = page === undefined ? 'kansoku' : `${t(page.label)} · kansoku`;
    setNavOpen(false);
  }, [page, t, view.path]);

  return (
    <div className="frame">
      <a className="skip" href="#main">{t('nav.skip')}</a>
      <TopBar
        view={view} overlay={overlay} setOverlay={setOverlay} onSignOut={onSignOut}
        toggleNav={() => setNavOpen(!navOpen)}
      />
      <Nav view={view} open={navOpen} />
      <main id="main" tabIndex={-1}>
        <ErrorBoundary resetKey={view.path}>
          <Suspense fallback={<div className="page"><Skeleton height={420} /></div>}>
            <Switch>
              {PAGES.map((one) => (
                <Route key={one.pattern} path={one.pattern}>
                  {(params) => <one.view params={params as Record<string, string | undefined>} />}
                </Route>
              ))}
              <Route><NotFound /></Route>
            </Switch>
          </Suspense>
        </ErrorBoundary>
      </main>
      <Suspense fallback={null}>
        {overlay === 'palette' && <Palette view={view} close={() => setOverlay(null)} setOverlay={setOverlay} />}
        {overlay === 'shortcuts' && <ShortcutList close={() => setOverlay(null)} />}
      </Suspense>
      <Notices />
    </div>
  );
}

export function App() {
  useLook();
  const client = useQueryClient();
  const session = useQuery({ queryKey: ['session'], queryFn: getSession, staleTime: 300_000 });
  const [signedOut, setSignedOut] = useState(false);
  rememberSession(session.data ?? null);
  useEffect(() => whenSignedOut(() => setSignedOut(true)), []);

  const leave = () => {
    void signOut().finally(() => {
      setSignedOut(true);
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
    });
  };
  const denied = session.error instanceof ApiError && session.error.status === 401;
  if (denied || signedOut) {
    return (
      <Suspense fallback={null}>
        <SignIn done={(data) => {
          client.setQueryData(['session'], data);
          setSignedOut(false);
        }} />
      </Suspense>
    );
  }
  if (session.error !== null && session.data === undefined) {
    return <main className="page"><Failure error={session.error} retry={() => void session.refetch()} /></main>;
  }
  if (session.data === undefined) return null;
  return <SessionProvider value={session.data}><Frame onSignOut={leave} /></SessionProvider>;
}
