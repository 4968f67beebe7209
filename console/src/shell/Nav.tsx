import { Link } from 'wouter';
import { useText } from '../i18n';
import { useSession } from '../state/session';
import type { View } from '../state/useView';
import { Icon } from '../ui/Icon';
import { PAGES } from './pages';

// A page below another one that is in the list too is not that other one.
function isCurrent(page: string, path: string): boolean {
  if (page === '/' || PAGES.some((one) => one.path === path)) return path === page;
  return path === page || path.startsWith(`${page}/`);
}

export function Nav({ view, open }: { view: View; open: boolean }) {
  const { t } = useText();
  const { version } = useSession();
  const pages = PAGES.filter((page) => page.inNav);
  const sections = [...new Set(pages.map((page) => page.section))];
  return (
    <nav className={open ? 'nav open' : 'nav'} aria-label={t('nav.label')} id="nav">
      {sections.map((section) => (
        <div key={section ?? ''} className="nav-section">
          {section !== null && <div className="nav-heading">{t(section)}</div>}
          <ul>
            {pages.filter((page) => page.section === section).map((page) => (
              <li key={page.path}>
                <Link
                  href={view.href(page.path)} className="nav-link"
                  aria-current={isCurrent(page.path, view.path) ? 'page' : undefined}
                >
                  <Icon name={page.icon} />
                  <span>{t(page.label)}</span>
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
      <div className="nav-foot">kansoku {version}</div>
    </nav>
  );
}
