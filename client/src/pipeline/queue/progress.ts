/**
 * How far a study's parcels are, counted in instances and bytes while they travel. In memory: only the numbers
 * that the screen shows are written, and they start over after each announcement. Pure but for `write`.
 */

import { ignoreFailure } from '#shared/ignore-failure.ts';

/** A parcel as it is planned: where each of its instances ends in it, in bytes, in their order. */
export interface PlannedParcel {
  readonly id: string;
  readonly bytes: number;
  readonly ends: readonly number[];
}

export interface ProgressNumbers {
  /** Of which a byte has left, or that the gateway had before. */
  readonly departed: number;
  /** Whose last byte the gateway has acknowledged, or that it had before. */
  readonly acknowledged: number;
  readonly sentBytes: number;
  /** Without what had come before the link was cut: the time left is told from what moves now. */
  readonly neededBytes: number;
}

export interface Progress {
  /**
   * What will be sent of a study: how many of its instances are in none of its parcels because the gateway
   * has them, and the bytes of those that are still being packed, about.
   */
  plan(id: string, had: number, awaitedBytes: number): void;
  /**
   * A parcel that will be sent; `had`: of its instances, those that were counted as had; `awaitedBytes`: what
   * is awaited after it.
   */
  add(id: string, parcel: PlannedParcel, had: number, awaitedBytes: number): void;
  /** `acknowledged` bytes of a parcel are at the gateway, and `left` at least have left this device. */
  note(id: string, parcelId: string, acknowledged: number, left: number): void;
  write(id: string): Promise<void>;
}

/** Progress is written at most this often: each write wakes every tab. */
const PROGRESS_EVERY_MS = 400;

type Parcel = PlannedParcel & { from: number | null; acknowledged: number; left: number };
type Plan = { had: number; awaitedBytes: number; writtenAt: number; readonly parcels: Map<string, Parcel> };

/** `keep` writes the numbers of a study where the screen reads them. */
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
      // A clock that was set back must not stop the screen until it has caught up.
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
    // One that has begun to leave is on its way.
    departed +=
      parcel.left === 0
        ? 0
        : Math.min(parcel.ends.length, parcel.ends.filter((end) => end < parcel.left).length + 1);
    sentBytes += Math.max(0, parcel.left - from);
    neededBytes += parcel.bytes - from;
  }
  return { departed, acknowledged, sentBytes, neededBytes };
}

/** Where instances of these sizes end in a parcel of `bytes`: its headers are shared out evenly. */
export function endsIn(bytes: number, sizes: readonly number[]): readonly number[] {
  const headers = (bytes - sizes.reduce((sum, size) => sum + size, 0)) / Math.max(1, sizes.length);
  let at = 0;
  return sizes.map((size, index) => {
    at += size + headers;
    return index === sizes.length - 1 ? bytes : at;
  });
}
