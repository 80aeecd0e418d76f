/**
 * Whether the PACS takes others after it gave no good answer about one instance: only then is the fault the
 * instance's, and not a full disk's or a proxy's. By the order of the requests of this process, not by dates, and
 * not by what the database says, where instances become posted that nobody gave to the PACS just now. A gateway
 * that is started again begins to watch again.
 */
import { createBatchSizes, type BatchSizes } from './batch-sizes.ts';

export type Takings = {
  /** The size of requests that it takes. */
  readonly batches: BatchSizes;
  /** A request leaves; its number. */
  begin(): number;
  /** By the request of this number the PACS took an instance. */
  took(request: number): void;
  /** An offer of the instance ended without a good answer, now or after the request of that number. */
  failed(id: number, after?: number): void;
  /** Whether a request that left after its failure before the last one, or its only one, brought another one in. */
  tookOthersSince(id: number): boolean;
  /** Whether a request that left after its last failure brought another one in. */
  tookOthersNow(id: number): boolean;
  /** The instance has come to an end. */
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
