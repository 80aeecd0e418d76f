/** Facts of a device on which nothing is chosen, waits or is under way, as the status line hears of them. */
import type { StandingFacts } from '../app/may-close.ts';

export const NOTHING_HERE: StandingFacts = {
  isRead: true,
  ...{ phase: 'idle', canSend: false, isOnUpload: true, goesOnAlone: true },
  ...{ unsafe: 0, chosen: 0, inPacs: 0, notSent: 0, undecided: 0, cancelling: 0, safe: 0, travelling: 0 },
  unsent: { verdicts: 0, refusedVerdicts: 0, waiting: [], refused: [] },
  ...{ othersUnsent: 0, othersUndecided: 0 },
};
