import type { QueryClient } from '@tanstack/react-query';

// Everything on the page is asked again, but not who is signed in.
export function refreshAll(client: QueryClient): void {
  void client.refetchQueries({ type: 'active', predicate: (query) => query.queryKey[0] !== 'session' });
}
