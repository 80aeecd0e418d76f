/**
 * Searches for several instances, where the PACS may reject the search for one of them. The others are then found all
 * the same, without waiting for it. A PACS that rejects all searches is ill, and nothing is known.
 */
import { PacsUnreachable, type FoundInstance, type Pacs } from '../../ports/pacs/pacs.ts';

/** `unanswered`: the PACS answers searches, but none for these. */
type Searched = {
  readonly places: readonly FoundInstance[];
  readonly unanswered: ReadonlySet<string>;
};

type InstancesOfStudy = {
  readonly studyInstanceUID: string;
  readonly sopInstanceUIDs: readonly string[];
};

/** No instance has this UID: a PACS that can search finds nothing. */
const NOBODYS_UID = '2.25.1';
/** A PACS that rejects the search for more instances than this is ill. */
const UNANSWERED_LIMIT = 8;

const isAnswer = (error: unknown): boolean => error instanceof PacsUnreachable && error.status !== null;

/** Throws PacsUnreachable. */
export async function searchEach(
  pacs: Pick<Pacs, 'findInstances'>,
  { studyInstanceUID, sopInstanceUIDs }: InstancesOfStudy,
  signal: AbortSignal,
): Promise<Searched> {
  const places: FoundInstance[] = [];
  const unanswered = new Set<string>();
  const search = async (uids: readonly string[]): Promise<void> => {
    try {
      places.push(...(await pacs.findInstances(uids, signal, studyInstanceUID)));
    } catch (error) {
      if (!isAnswer(error)) throw error;
      // Before narrowing down which search is rejected: does the PACS answer any search?
      if (uids.length === sopInstanceUIDs.length)
        await pacs.findInstances([NOBODYS_UID], signal, studyInstanceUID);
      if (uids.length === 1) unanswered.add(uids[0]!);
      if (unanswered.size > UNANSWERED_LIMIT) throw error;
      if (uids.length === 1) return;
      const middle = Math.ceil(uids.length / 2);
      await search(uids.slice(0, middle));
      await search(uids.slice(middle));
    }
  };
  await search(sopInstanceUIDs);
  return { places, unanswered };
}
