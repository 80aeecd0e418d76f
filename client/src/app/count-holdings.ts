/** Counts the studies that this device holds, for the page of settings. Pure. */
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { partOf } from '../pipeline/queue/track-of.ts';

interface Holdings {
  readonly waiting: number;
  /** Instances of those that wait. */
  readonly safe: number;
  /** Studies that have arrived, with a receipt: not those of which something waits for a person. */
  readonly arrived: number;
}

export function countHoldings(studies: readonly QueuedStudy[]): Holdings {
  const waiting = studies.filter(({ track }) => track.safe + track.onTheWay > 0);
  return {
    waiting: waiting.length,
    safe: waiting.reduce((sum, { track }) => sum + track.safe + track.onTheWay, 0),
    arrived: studies.filter((study) => study.receiptId !== null && partOf(study) === 'arrived').length,
  };
}
