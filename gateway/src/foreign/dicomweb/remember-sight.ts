/** Caches whether a caller may see a study, because a viewer requests hundreds of frames of one study. */
import type { SeenStudy, Sight } from './sight.ts';

/** How long a result is cached. It takes this long until another account's instance in the study is noticed. */
const REMEMBERED_MS = 5_000;
/** The most studies in the cache. A study of 20 000 instances takes 3 MB. */
const REMEMBERED_STUDIES = 32;

export type RememberSight = (who: string, sight: Sight) => Sight;

/** `who`: the caller, their rights and the destination. Only studies that the caller may see are cached. */
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
