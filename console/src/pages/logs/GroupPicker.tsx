// Which log groups are asked; all of them where none is chosen.
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { getGroups } from '../../api/logs';
import { formatValue } from '../../chart/units';
import { useText } from '../../i18n';
import { Icon } from '../../ui/Icon';

const SHOWN_MAX = 200;

export function useGroups() {
  return useQuery({
    queryKey: ['logs', 'groups'], queryFn: ({ signal }) => getGroups(signal), staleTime: 10_000,
    refetchInterval: 30_000,
  });
}

export function GroupPicker({ groups, set }: { groups: string[]; set: (groups: string[]) => void }) {
  const { t, lang } = useText();
  const [open, setOpen] = useState(false);
  const [find, setFind] = useState('');
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const list = useGroups();
  useEffect(() => {
    if (!open) return undefined;
    const outside = (event: PointerEvent) => {
      if (root.current?.contains(event.target as Node) === false) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    return () => document.removeEventListener('pointerdown', outside);
  }, [open]);
  const known = list.data ?? [];
  const found = known.filter((one) => one.logGroupName.toLowerCase().includes(find.toLowerCase()));
  const label = groups.length === 0 ? t('logs.allGroups')
    : groups.length === 1 ? groups[0]! : t('logs.groupCount', { count: groups.length });
  return (
    <div
      className="menu grouppicker" ref={root} onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        event.stopPropagation();
        setOpen(false);
        button.current?.focus();
      }}
    >
      <button
        ref={button} type="button" className="pickerbutton" aria-haspopup="dialog" aria-expanded={open}
        title={groups.join('\n')} onClick={() => setOpen(!open)}
      >
        <Icon name="layers" size={14} /><span className="pickerlabel">{label}</span><Icon name="down" size={12} />
      </button>
      {open && (
        <div className="popover grouplist" role="dialog" aria-label={t('logs.groups')}>
          <div className="row">
            <input className="plain" autoFocus value={find} placeholder={t('logs.findGroup')}
              aria-label={t('logs.findGroup')} onChange={(event) => setFind(event.target.value)} />
            <button type="button" className="textbutton" disabled={groups.length === 0} onClick={() => set([])}>
              {t('logs.allGroups')}
            </button>
          </div>
          <ul>
            {found.slice(0, SHOWN_MAX).map((one) => (
              <li key={one.logGroupName}>
                <label>
                  <input
                    type="checkbox" checked={groups.includes(one.logGroupName)}
                    onChange={(event) => set(event.target.checked ? [...groups, one.logGroupName]
                      : groups.filter((other) => other !== one.logGroupName))}
                  />
                  <span className="pickerlabel">{one.logGroupName}</span>
                  <span className="count">{formatValue(one.storedBytes, 'Bytes', lang)}</span>
                </label>
              </li>
            ))}
          </ul>
          {list.data !== undefined && found.length === 0 && <p className="hint">{t('logs.noGroup')}</p>}
        </div>
      )}
    </div>
  );
}
