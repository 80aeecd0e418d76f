/** The outbox of verdicts of the person who is signed in. It outlives the pages of results in this window. */
import { useEffect } from 'preact/hooks';
import { useApi, useSession, useSignOutTasks } from '../net/net-context.ts';
import { forgetVerdict, keepVerdict, keptVerdicts } from '../pipeline/queue/rows/kept-verdicts.ts';
import { openLocalDatabase, type LocalDatabase } from '../pipeline/queue/rows/local-database.ts';
import { realClock } from '../pipeline/upload/clock.ts';
import { createVerdictOutbox, type VerdictOutbox, type VerdictRows } from './verdict-outbox.ts';

const ofAccounts = new Map<string, VerdictOutbox>();

/** Where this account's verdicts are kept. */
export function verdictRows(database: LocalDatabase, account: string): VerdictRows {
  return {
    keep: (resultId, given) => keepVerdict(database, { account, resultId }, given),
    kept: () => keptVerdicts(database, account),
    forget: (resultId) => forgetVerdict(database, { account, resultId }),
  };
}

/** Sends what waits when the browser says that it is online again, and before its author signs out. */
export function useOutbox(): VerdictOutbox {
  const api = useApi();
  const session = useSession();
  const signOutTasks = useSignOutTasks();
  const account = session.user.value?.id ?? '';
  let outbox = ofAccounts.get(account);
  if (!outbox) {
    const isHere = () => session.user.peek()?.id === account;
    const rows = verdictRows(openLocalDatabase(), account);
    outbox = createVerdictOutbox({ api, clock: realClock, rows, account, isHere });
    ofAccounts.set(account, outbox);
    const { settle } = outbox;
    signOutTasks.add(async () => !isHere() || settle());
  }
  const { retry } = outbox;
  useEffect(() => {
    const again = () => void retry();
    window.addEventListener('online', again);
    return () => window.removeEventListener('online', again);
  }, [retry]);
  return outbox;
}
