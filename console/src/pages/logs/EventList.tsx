// The list of events: only what is seen is in the document, however many there are.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import type { LogEvent } from '../../api/logs';
import { useText } from '../../i18n';
import type { Filter } from '../../state/url';
import { EventRow } from './EventRow';

const ROW = 25; // pixels of a line
const NEAR_END = 40;

export interface EventListProps {
  events: LogEvent[];
  words: string[];
  tz: string;
  wrap: boolean;
  withContext: boolean;
  filter?: (filter: Filter) => void;
  onEnd?: () => void;
  foot?: ReactNode;
  // Keeps the last line in view until it is scrolled away from.
  follow?: boolean;
  onScrolledUp?: () => void;
  label: string;
}

export function EventList(props: EventListProps) {
  const { t } = useText();
  const { events, follow } = props;
  const root = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<Set<string>>(new Set());
  const rows = useVirtualizer({
    count: events.length, getScrollElement: () => root.current, estimateSize: () => ROW, overscan: 14,
    getItemKey: (index) => events[index]?.id ?? index,
  });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const { onEnd } = props;
  useEffect(() => {
    if (events.length > 0 && last >= events.length - NEAR_END) onEnd?.();
  }, [last, events.length, onEnd]);
  useEffect(() => {
    if (follow === true && events.length > 0) rows.scrollToIndex(events.length - 1, { align: 'end' });
  }, [follow, events]);

  const toggle = (id: string) => setOpen((before) => {
    const next = new Set(before);
    if (!next.delete(id)) next.add(id);
    return next;
  });
  const top = useRef(0);
  return (
    <div
      className="loglist" ref={root} role="region" aria-label={props.label} tabIndex={0}
      onScroll={(event) => {
        const { scrollTop } = event.currentTarget;
        if (scrollTop < top.current - 2) props.onScrolledUp?.();
        top.current = scrollTop;
      }}
    >
      <div className="logspace" ref={(element) => {
        if (element !== null) element.style.height = `${rows.getTotalSize()}px`;
      }}>
        {items.map((item) => {
          const event = events[item.index];
          if (event === undefined) return null;
          return (
            <div
              key={item.key} className="logplace" data-index={item.index}
              ref={(element) => {
                if (element === null) return;
                element.style.transform = `translateY(${item.start}px)`;
                rows.measureElement(element);
              }}
            >
              <EventRow
                event={event} words={props.words} tz={props.tz} wrap={props.wrap} open={open.has(event.id)}
                toggle={() => toggle(event.id)} withContext={props.withContext}
                {...(props.filter === undefined ? {} : { filter: props.filter })}
              />
            </div>
          );
        })}
      </div>
      {props.foot}
      <span className="hidden-text" role="status">{t('logs.shown', { count: events.length })}</span>
    </div>
  );
}
