/**
 * Lets the reader decide between marks of this page and different marks at the gateway: which are kept, and what is
 * signed.
 */
import type { Step } from '../../outbox/statements.ts';
import { versionOf, waitingMarks, type MarkState, type MarkTools } from './review-marks.ts';

type Of = {
  readonly reviewId: string;
  readonly read: () => Promise<void>;
  readonly send: () => Promise<void>;
  /** Resolves once the current state has been read after a refused step. */
  readonly reading: () => Promise<void>;
};

export function settleMarks(tools: Pick<MarkTools, 'outbox' | 'newId'>, state: MarkState, of: Of) {
  const forget = async (steps: readonly Step['step'][]): Promise<void> => {
    const gone = state.unsent.peek().filter(({ given }) => steps.includes(given.step));
    await tools.outbox.discard(gone.map(({ inOutbox }) => inOutbox));
    await of.send();
    await of.read();
  };
  return {
    /**
     * Sends the last own marks over those that the reader was shown. If the gateway's marks have changed since, it
     * refuses again.
     */
    async keepOwn(): Promise<void> {
      await of.reading();
      if (state.server.peek() === null) await of.read();
      const waiting = waitingMarks(state.unsent.peek());
      const last = waiting.at(-1)?.given.request;
      if (last === undefined) return;
      const request = { ...last, id: tools.newId(), version: versionOf(state, last.place) };
      const instead = waiting.map(({ inOutbox }) => inOutbox);
      await tools.outbox.keep({ step: 'annotate', reviewId: of.reviewId, request }, instead);
      await of.send();
    },
    /** Drops the reader's own marks and a signature of them. Answers are still sent. */
    takeOthers: () => forget(['annotate', 'sign']),
    signAgain: () => forget(['sign']),
  };
}
