/** What may be queued and sent: the type says that a policy was applied. */
import type { PackedInstance } from '#shared/transfer/parcel.ts';

/**
 * An instance ready to travel; the brand says that the policy was applied to it, and is given by
 * ingest-file.ts alone.
 */
declare const applied: unique symbol;
export type Deidentified<T> = T & { readonly [applied]: 'deidentified' };
export type IdentifiedByPolicy<T> = T & { readonly [applied]: 'identified' };
export type Outgoing<T> = Deidentified<T> | IdentifiedByPolicy<T>;

export interface PreparedInstance extends PackedInstance {
  readonly studyInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly sopClassUID: string;
  /** Keyed digest of the original, under a de-identifying policy. */
  readonly originalDigest: string | null;
}
