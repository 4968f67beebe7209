// Queries that are kept on the server, the same that DescribeQueryDefinitions lists.
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { deleteSavedQuery, getSavedQueries, saveQuery, type SavedQuery } from '../../api/logs';
import { useText } from '../../i18n';
import { Dialog } from '../../ui/Dialog';
import { Icon } from '../../ui/Icon';
import { notify } from '../../ui/notify';
import { Empty, Failure } from '../../ui/states';

function SaveForm({ text, groups, done }: { text: string; groups: string[]; done: () => void }) {
  const { t } = useText();
  const [name, setName] = useState('');
  const [error, setError] = useState('');
  return (
    <form className="row" onSubmit={(event) => {
      event.preventDefault();
      saveQuery({ name, queryString: text, ...(groups.length === 0 ? {} : { logGroupNames: groups }) })
        .then(() => {
          notify(t('logs.saved'));
          setName('');
          done();
        }).catch((failed: unknown) => setError(failed instanceof Error ? failed.message : String(failed)));
    }}>
      <input className="plain" value={name} required maxLength={255} placeholder={t('logs.queryName')}
        aria-label={t('logs.queryName')} onChange={(event) => setName(event.target.value)} />
      <button type="submit" className="primary small" disabled={name === ''}>{t('logs.save')}</button>
      {error !== '' && <span className="hint bad" role="alert">{error}</span>}
    </form>
  );
}

export function SavedQueries({ text, groups, open }: {
  text: string; groups: string[]; open: (query: SavedQuery) => void;
}) {
  const { t } = useText();
  const [shown, setShown] = useState(false);
  const list = useQuery({
    queryKey: ['logs', 'saved'], enabled: shown, queryFn: ({ signal }) => getSavedQueries(signal),
  });
  const remove = (query: SavedQuery) => {
    void deleteSavedQuery(query.queryDefinitionId).finally(() => list.refetch());
  };
  return (
    <>
      <button type="button" className="textbutton" onClick={() => setShown(true)}>{t('logs.savedQueries')}</button>
      {shown && (
        <Dialog label={t('logs.savedQueries')} close={() => setShown(false)}>
          <div className="dialog-head">
            <h2>{t('logs.savedQueries')}</h2>
            <button type="button" className="iconbutton" aria-label={t('action.close')} onClick={() => setShown(false)}>
              <Icon name="close" />
            </button>
          </div>
          <SaveForm text={text} groups={groups} done={() => void list.refetch()} />
          {list.error !== null && <Failure error={list.error} retry={() => void list.refetch()} />}
          {list.data?.length === 0 && <Empty title={t('logs.noSaved')} />}
          <ul className="savedlist">
            {(list.data ?? []).map((one) => (
              <li key={one.queryDefinitionId}>
                <button type="button" className="savedquery" onClick={() => { open(one); setShown(false); }}>
                  <strong>{one.name}</strong>
                  <code>{one.queryString}</code>
                </button>
                <button type="button" className="iconbutton" aria-label={t('logs.deleteQuery', { name: one.name })}
                  title={t('logs.deleteQuery', { name: one.name })} onClick={() => remove(one)}>
                  <Icon name="trash" />
                </button>
              </li>
            ))}
          </ul>
        </Dialog>
      )}
    </>
  );
}
