/**
 * Counts the progress of a study's parcels in instances and bytes while they are sent. The progress is kept in
 * memory; only the numbers for the screen are stored, and they start over after each announcement. Pure except for
 * `write`.
 */

import { ignoreFailure } from '#shared/ignore-failure.ts';

/** A planned parcel, with the offset in bytes at which each of its instances ends, in order. */
interface PlannedParcel {
  readonly id: string;
  readonly bytes: number;
  readonly ends: readonly number[];
}

export interface ProgressNumbers {
  /** Instances that have begun to leave, or that the gateway already had. */
  readonly departed: number;
  /** Instances whose last byte the gateway has acknowledged, or that it already had. */
  readonly acknowledged: number;
  readonly sentBytes: number;
  /** Excludes bytes sent before an interruption, because the time left depends on the current rate. */
  readonly neededBytes: number;
}

export interface Progress {
  /**
   * Starts counting a study. `had`: the number of its instances that are in no parcel because the gateway has them;
   * `awaitedBytes`: the approximate bytes still being packed.
   */
  plan(id: string, had: number, awaitedBytes: number): void;
  /**
   * Adds a parcel that will be sent. `had`: how many of its instances are already counted as present at the gateway;
   * `awaitedBytes`: the bytes still expected after it.
   */
  add(id: string, parcel: PlannedParcel, had: number, awaitedBytes: number): void;
  /** `acknowledged` bytes of a parcel are at the gateway; at least `left` bytes have left this device. */
  note(id: string, parcelId: string, acknowledged: number, left: number): void;
  write(id: string): Promise<void>;
}

/** The minimum interval between writes, because each write wakes every tab. */
const PROGRESS_EVERY_MS = 400;

type Parcel = PlannedParcel & { from: number | null; acknowledged: number; left: number };
type Plan = { had: number; awaitedBytes: number; writtenAt: number; readonly parcels: Map<string, Parcel> };

/** `keep` stores a study's numbers where the screen reads them. */
export function createProgress(
  keep: (id: string, numbers: ProgressNumbers) => Promise<unknown>,
  now: () => number,
): Progress {
  const plans = new Map<string, Plan>();

  async function write(id: string): Promise<void> {
    const plan = plans.get(id);
    if (!plan) return;
    plan.writtenAt = now();
    await keep(id, numbersOf(plan));
  }

  return {
    write,
    plan(id, had, awaitedBytes) {
      plans.set(id, { had, awaitedBytes, writtenAt: 0, parcels: new Map() });
    },
    add(id, parcel, had, awaitedBytes) {
      const plan = plans.get(id);
      if (!plan) return;
      plan.parcels.set(parcel.id, { ...parcel, from: null, acknowledged: 0, left: 0 });
      plan.had -= had;
      plan.awaitedBytes = awaitedBytes;
    },
    note(id, parcelId, acknowledged, left) {
      const plan = plans.get(id);
      const parcel = plan?.parcels.get(parcelId);
      if (!plan || !parcel) return;
      parcel.from ??= acknowledged;
      parcel.acknowledged = acknowledged;
      parcel.left = Math.max(acknowledged, left);
      // If the clock was set back, the screen must not stand still until it catches up.
      if (Math.abs(now() - plan.writtenAt) >= PROGRESS_EVERY_MS)
        void ignoreFailure(write(id), 'only a number on the screen');
    },
  };
}

function numbersOf({ had, awaitedBytes, parcels }: Plan): ProgressNumbers {
  let departed = had;
  let acknowledged = had;
  let sentBytes = 0;
  let neededBytes = awaitedBytes;
  for (const parcel of parcels.values()) {
    const from = parcel.from ?? 0;
    acknowledged += parcel.ends.filter((end) => end <= parcel.acknowledged).length;
    // An instance is on its way as soon as one of its bytes has left.
    departed +=
      parcel.left === 0
        ? 0
        : Math.min(parcel.ends.length, parcel.ends.filter((end) => end < parcel.left).length + 1);
    sentBytes += Math.max(0, parcel.left - from);
    neededBytes += parcel.bytes - from;
  }
  return { departed, acknowledged, sentBytes, neededBytes };
}

/**
 * The offsets at which instances of these sizes end in a parcel of `bytes`. The headers of the parcel are distributed
 * evenly.
 */
export function endsIn(bytes: number, sizes: readonly number[]): readonly number[] {
  const headers = (bytes - sizes.reduce((sum, size) => sum + size, 0)) / Math.max(1, sizes.length);
  let at = 0;
  return sizes.map((size, index) => {
    at += size + headers;
    return index === sizes.length - 1 ? bytes : at;
  });
}
