// What to do where there is no event in the range: where events are, or how they come.
import { Link } from 'wouter';
import { formatInstant } from '../../chart/units';
import { useText } from '../../i18n';
import type { Range } from '../../api/types';
import type { View } from '../../state/useView';
import { Command, Empty } from '../../ui/states';
import { useGroups } from './GroupPicker';

export function Setup({ range, view }: { range: Range; view: View }) {
  const { t, lang } = useText();
  const groups = useGroups().data ?? [];
  const from = formatInstant(range.from, view.tz, lang);
  const to = formatInstant(range.to, view.tz, lang);
  if (groups.length > 0) {
    return (
      <Empty title={t('logs.noneInRange')}>
        <p>{t('state.emptyRange', { from, to })}</p>
        <div className="row">
          <button type="button" className="textbutton" onClick={() => view.set({ from: 'now-7d', to: 'now' })}>
            {t('range.7d')}
          </button>
          <Link className="textbutton" href={view.href('/logs/groups')}>{t('page.logGroups')}</Link>
        </div>
      </Empty>
    );
  }
  const put = [
    `aws --endpoint-url ${window.location.origin} logs create-log-group --log-group-name app`,
    `aws --endpoint-url ${window.location.origin} logs create-log-stream --log-group-name app --log-stream-name web`,
    `aws --endpoint-url ${window.location.origin} logs put-log-events --log-group-name app --log-stream-name web \\`,
    `  --log-events timestamp=$(date +%s000),message='INFO hello'`,
  ].join('\n');
  return (
    <Empty title={t('logs.noneYet')}>
      <p>{t('logs.howTo')}</p>
      <div className="setup"><Command text={put} /></div>
    </Empty>
  );
}
