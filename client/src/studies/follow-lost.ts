/** Finds the studies lost from this browser for which the gateway no longer waits. Pure. */
import type { SentStudy } from '#shared/protocol/studies.ts';
import type { LostStudy } from '../pipeline/queue/queued-study.ts';

/** Their ids. Everything arrived from another device, or sending was cancelled or ended. */
export const noLongerLost = (lost: readonly LostStudy[], sent: readonly SentStudy[]): readonly string[] =>
  lost.filter((study) => sent.some((told) => hasEnded(study, told))).map(({ id }) => id);

/**
 * If only the gateway named the lost study, it is exactly that upload. A study that was on this device may have been
 * sent in another upload.
 */
function hasEnded(lost: LostStudy, told: SentStudy): boolean {
  if (told.studyInstanceUID !== lost.studyInstanceUID) return false;
  return lost.rememberedBy === 'device'
    ? hasArrivedSince(lost, told)
    : told.uploads.some(({ uploadId, state }) => uploadId === lost.id && state !== 'receiving');
}

/**
 * Another part of the study may be in the PACS, and only the newest upload has a time. So the newest upload must have
 * begun since the study was queued here, and must have brought exactly as many instances. Otherwise the warning stays
 * until a person dismisses it.
 */
function hasArrivedSince(
  { queuedAt, instances }: Pick<LostStudy, 'queuedAt' | 'instances'>,
  { lastSentAt, uploads: [newest] }: SentStudy,
): boolean {
  if (newest === undefined || newest.state === 'receiving' || queuedAt === null) return false;
  const { promised, inPacs } = newest.counts;
  return Date.parse(lastSentAt) >= queuedAt && promised === instances && inPacs === instances;
}
