/** Tells what the list may say of a searched text before and after the gateway has answered. Pure. */
import { mayBePatient, typedPseudonym } from '#shared/protocol/typed-patient.ts';
import type { SentStudiesStore } from './sent-studies.store.ts';

/**
 * `here`: nothing but the list is searched, or all of it. `on-enter`: the PACS is asked when the person says so.
 * `hidden`: it may be a patient, and nobody is searched for by name while names are hidden. `asking`: nobody may say
 * yet that there is none.
 */
export type SearchStanding = 'here' | 'on-enter' | 'hidden' | 'asking' | 'failed';

/** A whole pseudonym is not typed by chance: the gateway is asked for it without Enter. */
export const asksByItself = ({ whose }: Pick<SentStudiesStore, 'whose'>, text: string): boolean =>
  whose === 'own' && typedPseudonym(text) !== null;

type Asker = Pick<SentStudiesStore, 'whose' | 'asksPatients' | 'hidesPatients'>;

function unaskedOf(sent: Asker, text: string, found: number): SearchStanding {
  if (asksByItself(sent, text)) return 'asking';
  if (!mayBePatient(text)) return 'here';
  if (sent.asksPatients()) return 'on-enter';
  // A text that finds rows, such as CT, is taken for no patient.
  return sent.hidesPatients() && found === 0 ? 'hidden' : 'here';
}

/** `found`: how many rows of the list the text finds. */
export function standingOf(
  sent: Asker & Pick<SentStudiesStore, 'search'>,
  text: string,
  found = 0,
): SearchStanding {
  const search = sent.search.value;
  if (text === '') return 'here';
  const unasked = unaskedOf(sent, text, found);
  if (search?.text !== text) return unasked;
  if (search.standing === 'failed') return 'failed';
  // No answer of the gateway tells whether there is such a patient.
  if (unasked === 'hidden') return unasked;
  // A search that begins as the field is left moves nothing: the person is about to press something.
  return search.standing === 'answered' || unasked === 'here' ? 'here' : 'asking';
}
