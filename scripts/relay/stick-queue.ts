/** One study of a file from a stick as the uploader's queue. Its bytes are read where they lie, and stay sealed. */
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

export interface StickQueue extends CarriedQueue {
  readonly study: SentStudy;
  /** The gateway's newest answer: it names the parcels that it wants. */
  note(answer: CarriedAnswer): void;
}

export interface StickQueueTools {
  /** Those of its parcels whose bytes are as they were saved. */
  readonly whole: StickStudy['parcels'];
  readonly onProgress: (sent: number, of: number) => void;
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
  let answer = first;
  return {
    ...sentStudiesAsQueue(new Map([[study.studyInstanceUID, study]])),
    study,
    note(newest) {
      answer = newest;
    },
    manifestOf: async () => ({ studyInstanceUID: study.studyInstanceUID, instances: promised }),
    async *parcelsFor() {
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

function toParcelToSend({ id, bytes, keyId, enc, read }: StickStudy['parcels'][number]): ParcelToSend {
  return { id, bytes, instances: 0, location: null, seal: { keyId, enc }, read };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
