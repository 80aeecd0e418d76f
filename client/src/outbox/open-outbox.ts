/**
 * The outbox of an account, created once. It sends what an earlier window stored, and sends the remaining verdicts
 * before their author signs out. It outlives the pages that fill it.
 */
import { useApi, useSession, useSignOutTasks } from '../net/net-context.ts';
import type { ApiClient } from '../net/api-client.ts';
import type { SessionStore } from '../net/session.ts';
import type { SignOutTasks } from '../net/sign-out-tasks.ts';
import { openLocalDatabase, type LocalDatabase } from '../pipeline/queue/rows/local-database.ts';
import { statementRows } from './kept-statements.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { useOutboxes, type Outboxes } from './outboxes.ts';

interface OutboxParts {
  readonly api: Pick<ApiClient, 'json' | 'send'>;
  readonly session: Pick<SessionStore, 'user'>;
  readonly signOutTasks: SignOutTasks;
  readonly outboxes: Outboxes;
  readonly database: () => LocalDatabase;
}

/** Returns the outbox of this account, and creates it if there is none yet. */
export function openOutbox(parts: OutboxParts, account: string): Outbox {
  const { api, session, signOutTasks, outboxes, database } = parts;
  return outboxes.of(account, () => {
    const isHere = () => session.user.peek()?.id === account;
    const rows = statementRows(database(), account);
    const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
    const outbox = createOutbox({ api, account, rows, isHere, now: Date.now, sleep });
    signOutTasks.add(async () => !isHere() || outbox.settle());
    return outbox;
  });
}

/** The outbox of the person who is signed in, for views. */
export function useOutbox(): Outbox {
  const session = useSession();
  const own = { api: useApi(), signOutTasks: useSignOutTasks(), outboxes: useOutboxes() };
  return openOutbox({ ...own, session, database: openLocalDatabase }, session.user.value?.id ?? '');
}
