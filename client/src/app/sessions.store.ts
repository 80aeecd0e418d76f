/** The sessions and devices that act in a person's name, as the gateway lists them. */
import { type ListedSession, sessionListSchema } from '#shared/protocol/api.ts';
import type { Trouble } from '../kit/trouble.ts';
import { createResource, type Resource } from '../kit/resource.ts';
import type { ApiClient } from '../net/api-client.ts';
import { sessionsWords } from './sessions-words.ts';
import { troubleOf } from './trouble-of.ts';

interface SessionsStore extends Resource<readonly ListedSession[], Trouble> {
  load(): Promise<void>;
}

export function createSessionsStore(api: Pick<ApiClient, 'json'>): SessionsStore {
  const sessions = createResource<readonly ListedSession[], Trouble>((error) =>
    troubleOf(error, sessionsWords.unreachable),
  );
  return {
    ...sessions,
    load: () =>
      sessions.ask(async (signal) => {
        const listed = await api.json('/auth/sessions', sessionListSchema, { signal });
        // The current session comes first; the others, which a person looks for, follow it.
        return listed.sessions.toSorted((a, b) => Number(b.isThis) - Number(a.isThis));
      }),
  };
}
