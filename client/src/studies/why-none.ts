/**
 * Says why a search found nothing: what can be searched for, what this device no longer knows, and which system did not
 * answer. Pure.
 */
import { ApiProblem } from '../net/api-client.ts';
import { refusalSentence } from '../net/refusal-sentence.ts';
import type { DayEntry } from './day-entry.ts';
import type { SentStudiesStore } from './sent-studies.store.ts';
import { studiesWords as words } from './studies-words.ts';

export function whyNone(
  entries: readonly Pick<DayEntry, 'study'>[],
  { whose, asksPatients, hidesPatients }: Pick<SentStudiesStore, 'whose' | 'asksPatients' | 'hidesPatients'>,
): readonly string[] {
  if (whose !== 'own')
    return asksPatients() ? [words.searchableByPatient, words.namelessAtSite] : [words.searchableAtSite];
  if (hidesPatients()) return [words.searchableNameless];
  const isNameless = entries.some(({ study }) => !study || (study.title === null && study.label === null));
  return [words.searchable, ...(isNameless ? [words.namesGone] : []), words.noneNamed];
}

export function whyIncomplete(error: unknown): string {
  const said = error instanceof ApiProblem ? words.searchRefused[error.anyCode ?? ''] : undefined;
  return `${words.searchIncomplete} ${said ?? refusalSentence(error, words.notSearched)}`;
}
