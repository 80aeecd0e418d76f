/**
 * Forward, before the first store: what the PACS already has under our UIDs. Orthanc answers 200 to other
 * bytes under a known UID and keeps the old ones, so a UID that was there before is read back and compared.
 */
import { PacsUnreachable, type FoundInstance, type Pacs } from '../../ports/pacs/pacs.ts';

export type Candidate = { readonly id: number; readonly sop_instance_uid: string; readonly digest: string };

export type LookOutcome = {
  readonly id: number;
  /**
   * `same`: bit for bit what we would store. `other`: something else under this UID. `unknown`: the PACS
   * lists it and does not give it.
   */
  readonly kind: 'absent' | 'same' | 'other' | 'unknown';
};

/** Throws PacsUnreachable. Reads back one after the other: it is rare. */
export async function lookBefore(
  candidates: readonly Candidate[],
  tools: { readonly pacs: Pacs },
  signal: AbortSignal,
): Promise<readonly LookOutcome[]> {
  if (candidates.length === 0) return [];
  const found = Map.groupBy(
    await tools.pacs.findInstances(
      candidates.map((row) => row.sop_instance_uid),
      signal,
    ),
    (place) => place.sopInstanceUID,
  );
  const outcomes: LookOutcome[] = [];
  for (const { id, sop_instance_uid, digest } of candidates) {
    const places = found.get(sop_instance_uid);
    outcomes.push({
      id,
      kind: places === undefined ? 'absent' : await compare(places, digest, tools.pacs, signal),
    });
  }
  return outcomes;
}

/** Bytes in the PACS against those of the digest. Throws PacsUnreachable. */
export async function compare(
  places: readonly FoundInstance[],
  digest: string,
  pacs: Pacs,
  signal: AbortSignal,
): Promise<Exclude<LookOutcome['kind'], 'absent'>> {
  let isUnknown = false;
  for (const place of places) {
    const held = await pacs.readBack(place, signal).catch(unlessAnswered);
    if (held?.digest === digest) return 'same';
    isUnknown ||= held === null;
  }
  return isUnknown ? 'unknown' : 'other';
}

/** A PACS that answers, whatever it says, does not give it; one that is away has said nothing. */
function unlessAnswered(error: unknown): null {
  if (error instanceof PacsUnreachable && error.status !== null) return null;
  throw error;
}
