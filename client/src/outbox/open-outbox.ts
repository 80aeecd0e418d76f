/**
 * Makes the outbox of an account. It sends what an earlier window kept, and the verdicts that are left before their
 * author signs out.
 */
import type { ApiClient } from '../net/api-client.ts';
import type { SessionStore } from '../net/session.ts';
import type { SignOutTasks } from '../net/sign-out-tasks.ts';
import { readUnsent, watchUnsent } from '../pipeline/queue/rows/follow-unsent.ts';
import type { LocalDatabase } from '../pipeline/queue/rows/local-database.ts';
import { keepUnsent, keptToSend, type OpenedUnsent } from '../pipeline/queue/rows/unsent.ts';
import type { Outboxes } from './outboxes.ts';
import { createOutbox, type Outbox, type StatementRows } from './outbox.ts';
import { idOf, keyOf, KINDS, readStatement, type Statement } from './statements.ts';

export interface OutboxParts {
  readonly api: Pick<ApiClient, 'json' | 'send'>;
  readonly session: Pick<SessionStore, 'user'>;
  readonly signOutTasks: SignOutTasks;
  readonly outboxes: Outboxes;
  readonly database: () => LocalDatabase;
}

/** Where this account's statements are kept. */
export function statementRows(database: LocalDatabase, account: string): StatementRows {
  const placeOf = (said: Statement) => ({ kind: KINDS[said.step].row, account, id: idOf(said) });
  const opened: OpenedUnsent = new Map();
  return {
    keep: (said, instead) => keepUnsent(database, placeOf(said), said, instead.map(placeOf)),
    kept: async () =>
      (await keptToSend(database, account, opened)).flatMap((row) => readStatement(row) ?? []),
    async read(said) {
      const row = await readUnsent(database, placeOf(said));
      const kept = readStatement(row?.said);
      return kept && keyOf(kept) === keyOf(said) ? row : null;
    },
    watch: (onChange) => watchUnsent(database, account, onChange),
    alone: (subject, run) => navigator.locks.request(`relaypacs-outbox/${account}${subject}`, run),
  };
}

/** The one of this account; made where there is none yet. */
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
