/** Finds, of the studies that this browser does not have, those for which the gateway no longer waits. Pure. */
import type { SentStudy } from '#shared/protocol/studies.ts';
import type { LostStudy } from '../pipeline/queue/queued-study.ts';

/** Their ids: everything came from another device, or the sending was cancelled or ended. */
export const noLongerLost = (lost: readonly LostStudy[], sent: readonly SentStudy[]): readonly string[] =>
  lost.filter((study) => sent.some((told) => hasEnded(study, told))).map(({ id }) => id);

/** One that only the gateway named is that upload; one that was on this device may have been sent in another. */
const hasEnded = (lost: LostStudy, { studyInstanceUID, uploads }: SentStudy): boolean =>
  studyInstanceUID === lost.studyInstanceUID &&
  uploads.some(({ uploadId, state, counts }) =>
    lost.rememberedBy === 'gateway'
      ? uploadId === lost.id && state !== 'receiving'
      : counts.inPacs >= lost.instances,
  );
