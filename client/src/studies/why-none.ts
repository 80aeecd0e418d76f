/** Why a search found nothing, in sentences: what can be searched for, and what this device no longer knows. Pure. */
import type { DayEntry } from './day-entry.ts';
import { studiesWords as words } from './studies-words.ts';

/** `isOwn`: the studies of this account, not those of the site. */
export function whyNone(entries: readonly Pick<DayEntry, 'study'>[], isOwn: boolean): readonly string[] {
  if (!isOwn) return [words.searchableAtSite];
  const isNameless = entries.some(({ study }) => !study || (study.title === null && study.label === null));
  return [words.searchable, ...(isNameless ? [words.namesGone] : []), words.noneNamed];
}
