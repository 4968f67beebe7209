// A modal on the browser's own <dialog>: focus is kept inside and returns where it came from.
import { useEffect, useRef, type ReactNode } from 'react';

export function Dialog({ label, close, className, children }: {
  label: string; close: () => void; className?: string; children: ReactNode;
}) {
  const root = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    const dialog = root.current;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={root} aria-label={label} aria-modal="true" role="dialog" className={className ?? 'dialog'}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => { if (event.target === root.current) close(); }}
    >
      {children}
    </dialog>
  );
}
