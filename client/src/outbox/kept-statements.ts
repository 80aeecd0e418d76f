/** Statements stored on this device (rows/unsent.ts), for one account and all its tabs. */
import { readUnsent, watchUnsent } from '../pipeline/queue/rows/follow-unsent.ts';
import type { LocalDatabase } from '../pipeline/queue/rows/local-database.ts';
import { keepUnsent, keptUnsent, SENT_KINDS, type OpenedUnsent } from '../pipeline/queue/rows/unsent.ts';
import { idOf, keyOf, KINDS, readStatement, type Statement } from './statements.ts';

export type StatementRows = ReturnType<typeof statementRows>;

export function statementRows(database: LocalDatabase, account: string) {
  const placeOf = (said: Statement) => ({ kind: KINDS[said.step].row, account, id: idOf(said) });
  const opened: OpenedUnsent = new Map();
  return {
    /** Stores a statement. It replaces a statement of the same id, and those in `instead`. */
    keep: (said: Statement, instead: readonly Statement[]) =>
      keepUnsent(database, placeOf(said), said, instead.map(placeOf)),
    async kept(): Promise<readonly Statement[]> {
      const rows = await keptUnsent(database, { kind: SENT_KINDS, account }, opened);
      return rows.flatMap((row) => readStatement(row) ?? []);
    },
    /** The stored row of this statement; null: it was sent, discarded or replaced. */
    async read(said: Statement) {
      const row = await readUnsent(database, placeOf(said));
      const kept = readStatement(row?.said);
      return kept && keyOf(kept) === keyOf(said) ? row : null;
    },
    /** Calls `onChange` at once, and whenever any tab stores or forgets a statement. */
    watch: (onChange: () => void) => watchUnsent(database, account, onChange),
    /** Runs `run` while no other tab sends or discards statements about this subject. */
    alone: (subject: string, run: () => Promise<void>): Promise<void> =>
      navigator.locks.request(`relaypacs-outbox/${account}${subject}`, run),
  };
}
