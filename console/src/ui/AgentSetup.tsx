// What fills an empty place: one command an agent, ready to be copied.
import { useText } from '../i18n';
import { Command } from './states';

export function AgentSetup() {
  const { t } = useText();
  const origin = window.location.origin;
  const now = Math.floor(Date.now() / 1000);
  return (
    <div className="setup">
      <h3>{t('setup.here')}</h3>
      <Command text={`kansoku up --listen ${window.location.host}`} />
      <h3>{t('setup.cli')}</h3>
      <Command text={`aws cloudwatch put-metric-data --endpoint-url ${origin} --namespace Demo `
        + `--metric-name requests --value 1 --timestamp ${now}`} />
      <h3>{t('setup.agent')}</h3>
      <Command text={`"metrics": { "endpoint_override": "${origin}" }`} />
    </div>
  );
}
