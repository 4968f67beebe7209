// The shared filters as removable tokens, and a field that adds one: free text, or key=value.
import { useState } from 'react';
import { useText } from '../i18n';
import { formatFilter, OPERATORS, type Filter } from '../state/url';
import type { View } from '../state/useView';
import { Icon } from './Icon';

export function readFilter(text: string): Filter | null {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  const match = /^([\w.-]+)\s*(!=|!~|=|~)\s*(.+)$/.exec(trimmed);
  const op = OPERATORS.find((one) => one === match?.[2]);
  if (match !== null && op !== undefined) return { key: match[1]!, op, value: match[3]! };
  return { key: 'text', op: '~', value: trimmed };
}

export function FilterBar({ view, placeholder }: { view: View; placeholder: string }) {
  const { t } = useText();
  const [text, setText] = useState('');
  const { filters } = view.state;
  return (
    <form className="filterbar" data-filter="" role="search" onSubmit={(event) => {
      event.preventDefault();
      const filter = readFilter(text);
      if (filter === null) return;
      view.set({ filters: [...filters, filter] });
      setText('');
    }}>
      {filters.map((filter, i) => {
        const shown = filter.key === 'text' ? `${filter.op} ${filter.value}`
          : `${filter.key} ${filter.op} ${filter.value}`;
        return (
          <button
            key={formatFilter(filter)} type="button" className="token"
            aria-label={t('filter.remove', { filter: shown })}
            onClick={() => view.set({ filters: filters.filter((_, other) => other !== i) })}
          >
            {shown}<Icon name="close" size={11} />
          </button>
        );
      })}
      <span className="field">
        <Icon name="search" size={14} />
        <input
          value={text} placeholder={placeholder} aria-label={placeholder} spellCheck={false}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => { if (event.key === 'Escape') event.currentTarget.blur(); }}
        />
      </span>
    </form>
  );
}
