// Who is signed in, for the parts of the console that need the account's region or the host's id.
import { createContext, useContext } from 'react';
import type { Session } from '../api/types';

let current: Session | null = null;

export function rememberSession(session: Session | null): void {
  current = session;
}

export function sessionRegion(): string {
  return current?.region ?? 'us-east-1';
}

const Context = createContext<Session | null>(null);
export const SessionProvider = Context.Provider;

export function useSession(): Session {
  const session = useContext(Context);
  if (session === null) throw new Error('used outside of a session');
  return session;
}
