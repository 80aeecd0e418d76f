/**
 * How large a store request to a destination may be, learned from its answers. A request that a proxy refuses for its
 * size (413), or that runs into a time-out, halves the size; requests that pass double it again. A single instance is
 * offered whatever its size. The size is stored with the destination, so that other gateways and the next start begin
 * with it.
 *
 * Measured against Orthanc 1.10.1 on two cores with slices of 526 kB, in ms an instance: one a request, four requests
 * at once 5.1; eight a request (4 MiB), four at once 3.9; sixteen (8 MiB) 4.1; sixty-four, one request after the other
 * 5.9. Below 2 MiB the round trip costs most; above 16 MiB the PACS reads a whole request before it stores.
 */
import { BATCH_BYTES_LIMIT, BATCH_BYTES_LEAST } from '#shared/protocol/destination.ts';

/** How many requests in a row must pass before a larger one is tried. */
const PASSES_TO_GROW = 8;
/** A refused size is tried again after this long, because somebody may have raised the limit. */
const TRIED_AGAIN_MS = 3_600_000;

/** `refusedBytes`: the smallest request that was refused for its size, until a request of that size passes. */
export type BatchSize = {
  readonly bytes: number;
  readonly refusedBytes: number | null;
  readonly refusedAt: Date | null;
};
export const USUAL_BATCH: BatchSize = { bytes: BATCH_BYTES_LIMIT, refusedBytes: null, refusedAt: null };

export type BatchSizes = {
  readonly size: BatchSize;
  /** A request of this many bytes was answered. */
  passed(bytes: number): void;
  /** A request of this many bytes was refused for its size. */
  refused(bytes: number): void;
  /** A request of this many bytes ran into a time-out. */
  timedOut(bytes: number): void;
};

/** `keep` is called with each change. */
export function createBatchSizes(
  before: BatchSize = USUAL_BATCH,
  now: () => Date = () => new Date(),
  keep: (size: BatchSize) => void = () => undefined,
): BatchSizes {
  let size = before;
  let passes = 0;
  const change = (to: Partial<BatchSize>): void => {
    passes = 0;
    const next = { ...size, ...to };
    const isSame = next.bytes === size.bytes && next.refusedAt === size.refusedAt;
    size = next;
    if (!isSame) keep(size);
  };
  const halve = (bytes: number): number =>
    Math.max(BATCH_BYTES_LEAST, Math.min(size.bytes, Math.floor(bytes / 2)));
  return {
    get size() {
      return size;
    },
    passed(bytes) {
      const { refusedBytes, refusedAt } = size;
      if (refusedBytes !== null && bytes >= refusedBytes) change({ refusedBytes: null, refusedAt: null });
      if (size.bytes >= BATCH_BYTES_LIMIT || bytes * 2 < size.bytes || ++passes < PASSES_TO_GROW) return;
      const wanted = Math.min(BATCH_BYTES_LIMIT, size.bytes * 2);
      const isForbidden =
        refusedBytes !== null &&
        refusedAt !== null &&
        wanted >= refusedBytes &&
        now().getTime() - refusedAt.getTime() < TRIED_AGAIN_MS;
      if (!isForbidden) change({ bytes: wanted });
    },
    refused: (bytes) =>
      change({
        bytes: halve(bytes),
        refusedBytes: Math.min(bytes, size.refusedBytes ?? bytes),
        refusedAt: now(),
      }),
    timedOut: (bytes) => change({ bytes: halve(bytes) }),
  };
}
