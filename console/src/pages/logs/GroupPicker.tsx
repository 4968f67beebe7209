// Which log groups are asked: named ones, or all that a prefix, a class and tags choose; all of them
// where nothing is chosen.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { findGroups, getGroups, type GroupsBy, type GroupsFound } from '../../api/logs';
import { formatCount } from '../../chart/units';
import { useText } from '../../i18n';
import { NO_CHOICE, type LogState } from '../../state/logs';
import { Icon } from '../../ui/Icon';

const SHOWN_MAX = 200;
const ASK_AFTER_MS = 150;

export function useGroups() {
  return useQuery({
    queryKey: ['logs', 'groups'], queryFn: ({ signal }) => getGroups(signal), staleTime: 10_000,
    refetchInterval: 30_000,
  });
}

function useFound(open: boolean, typed: string, by: GroupsBy) {
  const [find, setFind] = useState(typed);
  useEffect(() => {
    const timer = setTimeout(() => setFind(typed), ASK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return useQuery({
    queryKey: ['logs', 'found', find, JSON.stringify(by)], enabled: open, placeholderData: keepPreviousData,
    staleTime: 10_000, queryFn: ({ signal }) => findGroups({ find, groupsBy: by, limit: SHOWN_MAX }, signal),
  });
}

type Set = (change: Partial<LogState>) => void;

function Choice({ by, found, find, set }: { by: GroupsBy; found: GroupsFound | undefined; find: string; set: Set }) {
  const { t, lang } = useText();
  const change = (part: Partial<GroupsBy>) => set({ by: { ...by, ...part } });
  const classes = found?.classes ?? [];
  const tags = (found?.tags ?? []).filter((one) => !by.tags.includes(one.value));
  const chosen = [
    ...(by.prefix === '' ? [] : [{ text: `${by.prefix}…`, without: () => change({ prefix: '' }) }]),
    ...(by.class === '' ? [] : [{ text: by.class, without: () => change({ class: '' }) }]),
    ...by.tags.map((tag) => ({
      text: tag, without: () => change({ tags: by.tags.filter((one) => one !== tag) }),
    })),
  ];
  return (
    <>
      <div className="row choice">
        {find !== '' && find !== by.prefix && (
          <button type="button" className="textbutton" data-action="prefix" onClick={() => change({ prefix: find })}>
            {t('logs.byPrefix', { prefix: find })}
          </button>
        )}
        {classes.length > 1 && by.class === '' && (
          <select value="" aria-label={t('logs.byClass')} data-choice="class"
            onChange={(event) => change({ class: event.target.value })}>
            <option value="">{t('logs.byClass')}</option>
            {classes.map(({ value, count }) => (
              <option key={value} value={value}>{value} ({formatCount(count, lang)})</option>
            ))}
          </select>
        )}
        {tags.length > 0 && (
          <select value="" aria-label={t('logs.byTag')} data-choice="tag"
            onChange={(event) => change({ tags: [...by.tags, event.target.value] })}>
            <option value="">{t('logs.byTag')}</option>
            {tags.map(({ value, count }) => (
              <option key={value} value={value}>{value} ({formatCount(count, lang)})</option>
            ))}
          </select>
        )}
      </div>
      {chosen.length > 0 && (
        <div className="filterbar">
          {chosen.map(({ text, without }) => (
            <button key={text} type="button" className="token" onClick={without}
              aria-label={t('filter.remove', { filter: text })}>
              <span className="tokentext">{text}</span><Icon name="close" size={11} />
            </button>
          ))}
        </div>
      )}
    </>
  );
}

function List({ groups, found, set }: { groups: string[]; found: GroupsFound; set: Set }) {
  const { t, lang } = useText();
  const hidden = groups.filter((name) => !found.groups.some((one) => one.name === name));
  const shown = [...hidden.map((name) => ({ name, tags: [] as string[] })), ...found.groups];
  return (
    <>
      <ul>
        {shown.map((one) => (
          <li key={one.name}>
            <label title={one.tags.join('\n')}>
              <input
                type="checkbox" checked={groups.includes(one.name)}
                onChange={(event) => set({
                  groups: event.target.checked ? [...groups, one.name] : groups.filter((other) => other !== one.name),
                })}
              />
              <span className="pickerlabel">{one.name}</span>
              <span className="count tagscell">{one.tags.join(' ')}</span>
            </label>
          </li>
        ))}
      </ul>
      {found.groups.length === 0 && <p className="hint">{t('logs.noGroup')}</p>}
      {found.total > found.groups.length && (
        <p className="hint">
          {t('logs.groupsCut', { shown: found.groups.length, total: formatCount(found.total, lang) })}
        </p>
      )}
    </>
  );
}

export function GroupPicker({ groups, by, set }: { groups: string[]; by: GroupsBy; set: Set }) {
  const { t } = useText();
  const [open, setOpen] = useState(false);
  const [find, setFind] = useState('');
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const found = useFound(open, find, by).data;
  useEffect(() => {
    if (!open) return undefined;
    const outside = (event: PointerEvent) => {
      if (root.current?.contains(event.target as Node) === false) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    return () => document.removeEventListener('pointerdown', outside);
  }, [open]);
  const choice = [by.prefix === '' ? '' : `${by.prefix}…`, by.class, ...by.tags].filter((one) => one !== '');
  const named = groups.length < 2 ? groups : [t('logs.groupCount', { count: groups.length })];
  const label = [...named, ...choice].join(' · ');
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
        title={[...groups, ...choice].join('\n')} onClick={() => setOpen(!open)}
      >
        <Icon name="layers" size={14} />
        <span className="pickerlabel">{label === '' ? t('logs.allGroups') : label}</span>
        <Icon name="down" size={12} />
      </button>
      {open && (
        <div className="popover grouplist" role="dialog" aria-label={t('logs.groups')}>
          <div className="row">
            <input className="plain" autoFocus value={find} placeholder={t('logs.findGroup')}
              aria-label={t('logs.findGroup')} onChange={(event) => setFind(event.target.value)} />
            <button type="button" className="textbutton" disabled={label === ''}
              onClick={() => set({ groups: [], by: NO_CHOICE })}>
              {t('logs.allGroups')}
            </button>
          </div>
          <Choice by={by} found={found} find={find.trim()} set={set} />
          {found !== undefined && <List groups={groups} found={found} set={set} />}
        </div>
      )}
    </div>
  );
}
