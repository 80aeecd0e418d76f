/** The sessions and devices that act in one's own name, as the gateway lists them. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { type ListedSession, sessionListSchema } from '#shared/protocol/api.ts';
import type { ApiClient } from '../net/api-client.ts';

export interface SessionsStore {
  /** Null until loaded. */
  readonly sessions: ReadonlySignal<readonly ListedSession[] | null>;
  /** Throws ApiProblem or Unreachable. */
  load(): Promise<void>;
}

export function createSessionsStore(api: Pick<ApiClient, 'json'>): SessionsStore {
  const sessions = signal<readonly ListedSession[] | null>(null);
  return {
    sessions,
    async load() {
      const listed = (await api.json('/auth/sessions', sessionListSchema)).sessions;
      // One's own comes first: the others are what a person looks for.
      sessions.value = listed.toSorted((a, b) => Number(b.isThis) - Number(a.isThis));
    },
  };
}
