/**
 * Forward, before the first store: what the PACS already has under our UIDs. Orthanc answers 200 to other
 * bytes under a known UID and keeps the old ones, so a UID that was there before is read back and compared.
 */
import { isTurnedAway, PacsUnreachable, type FoundInstance, type Pacs } from '../../ports/pacs/pacs.ts';
import { searchEach } from '../search-each.ts';
import { wasHeard } from './count-offers.ts';

export type Candidate = Promised & { readonly id: number; readonly sop_instance_uid: string };
type Promised = { readonly digest: string; readonly bytes: number };

export type LookOutcome = {
  readonly id: number;
  /**
   * `same`: bit for bit what we would store. `other`: something else under this UID. `unknown`: the PACS
   * lists it, answers, and does not give it. `silent`: it lists it, and its answer to a retrieval is none.
   * `unanswered`: it answers other searches, and none for this one.
   */
  readonly kind: 'absent' | 'same' | 'other' | 'unknown' | 'silent' | 'unanswered';
};

/**
 * Throws PacsUnreachable. Reads back one after the other: it is rare. After a silence no other is read back: those
 * that are left have no outcome.
 */
export async function lookBefore(
  candidates: readonly Candidate[],
  tools: { readonly pacs: Pacs },
  signal: AbortSignal,
): Promise<readonly LookOutcome[]> {
  if (candidates.length === 0) return [];
  const uids = candidates.map((row) => row.sop_instance_uid);
  const searched = await searchEach(tools.pacs, uids, signal);
  const found = Map.groupBy(searched.places, (place) => place.sopInstanceUID);
  const outcomes: LookOutcome[] = [];
  let isSilent = false;
  for (const candidate of candidates) {
    const { id, sop_instance_uid } = candidate;
    const places = found.get(sop_instance_uid);
    if (places !== undefined && isSilent) continue;
    const unseen = searched.unanswered.has(sop_instance_uid) ? 'unanswered' : 'absent';
    const kind = places === undefined ? unseen : await compare(places, candidate, tools.pacs, signal);
    isSilent ||= kind === 'silent';
    outcomes.push({ id, kind });
  }
  return outcomes;
}

/** Bytes in the PACS against the promised ones. Throws PacsUnreachable where nobody heard the question. */
export async function compare(
  places: readonly FoundInstance[],
  { digest, bytes }: Promised,
  pacs: Pacs,
  signal: AbortSignal,
): Promise<Exclude<LookOutcome['kind'], 'absent' | 'unanswered'>> {
  let shown: 'other' | 'unknown' = 'other';
  for (const place of places) {
    const held = await pacs.readBack(place, bytes, signal).catch(withoutBytes);
    if (held === 'silent') return 'silent';
    if (held === null) shown = 'unknown';
    else if (held.digest === digest) return 'same';
  }
  return shown;
}

/** A PACS that answers, whatever it says, does not give it; one that is away, or turns us away, has said nothing. */
function withoutBytes(error: unknown): null | 'silent' {
  if (!(error instanceof PacsUnreachable) || !wasHeard(error)) throw error;
  return error.status === null || isTurnedAway(error.status) ? 'silent' : null;
}
