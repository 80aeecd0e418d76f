/**
 * Work that takes a lock which everybody needs (the audit chain) is done at the end of its transaction, after every
 * other lock. So, in whatever order steps are written, two transactions can't deadlock over it.
 */
import { Kysely, type Transaction, type TransactionBuilder } from 'kysely';
import type { Tables } from './tables.ts';

type Trx = Transaction<Tables>;
type Work<T> = (trx: Trx, given: readonly T[]) => Promise<void>;

const ends = new WeakMap<Trx, Map<Work<never>, unknown[]>>();

/** A Kysely whose transactions do deferred work (`atEnd`) last, just before they commit. */
export class OrderedKysely extends Kysely<Tables> {
  override transaction(): TransactionBuilder<Tables> {
    const builder = super.transaction();
    const execute = builder.execute.bind(builder);
    builder.execute = (steps) =>
      execute(async (trx) => {
        const put = new Map<Work<never>, unknown[]>();
        ends.set(trx, put);
        const result = await steps(trx);
        ends.delete(trx);
        for (const [work, given] of put) await work(trx, given as never[]);
        return result;
      });
    return builder;
  }
}

/** Defers `work`, which gets everything given for it, in order, in one call. Its errors roll the transaction back. */
export async function atEnd<T>(trx: Trx, work: Work<T>, given: readonly T[] = []): Promise<void> {
  const put = ends.get(trx);
  if (put === undefined) return work(trx, given);
  const all = put.get(work) ?? [];
  for (const one of given) all.push(one);
  put.set(work, all);
}
