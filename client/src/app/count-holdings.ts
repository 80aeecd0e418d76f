/** Counts the studies that this device stores, for the settings page. Pure. */
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { partOf } from '../pipeline/queue/track-of.ts';

interface Holdings {
  readonly waiting: number;
  /** Instances of the studies that wait. */
  readonly safe: number;
  /** Studies that have arrived, with a receipt. Studies with an open decision are not counted. */
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
