/** For tests: the outbox of a person who stays, on a device, and what the device keeps of theirs. */
import { signal } from '@preact/signals';
import type { ApiClient } from '../net/api-client.ts';
import { statementRows } from '../outbox/kept-statements.ts';
import { createOutbox } from '../outbox/outbox.ts';
import { createOutboxes } from '../outbox/outboxes.ts';
import type { LocalDatabase } from '../pipeline/queue/rows/local-database.ts';

/** Nothing is tried again by time alone. */
export function openTestOutbox(api: ApiClient, database: LocalDatabase, account: string) {
  const outboxes = createOutboxes(signal(account));
  const outbox = outboxes.of(account, () =>
    createOutbox({
      ...{ api, account, rows: statementRows(database, account), now: Date.now },
      ...{ sleep: () => new Promise(() => undefined), isHere: () => true },
    }),
  );
  return { outbox, outboxes };
}

type Of = { readonly database: LocalDatabase; readonly account: string };
export const unsentSteps = ({ database, account }: Of) => statementRows(database, account).kept();
