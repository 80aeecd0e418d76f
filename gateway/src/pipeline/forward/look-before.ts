/**
 * Forward, before the first store: looks at what the PACS already has under our UIDs. Orthanc answers 200 to other
 * bytes under a known UID and keeps the old ones, so an instance that was there before is read back and compared.
 */
import { isTurnedAway, PacsUnreachable, type FoundInstance } from '../../ports/pacs/pacs.ts';
import type { InstanceRow } from '../stores/instance.store.ts';
import type { StudyTools } from '../plan/pipeline-tools.ts';
import { promisedFile } from './promised-file.ts';
import { searchEach } from '../pacs/search-each.ts';
import type { StudyRow } from '../stores/study.store.ts';
import { wasHeard } from './count-offers.ts';

export type ComparingTools = Pick<StudyTools, 'pacs' | 'db' | 'keys' | 'blobs'>;

export type LookOutcome = {
  readonly id: number;
  /**
   * `same`: bit for bit what we would store; over DIMSE, the same Data Set. `other`: something else under this UID.
   * `unknown`: the PACS lists it and answers, but does not return it. `silent`: the PACS lists it, but does not answer
   * a retrieval. `unanswered`: the PACS answers other searches, but none for this one.
   */
  readonly kind: 'absent' | 'same' | 'other' | 'unknown' | 'silent' | 'unanswered';
};

/**
 * Throws PacsUnreachable. Instances are read back one after the other, because this is rare. After a silence no other
 * is read back, and the remaining ones have no outcome.
 */
export async function lookBefore(
  study: StudyRow,
  candidates: readonly InstanceRow[],
  tools: ComparingTools,
  signal: AbortSignal,
): Promise<readonly LookOutcome[]> {
  if (candidates.length === 0) return [];
  const sopInstanceUIDs = candidates.map((row) => row.sop_instance_uid);
  const ofStudy = { studyInstanceUID: study.study_instance_uid, sopInstanceUIDs };
  const searched = await searchEach(tools.pacs, ofStudy, signal);
  const found = Map.groupBy(searched.places, (place) => place.sopInstanceUID);
  const outcomes: LookOutcome[] = [];
  let isSilent = false;
  for (const candidate of candidates) {
    const { id, sop_instance_uid } = candidate;
    const places = found.get(sop_instance_uid);
    if (places !== undefined && isSilent) continue;
    const unseen = searched.unanswered.has(sop_instance_uid) ? 'unanswered' : 'absent';
    const kind = places === undefined ? unseen : await compare(places, candidate, tools, signal);
    isSilent ||= kind === 'silent';
    outcomes.push({ id, kind });
  }
  return outcomes;
}

/** Compares the bytes in the PACS with the promised ones. Throws PacsUnreachable where the request reached nobody. */
export async function compare(
  places: readonly FoundInstance[],
  row: InstanceRow,
  tools: ComparingTools,
  signal: AbortSignal,
): Promise<Exclude<LookOutcome['kind'], 'absent' | 'unanswered'>> {
  const { digest, bytes } = row;
  let shown: 'other' | 'unknown' = 'other';
  for (const place of places) {
    const promised = promisedFile(row, tools);
    const held = await tools.pacs.readBack(place, bytes, signal, promised).catch(withoutBytes);
    if (held === 'silent') return 'silent';
    if (held === null) shown = 'unknown';
    else if (held.digest === digest) return 'same';
  }
  return shown;
}

/**
 * A PACS that answers with an error does not give the instance. A PACS that is away, or turns us away, has said
 * nothing.
 */
function withoutBytes(error: unknown): null | 'silent' {
  if (!(error instanceof PacsUnreachable) || !wasHeard(error)) throw error;
  return error.status === null || isTurnedAway(error.status) ? 'silent' : null;
}
