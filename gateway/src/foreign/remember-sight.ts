/** A viewer asks for hundreds of frames of one study: whether its user sees the study is looked up once in a while. */
import type { SeenStudy, Sight } from './sight.ts';

/** An instance of somebody else's that comes to the study is noticed so late. */
const REMEMBERED_MS = 5_000;
/** A study of 20 000 instances takes 3 MB. */
const REMEMBERED_STUDIES = 32;

export type RememberSight = (who: string, sight: Sight) => Sight;

/** `who`: the caller, the rights and the destination. Only studies that are seen are remembered. */
export function createRememberSight(clock: () => number): RememberSight {
  const known = new Map<string, { readonly study: SeenStudy; readonly until: number }>();
  return (who, sight) => ({
    studies: (among) => sight.studies(among),
    async of(studyInstanceUID, signal) {
      const key = `${who} ${studyInstanceUID}`;
      const remembered = known.get(key);
      if (remembered && remembered.until > clock()) return remembered.study;
      known.delete(key);
      const study = await sight.of(studyInstanceUID, signal);
      if (study === null) return null;
      known.set(key, { study, until: clock() + REMEMBERED_MS });
      for (const oldest of known.keys()) if (known.size > REMEMBERED_STUDIES) known.delete(oldest);
      return study;
    },
  });
}
