// The most frequent values of fields; a click asks for one, Shift+click leaves it out.
import { useState } from 'react';
import type { Facet } from '../../api/logs';
import { formatCount } from '../../chart/units';
import { useText } from '../../i18n';
import { toggleFilter } from '../../state/logs';
import type { Filter } from '../../state/url';
import { Icon } from '../../ui/Icon';

const OPEN_FIRST = 6;
const SHOWN = 5;
const FIRST = ['@log', '@logStream'];

// Fields that tell events apart come before those with as many values as events.
export function sortFacets(fields: Facet[]): Facet[] {
  const rank = (one: Facet) => {
    const at = FIRST.indexOf(one.name);
    if (at >= 0) return at;
    const isKey = one.distinct > 50 || one.more || one.distinct * 2 > one.rows;
    if (isKey) return 1e6 + one.distinct;
    return one.distinct === 1 ? 1e5 : 100 + one.distinct;
  };
  return fields.filter((one) => one.name !== '@level')
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

function Values({ facet, rows, filters, set }: {
  facet: Facet; rows: number; filters: Filter[]; set: (filters: Filter[]) => void;
}) {
  const { t, lang } = useText();
  const [all, setAll] = useState(false);
  const shown = all ? facet.values : facet.values.slice(0, SHOWN);
  const has = (value: string, op: Filter['op']) => (
    filters.some((one) => one.key === facet.name && one.value === value && one.op === op)
  );
  return (
    <ul className="facetvalues">
      {shown.map(({ value, count }) => (
        <li key={value}>
          <button
            type="button" className="facetvalue" aria-pressed={has(value, '=')} title={t('logs.facetHelp')}
            onClick={(event) => set(toggleFilter(filters, {
              key: facet.name, op: event.shiftKey ? '!=' : '=', value,
            }))}
          >
            <span className="facetshare" ref={(element) => {
              if (element !== null) element.style.width = `${(100 * count) / Math.max(1, rows)}%`;
            }} />
            <span className="facetname">{value === '' ? '""' : value}</span>
            <span className="count">{formatCount(count, lang)}</span>
          </button>
          <button
            type="button" className="iconbutton" aria-pressed={has(value, '!=')}
            aria-label={t('logs.without', { field: facet.name, value })}
            title={t('logs.without', { field: facet.name, value })}
            onClick={() => set(toggleFilter(filters, { key: facet.name, op: '!=', value }))}
          >
            <Icon name="minus" size={12} />
          </button>
        </li>
      ))}
      {facet.values.length > SHOWN && (
        <li>
          <button type="button" className="morebutton" onClick={() => setAll(!all)}>
            {all ? t('logs.less') : t('logs.moreValues', { count: facet.values.length - SHOWN })}
          </button>
        </li>
      )}
    </ul>
  );
}

export function Facets({ facets, filters, set }: {
  facets: { rows: number; fields: Facet[] }; filters: Filter[]; set: (filters: Filter[]) => void;
}) {
  const { t, lang } = useText();
  const [turned, setTurned] = useState<Record<string, boolean>>({});
  const [find, setFind] = useState('');
  const sorted = sortFacets(facets.fields);
  const shown = sorted.filter((one) => one.name.toLowerCase().includes(find.toLowerCase()));
  return (
    <aside className="card pad browser facets" aria-label={t('logs.facets')}>
      <h2>{t('logs.facets')}</h2>
      {sorted.length > 8 && (
        <input className="plain" value={find} placeholder={t('logs.findField')} aria-label={t('logs.findField')}
          onChange={(event) => setFind(event.target.value)} />
      )}
      {shown.map((facet, i) => {
        const isOpen = turned[facet.name] ?? (i < OPEN_FIRST && find === '');
        return (
          <section key={facet.name}>
            <button
              type="button" className="facethead" aria-expanded={isOpen}
              onClick={() => setTurned({ ...turned, [facet.name]: !isOpen })}
            >
              <Icon name="down" size={12} />
              <span>{facet.name}</span>
              <span className="count">{formatCount(facet.distinct, lang)}{facet.more ? '+' : ''}</span>
            </button>
            {isOpen && <Values facet={facet} rows={facets.rows} filters={filters} set={set} />}
          </section>
        );
      })}
      <p className="hint">{t('logs.facetRows', { count: formatCount(facets.rows, lang) })}</p>
    </aside>
  );
}
