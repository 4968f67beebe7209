// Numbers by group, as bars or as a pie. Each has its value as text; the rows of the table are the
// alternative for what is not drawn.
import { useState } from 'react';
import { useText } from '../i18n';
import { ordered, slicePath, slicesOf, type Group } from '../state/logGroups';
import { useIsDark } from '../state/prefs';
import { seriesColour } from './colours';
import { formatValue } from './units';

const BARS_MAX = 40;
const SLICES_MAX = 8;
const RADIUS = 96;
const SIZE = 2 * RADIUS + 8;

function percent(share: number, lang: string): string {
  return new Intl.NumberFormat(lang, { style: 'percent', maximumFractionDigits: 1 }).format(share);
}

export function Bars({ title, groups, keepsOrder }: { title: string; groups: Group[]; keepsOrder: boolean }) {
  const { t, lang } = useText();
  const colour = seriesColour(0, useIsDark());
  const shown = ordered(groups, keepsOrder).slice(0, BARS_MAX);
  const low = Math.min(0, ...shown.map((one) => one.value));
  const high = Math.max(0, ...shown.map((one) => one.value));
  const span = high - low || 1;
  return (
    <div className="groupbars scroll" tabIndex={0} role="region" aria-label={title} data-groups="bars">
      <ul>
        {shown.map((one, i) => (
          <li key={`${i}${one.label}`}>
            <span className="groupname" title={one.label}>{one.label}</span>
            <svg className="groupbar" height={14} width="100%" aria-hidden="true">
              <rect
                x={`${(100 * (Math.min(one.value, 0) - low)) / span}%`} width={`${(100 * Math.abs(one.value)) / span}%`}
                height={14} rx={3} fill={colour}
              />
            </svg>
            <span className="groupvalue">{formatValue(one.value, '', lang)}</span>
          </li>
        ))}
      </ul>
      {groups.length > shown.length && (
        <p className="hint">{t('groups.barsCut', { shown: shown.length, total: groups.length })}</p>
      )}
    </div>
  );
}

export function Pie({ title, groups }: { title: string; groups: Group[] }) {
  const { t, lang } = useText();
  const isDark = useIsDark();
  const [over, setOver] = useState<number | null>(null);
  const slices = slicesOf(groups, SLICES_MAX);
  const name = (i: number) => {
    const { label, others } = slices[i]!;
    return others > 0 ? t('groups.others', { count: others }) : label;
  };
  return (
    <div className="grouppie" role="group" aria-label={title} data-groups="pie" onPointerLeave={() => setOver(null)}>
      <svg
        width={SIZE} height={SIZE} viewBox={`${-SIZE / 2} ${-SIZE / 2} ${SIZE} ${SIZE}`} role="img"
        aria-label={t('groups.pieSummary', {
          count: slices.length, name: name(0), share: percent(slices[0]!.share, lang),
        })}
      >
        {slices.map((one, i) => (
          <path
            key={i} d={slicePath(one.from, one.share, RADIUS)} onPointerEnter={() => setOver(i)}
            className={`slice${one.others > 0 ? ' rest' : ''}${over === null || over === i ? '' : ' faint'}`}
            fill={seriesColour(i, isDark)}
          />
        ))}
      </svg>
      <ul>
        {slices.map((one, i) => (
          <li key={i} className={over === i ? 'over' : ''} onPointerEnter={() => setOver(i)}>
            <span className={one.others > 0 ? 'swatch rest' : 'swatch'} ref={(element) => {
              if (element !== null) element.style.background = one.others > 0 ? '' : seriesColour(i, isDark);
            }} />
            <span className="groupname" title={name(i)}>{name(i)}</span>
            <span className="groupvalue">{formatValue(one.value, '', lang)}</span>
            <span className="groupvalue share">{percent(one.share, lang)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
