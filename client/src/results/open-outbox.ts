/**
 * Makes the outbox of an account. It sends the verdicts that an earlier window kept, and those that are left before
 * their author signs out.
 */
import type { ApiClient } from '../net/api-client.ts';
import type { SessionStore } from '../net/session.ts';
import type { SignOutTasks } from '../net/sign-out-tasks.ts';
import { readUnsent, watchUnsent } from '../pipeline/queue/rows/follow-unsent.ts';
import { keepUnsent, keptUnsent } from '../pipeline/queue/rows/unsent.ts';
import type { LocalDatabase } from '../pipeline/queue/rows/local-database.ts';
import { realClock } from '../net/clock.ts';
import type { Outboxes } from './outboxes.ts';
import { createVerdictOutbox, type VerdictOutbox, type VerdictRows } from './verdict-outbox.ts';

export interface OutboxParts {
  readonly api: Pick<ApiClient, 'json' | 'send'>;
  readonly session: Pick<SessionStore, 'user'>;
  readonly signOutTasks: SignOutTasks;
  readonly outboxes: Outboxes;
  readonly database: LocalDatabase;
}

/** Where this account's verdicts are kept. */
export function verdictRows(database: LocalDatabase, account: string): VerdictRows {
  const placeOf = (id: string) => ({ kind: 'verdict', account, id }) as const;
  return {
    keep: (resultId, given) => keepUnsent(database, placeOf(resultId), given),
    kept: () => keptUnsent(database, { kind: 'verdict', account }),
    read: (resultId) => readUnsent(database, placeOf(resultId)),
    watch: (onChange) => watchUnsent(database, { kind: 'verdict', account }, onChange),
    alone: (resultId, run) => navigator.locks.request(`relaypacs-verdict/${account}/${resultId}`, run),
  };
}

/** The one of this account; made where there is none yet. */
export function openOutbox(parts: OutboxParts, account: string): VerdictOutbox {
  const { api, session, signOutTasks, outboxes, database } = parts;
  return outboxes.of(account, () => {
    const isHere = () => session.user.peek()?.id === account;
    const rows = verdictRows(database, account);
    const outbox = createVerdictOutbox({ api, clock: realClock, rows, account, isHere });
    signOutTasks.add(async () => !isHere() || outbox.settle());
    return outbox;
  });
}
