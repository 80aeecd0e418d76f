/** The reader's decision about marks that the gateway has otherwise than the page: which stand, and what is signed. */
import type { Step } from '../outbox/statements.ts';
import { versionOf, waitingMarks, type MarkState, type MarkTools } from './review-marks.ts';

type Of = {
  readonly reviewId: string;
  readonly read: () => Promise<void>;
  readonly send: () => Promise<void>;
  /** What stands is read beside a step that was refused. */
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
    /** The last of them, over those that the reader was shown: others since then are refused once more. */
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
    /** A signature under the reader's own goes with them; answers are sent. */
    takeOthers: () => forget(['annotate', 'sign']),
    signAgain: () => forget(['sign']),
  };
}
