// A button that opens a short list of actions. Keyboard as in the WAI-ARIA menu button pattern.
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { Icon, type IconName } from './Icon';

export interface MenuItem {
  id: string;
  label: string;
  icon?: IconName;
  checked?: boolean;
  section?: string;
  act: () => void;
}

export interface MenuProps {
  label: string;
  items: MenuItem[];
  children: ReactNode;
  className?: string;
  align?: 'left' | 'right';
  // The children are readable text that begins with the label: they name the button.
  named?: boolean;
}

export function Menu({ label, items, children, className, align = 'right', named }: MenuProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();

  useEffect(() => {
    if (!open) return undefined;
    root.current?.querySelector<HTMLElement>('[role^=menuitem]')?.focus();
    const outside = (event: PointerEvent) => {
      if (root.current?.contains(event.target as Node) === false) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    return () => document.removeEventListener('pointerdown', outside);
  }, [open]);

  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    const all = [...(root.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      all[(next + all.length) % all.length]?.focus();
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      close();
    } else if (event.key === 'Tab') setOpen(false);
  };

  let section: string | undefined;
  return (
    <div className="menu" ref={root}>
      <button
        ref={button} type="button" className={className ?? 'iconbutton'} aria-haspopup="menu"
        aria-expanded={open} aria-controls={open ? id : undefined} title={label}
        aria-label={named === true ? undefined : label}
        onClick={() => setOpen(!open)}
      >
        {children}
      </button>
      {open && (
        <div id={id} role="menu" aria-label={label} className={`menu-list menu-${align}`} onKeyDown={onKey}>
          {items.map((item) => {
            const heading = item.section !== section ? item.section : undefined;
            section = item.section;
            return (
              <div key={item.id} role="none">
                {heading !== undefined && <div className="menu-section" role="none">{heading}</div>}
                <button
                  type="button" className="menu-item" tabIndex={-1}
                  role={item.checked === undefined ? 'menuitem' : 'menuitemradio'}
                  aria-checked={item.checked}
                  onClick={() => { close(); item.act(); }}
                >
                  <span className="menu-icon">
                    {item.checked === true && <Icon name="check" />}
                    {item.icon !== undefined && <Icon name={item.icon} />}
                  </span>
                  {item.label}
                </button>
              </div>
            );
          })}
        </div>
      )}
    </div>
  );
}
