/** Tells what the list may say of a searched text before and after the gateway has answered. Pure. */
import { mayBePatient, typedPseudonym } from '#shared/protocol/typed-patient.ts';
import type { SentStudiesStore } from './sent-studies.store.ts';

/**
 * `here`: nothing but the list is searched, or all of it. `on-enter`: the PACS is asked when the person says so.
 * `hidden`: the PACS would be asked if names were not hidden. `asking`: nobody may say yet that there is none.
 */
export type SearchStanding = 'here' | 'on-enter' | 'hidden' | 'asking' | 'failed';

/** A whole pseudonym is not typed by chance: the gateway is asked for it without Enter. */
export const asksByItself = ({ whose }: Pick<SentStudiesStore, 'whose'>, text: string): boolean =>
  whose === 'own' && typedPseudonym(text) !== null;

const isForPacs = ({ asksPatients }: Pick<SentStudiesStore, 'asksPatients'>, text: string): boolean =>
  asksPatients() && mayBePatient(text);

export function standingOf(
  sent: Pick<SentStudiesStore, 'whose' | 'search' | 'asksPatients' | 'hidesPatients'>,
  text: string,
): SearchStanding {
  const search = sent.search.value;
  if (text === '') return 'here';
  const unasked = asksByItself(sent, text) ? 'asking' : isForPacs(sent, text) ? 'on-enter' : 'here';
  const isHidden = sent.hidesPatients() && mayBePatient(text);
  if (search?.text !== text) return isHidden ? 'hidden' : unasked;
  if (search.standing === 'failed') return 'failed';
  if (isHidden && search.standing === 'answered') return 'hidden';
  // A search that begins as the field is left moves nothing: the person is about to press something.
  return search.standing === 'answered' || unasked === 'here' ? 'here' : 'asking';
}
