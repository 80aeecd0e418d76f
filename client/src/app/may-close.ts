/** Decides which one sentence the status line says: whether the page may be closed and the disc removed. */
import type { IngestPhase } from '../pipeline/ingest/found-study.ts';

export type Standing =
  /** Instances are being written into the queue: neither the page nor the disc may go. */
  | { readonly kind: 'keep-open'; readonly unsafe: number }
  /** Instances were read and shown, but Send was not pressed. */
  | { readonly kind: 'not-queued'; readonly chosen: number }
  /** Everything is safe here; the disc may go too. */
  | { readonly kind: 'may-close'; readonly safe: number }
  /** Everything is safe here, but this browser sends only while the page is open. */
  | { readonly kind: 'goes-on-open'; readonly safe: number }
  /** Nothing is sent until a person decides; the device keeps these. */
  | { readonly kind: 'decide'; readonly undecided: number }
  | { readonly kind: 'empty' };

export type StandingFacts = {
  readonly phase: IngestPhase;
  /** Instances that are being written into the queue. */
  readonly unsafe: number;
  /** Instances in studies that were found and not yet queued. */
  readonly chosen: number;
  /** Instances that wait on this device. */
  readonly safe: number;
  /** Instances that need a decision. */
  readonly undecided: number;
  /** The browser sends the queue when no page is open. */
  readonly goesOnAlone: boolean;
};

/** The most urgent status that is true: data that could be lost comes before data that is safe. */
export function standingOf({ phase, unsafe, chosen, safe, undecided, goesOnAlone }: StandingFacts): Standing {
  if (unsafe > 0) return { kind: 'keep-open', unsafe };
  if (phase !== 'idle' && chosen > 0) return { kind: 'not-queued', chosen };
  if (safe > 0) return { kind: goesOnAlone ? 'may-close' : 'goes-on-open', safe };
  return undecided > 0 ? { kind: 'decide', undecided } : { kind: 'empty' };
}
