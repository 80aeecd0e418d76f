/** A study of a file from a stick as the uploader's queue. Its bytes are read where they lie, and stay sealed. */
import type { CarriedAnswer } from '#shared/protocol/stick.ts';
import type { StickStudy } from '#shared/transfer/stick.ts';
import {
  CopyUnreadable,
  keyOf,
  type InstanceKey,
  type ParcelToSend,
} from '../../client/src/pipeline/queue/upload-queue.ts';
import type { CarriedQueue } from '../../client/src/pipeline/upload/carry-study.ts';
import { newSentStudy, sentStudiesAsQueue, type SentStudy } from './sent-studies.ts';

/**
 * The gateway waits for instances that no parcel of the file holds, and nobody else is bringing: the device had sent
 * them when it saved the study, and they were lost since.
 */
export class NotInFile extends Error {
  constructor() {
    super('the file does not hold all instances of the study');
    this.name = 'NotInFile';
  }
}

/** Longer than another machine pauses between two parcels, or than a verified one takes to count. */
const LACKING_PATIENCE_MS = 30_000;

export interface StickQueue extends CarriedQueue {
  readonly study: SentStudy;
  /** The gateway's newest answer: it names the parcels that it wants. */
  note(answer: CarriedAnswer): void;
}

export interface StickQueueTools {
  /** The study's parcels whose bytes are as they were saved. */
  readonly whole: StickStudy['parcels'];
  readonly onProgress: (sent: number, of: number) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** `first`: the gateway's answer to the ticket, which alone tells what the study has. */
export function createStickQueue(first: CarriedAnswer, tools: StickQueueTools): StickQueue {
  const study = newSentStudy(first.studyInstanceUID);
  for (const { sopInstanceUID, digest } of [...first.have, ...first.need, ...first.conflict])
    study.instances.set(keyOf({ sopInstanceUID, digest }), {
      manifest: { sopInstanceUID, digest },
      state: 'safe',
      reason: null,
    });
  const promised = [...study.instances.values()].map(({ manifest }): InstanceKey => manifest);
  const acknowledged = new Map<string, number>();
  const lack = createLack(tools.now);
  let answer = first;
  lack.note(first);
  return {
    ...sentStudiesAsQueue(new Map([[study.studyInstanceUID, study]])),
    study,
    note(newest) {
      answer = newest;
      lack.note(newest);
    },
    manifestOf: async () => ({ studyInstanceUID: study.studyInstanceUID, instances: promised }),
    async *parcelsFor() {
      if (lack.isLasting()) throw new NotInFile();
      const wanted = new Set(answer.parcels.map((id) => id.toLowerCase()));
      for (const parcel of tools.whole)
        if (wanted.delete(parcel.id.toLowerCase())) yield toParcelToSend(parcel);
      if (wanted.size > 0) throw new CopyUnreadable('a part of the file is damaged or missing');
    },
    parcelCreated: async () => undefined,
    parcelForgotten: async () => undefined,
    parcelProgress(_id, parcelId, bytes) {
      acknowledged.set(parcelId, bytes);
      tools.onProgress(sum([...acknowledged.values()]), sum(tools.whole.map((parcel) => parcel.bytes)));
    },
    parcelSent: async () => undefined,
  };
}

/** How long the gateway has wanted what neither this file nor a parcel that it is receiving or verifying holds. */
function createLack(now: () => number) {
  let since: number | null = null;
  return {
    note({ need, parcels, begun = [] }: CarriedAnswer): void {
      if (need.length > 0 && parcels.length + begun.length === 0) since ??= now();
      else since = null;
    },
    isLasting: () => since !== null && now() - since >= LACKING_PATIENCE_MS,
  };
}

function toParcelToSend({ id, bytes, keyId, enc, read }: StickStudy['parcels'][number]): ParcelToSend {
  return { id, bytes, instances: 0, location: null, seal: { keyId, enc }, read };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
