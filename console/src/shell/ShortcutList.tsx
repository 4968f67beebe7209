import { useText } from '../i18n';
import { Dialog } from '../ui/Dialog';
import { Icon } from '../ui/Icon';
import { SHORTCUTS } from './shortcuts';

export default function ShortcutList({ close }: { close: () => void }) {
  const { t } = useText();
  return (
    <Dialog label={t('key.title')} close={close}>
      <div className="dialog-head">
        <h2>{t('key.title')}</h2>
        <button type="button" className="iconbutton" aria-label={t('action.close')} onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <dl className="keys">
        {SHORTCUTS.map((one) => (
          <div key={one.id}>
            <dt>{one.keys.split(' ').map((key) => <kbd key={key}>{key}</kbd>)}</dt>
            <dd>{t(one.label)}</dd>
          </div>
        ))}
      </dl>
      <p className="hint">{t('key.note')}</p>
    </Dialog>
  );
}
