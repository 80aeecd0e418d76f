/**
 * A search for instances of which the PACS may turn away one: then the others are known all the same, and do not
 * wait for it. Where it turns all of them away it is ill, and nothing is known.
 */
import { PacsUnreachable, type FoundInstance, type Pacs } from '../ports/pacs/pacs.ts';

/** `unanswered`: the PACS answers searches, and none for these. */
type Searched = {
  readonly places: readonly FoundInstance[];
  readonly unanswered: ReadonlySet<string>;
};

type InstancesOfStudy = {
  readonly studyInstanceUID: string;
  readonly sopInstanceUIDs: readonly string[];
};

/** Nobody has it: a PACS that searches finds nothing. */
const NOBODYS_UID = '2.25.1';
/** A PACS that turns more of them away is ill. */
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
      // Before the search for the one that is turned away: does the PACS answer any?
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
