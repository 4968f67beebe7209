import { useQueryClient, useIsFetching } from '@tanstack/react-query';
import { Link } from 'wouter';
import { useText } from '../i18n';
import { setPrefs, usePrefs } from '../state/prefs';
import { useSession } from '../state/session';
import { REFRESH } from '../state/url';
import type { View } from '../state/useView';
import { Icon } from '../ui/Icon';
import { Menu, type MenuItem } from '../ui/Menu';
import type { Overlay } from './App';
import { refreshAll } from './refresh';
import { TimeRange } from './TimeRange';

interface Props {
  view: View;
  overlay: Overlay;
  setOverlay: (overlay: Overlay) => void;
  onSignOut: () => void;
  toggleNav: () => void;
}

function Refresh({ view }: { view: View }) {
  const { t } = useText();
  const client = useQueryClient();
  const busy = useIsFetching({ queryKey: ['query'] }) > 0;
  return (
    <div className="buttons">
      <button
        type="button" className={busy ? 'topbutton busy' : 'topbutton'} aria-label={t('top.refreshNow')}
        title={t('top.refreshNow')} onClick={() => refreshAll(client)}
      >
        <Icon name="refresh" />
      </button>
      <Menu
        named label={t('top.refreshEvery')} className="topbutton" items={REFRESH.map((one) => ({
          id: one, label: one === 'off' ? t('top.refreshOff') : one, checked: view.refresh === one,
          act: () => view.set({ refresh: one }),
        }))}
      >
        <span className="hidden-text">{t('top.refreshEvery')}</span>
        <span>{view.refresh === 'off' ? t('top.refreshOff') : view.refresh}</span>
        <Icon name="down" size={12} />
      </Menu>
    </div>
  );
}

function UserMenu({ view, onSignOut }: { view: View; onSignOut: () => void }) {
  const { t } = useText();
  const prefs = usePrefs();
  const session = useSession();
  const local = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const items: MenuItem[] = [
    ...(['en', 'ja'] as const).map((language) => ({
      id: language, section: t('user.language'), label: language === 'en' ? t('user.en') : t('user.ja'),
      checked: prefs.language === language, act: () => setPrefs({ language }),
    })),
    ...(['auto', 'light', 'dark'] as const).map((theme) => ({
      id: theme, section: t('user.theme'), label: t(`theme.${theme}`), checked: prefs.theme === theme,
      act: () => setPrefs({ theme }),
    })),
    ...(['compact', 'comfortable'] as const).map((density) => ({
      id: density, section: t('user.density'), label: t(`density.${density}`),
      checked: prefs.density === density, act: () => setPrefs({ density }),
    })),
    ...(['local', 'utc'] as const).map((tz) => ({
      id: tz, section: t('user.zone'), label: tz === 'utc' ? 'UTC' : t('user.localZone', { zone: local }),
      checked: view.tz === tz,
      act: () => {
        setPrefs({ tz });
        if (view.state.tz !== null) view.set({ tz: null });
      },
    })),
    { id: 'shortcuts', section: t('user.keyboard'), label: t('user.shortcuts'), checked: prefs.shortcuts,
      act: () => setPrefs({ shortcuts: !prefs.shortcuts }) },
    ...(session.auth === 'open' ? [] : [
      { id: 'out', section: t('user.account'), label: t('user.signOut'), act: onSignOut },
    ]),
  ];
  return (
    <Menu label={t('user.menu', { user: session.user })} className="topbutton" items={items}>
      <Icon name="user" /><span className="wide-only">{session.user}</span>
    </Menu>
  );
}

export function TopBar({ view, overlay, setOverlay, onSignOut, toggleNav }: Props) {
  const { t } = useText();
  const isMac = /Mac|iPhone/.test(navigator.userAgent);
  return (
    <header className="topbar">
      <button
        type="button" className="topbutton nav-toggle" aria-label={t('nav.toggle')} aria-controls="nav"
        onClick={toggleNav}
      >
        <Icon name="menu" />
      </button>
      <Link href={view.href('/')} className="brand" aria-label={t('nav.brand')}>
        <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="8" fill="#1f5fd6" />
          <path
            d="M5 19h5l3-9 5 14 4-9 1.500 4H27" fill="none" stroke="#fff" strokeWidth="2.600"
            strokeLinecap="round" strokeLinejoin="round"
          />
        </svg>
        <span>kansoku</span>
      </Link>
      <button type="button" className="searchbutton" onClick={() => setOverlay('palette')}>
        <Icon name="search" /><span className="search-hint">{t('top.searchHint')}</span>
        <kbd aria-hidden="true">{isMac ? '⌘K' : 'Ctrl K'}</kbd>
      </button>
      <span className="grow" />
      <TimeRange view={view} open={overlay === 'time'} setOpen={(open) => setOverlay(open ? 'time' : null)} />
      <Refresh view={view} />
      <button
        type="button" className="topbutton wide-only" aria-label={t('top.help')} title={t('top.help')}
        onClick={() => setOverlay('shortcuts')}
      >
        <Icon name="help" />
      </button>
      <UserMenu view={view} onSignOut={onSignOut} />
    </header>
  );
}
