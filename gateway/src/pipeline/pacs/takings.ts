/**
 * Notes whether the PACS takes other instances after it gave no good answer about one: only then is the instance at
 * fault, and not a full disk or a proxy. This goes by the order of this process's requests, not by dates. Nor does it
 * go by the database, where instances may become posted that were not just given to the PACS. A restarted gateway
 * starts watching again.
 */
import { createBatchSizes, type BatchSizes } from './batch-sizes.ts';

export type Takings = {
  /** The size of requests that the PACS takes. */
  readonly batches: BatchSizes;
  /** A request leaves; returns its number. */
  begin(): number;
  /** The PACS took an instance from the request of this number. */
  took(request: number): void;
  /** An offer of the instance ended without a good answer, now or after the request of that number. */
  failed(id: number, after?: number): void;
  /**
   * Whether another instance was taken by a request that left after this one's second-last failure, or after its only
   * one.
   */
  tookOthersSince(id: number): boolean;
  /** Whether another instance was taken by a request that left after this one's last failure. */
  tookOthersNow(id: number): boolean;
  /** The instance is done. */
  forget(id: number): void;
};

type Failures = { readonly before: number; readonly last: number };

export function createTakings(batches: BatchSizes = createBatchSizes()): Takings {
  let requests = 0;
  let lastTaken = 0;
  const failures = new Map<number, Failures>();
  return {
    batches,
    begin: () => (requests += 1),
    took(request) {
      lastTaken = Math.max(lastTaken, request);
    },
    failed(id, after = requests) {
      failures.set(id, { before: failures.get(id)?.last ?? after, last: after });
    },
    tookOthersSince: (id) => lastTaken > (failures.get(id)?.before ?? Infinity),
    tookOthersNow: (id) => lastTaken > (failures.get(id)?.last ?? Infinity),
    forget: (id) => void failures.delete(id),
  };
}
