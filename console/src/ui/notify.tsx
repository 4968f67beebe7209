// Short confirmations at the lower edge, announced to screen readers.
import { useEffect, useState } from 'react';

const EVENT = 'kansoku:notify';

export function notify(text: string): void {
  window.dispatchEvent(new CustomEvent<string>(EVENT, { detail: text }));
}

export function Notices() {
  const [text, setText] = useState('');
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const show = (event: Event) => {
      setText((event as CustomEvent<string>).detail);
      clearTimeout(timer);
      timer = setTimeout(() => setText(''), 3_000);
    };
    window.addEventListener(EVENT, show);
    return () => window.removeEventListener(EVENT, show);
  }, []);
  return <div className={text === '' ? 'notice' : 'notice shown'} role="status">{text}</div>;
}
