import { useText } from '../i18n';
import { Empty } from '../ui/states';

export default function NotFound() {
  const { t } = useText();
  return (
    <div className="page">
      <h1>{t('error.notFound')}</h1>
      <Empty title={t('error.notFoundHelp')} />
    </div>
  );
}
