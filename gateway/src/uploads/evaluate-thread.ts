/**
 * Patients' blinded elements are evaluated in a thread of their own: eight of them take some 70 ms, for which the main
 * thread, which takes in parcels and answers requests, must not be blocked. Accounts take turns.
 */
import { ObliviousPrfError, type Evaluated, type EvaluationPair } from '#shared/transfer/oblivious-prf.ts';
import { createThreadLine } from '../threads/fair-line.ts';
import { giving, keepThread } from '../threads/thread.ts';

export type EvaluateTalk = {
  readonly task: { readonly pair: EvaluationPair; readonly blinded: readonly Uint8Array[] };
  readonly question: never;
  readonly reply: never;
  /** Null: an element is not a point. */
  readonly answer: Evaluated | null;
};

/** Like `evaluateBlinded`, once it is the account's turn. Throws ObliviousPrfError where an element is not a point. */
export type EvaluateInTurn = (
  accountId: string,
  pair: EvaluationPair,
  blinded: readonly Uint8Array[],
) => Promise<Evaluated>;

const NEVER_OVER = new AbortController().signal;

export function createEvaluateThread(): EvaluateInTurn {
  const line = createThreadLine([keepThread<EvaluateTalk>(new URL('./evaluate.worker.ts', import.meta.url))]);
  const asksNothing = (): Promise<never> => Promise.reject(new Error('an evaluation asks nothing'));
  return (accountId, pair, blinded) =>
    line(accountId, async (thread) => {
      const answer = await thread.do(giving({ pair, blinded }), asksNothing, NEVER_OVER);
      if (answer === null) throw new ObliviousPrfError('an element is not a point of P-256');
      return answer;
    });
}
