/** The outbox of the person who is signed in, for views. It outlives their pages. */
import { useApi, useSession, useSignOutTasks } from '../net/net-context.ts';
import { openLocalDatabase } from '../pipeline/queue/rows/local-database.ts';
import { openOutbox } from './open-outbox.ts';
import type { Outbox } from './outbox.ts';
import { useOutboxes } from './outboxes.ts';

export function useOutbox(): Outbox {
  const api = useApi();
  const session = useSession();
  const signOutTasks = useSignOutTasks();
  const outboxes = useOutboxes();
  const parts = { api, session, signOutTasks, outboxes, database: openLocalDatabase };
  return openOutbox(parts, session.user.value?.id ?? '');
}
