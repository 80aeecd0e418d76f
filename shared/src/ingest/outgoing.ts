/** The types of data that may be queued and sent. They prove that a policy was applied. */
import type { PackedInstance } from '../transfer/parcel.ts';

/** An instance ready to be sent. The brand proves that the policy was applied; only ingest-file.ts sets it. */
declare const applied: unique symbol;
type Deidentified<T> = T & { readonly [applied]: 'deidentified' };
type IdentifiedByPolicy<T> = T & { readonly [applied]: 'identified' };
export type Outgoing<T> = Deidentified<T> | IdentifiedByPolicy<T>;

export interface PreparedInstance extends PackedInstance {
  readonly studyInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly sopClassUID: string;
  /** Keyed digest of the original; null unless the policy de-identifies. */
  readonly originalDigest: string | null;
}
