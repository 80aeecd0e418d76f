/**
 * Finds studies that were paused on this device and saved to a file for a stick, and that the gateway has received
 * completely because another machine sent the file. When resumed, they send nothing and get their receipt. Pure.
 */
import type { SentStudy } from '#shared/protocol/studies.ts';
import { toldSentAt, type DayEntry } from './day-entry.ts';
import { sendsOf } from './join-sends.ts';

type Upload = SentStudy['uploads'][number];

/** Returns the ids of these studies. An upload that began before the study was queued here does not count. */
export function arrivedByStick(entries: readonly DayEntry[]): readonly string[] {
  return entries.flatMap(sendsOf).flatMap(({ study, sent }) => {
    if (study === null || !study.paused || study.cancelling || !study.isWaiting) return [];
    if (study.savedToStickAt === null || toldSentAt(study, sent) === null) return [];
    const { safe, onTheWay, atGateway, inPacs } = study.track;
    const own = safe + onTheWay + atGateway + inPacs;
    return sent?.uploads.some((upload) => hasAll(upload, own)) ? [study.id] : [];
  });
}

function hasAll({ counts, cancelled }: Upload, instances: number): boolean {
  const { promised, atGateway, inPacs } = counts;
  return !cancelled && promised >= instances && atGateway + inPacs >= promised;
}
