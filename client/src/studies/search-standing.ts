/** Decides what the list may say about a searched text before and after the gateway has answered. Pure. */
import { mayBePatient, typedPseudonym } from '#shared/protocol/typed-patient.ts';
import type { SentStudiesStore } from './sent-studies.store.ts';

/**
 * `here`: only the list is searched, or the answer is complete. `on-enter`: the PACS is queried when the person presses
 * Enter. `hidden`: the text may name a patient, and nobody is searched for by name while names are hidden. `asking`:
 * nothing may be said yet about there being none.
 */
export type SearchStanding = 'here' | 'on-enter' | 'hidden' | 'asking' | 'failed';

/** A whole pseudonym is not typed by chance, so the gateway is asked without Enter. */
export const asksByItself = ({ whose }: Pick<SentStudiesStore, 'whose'>, text: string): boolean =>
  whose === 'own' && typedPseudonym(text) !== null;

type Asker = Pick<SentStudiesStore, 'whose' | 'asksPatients' | 'hidesPatients'>;

function unaskedOf(sent: Asker, text: string, found: number): SearchStanding {
  if (asksByItself(sent, text)) return 'asking';
  if (!mayBePatient(text)) return 'here';
  if (sent.asksPatients()) return 'on-enter';
  // A text that matches rows, such as CT, is not treated as a patient.
  return sent.hidesPatients() && found === 0 ? 'hidden' : 'here';
}

/** `found`: the number of rows in the list that match the text. */
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
  // No answer of the gateway can tell whether there is such a patient.
  if (unasked === 'hidden') return unasked;
  // A search started by leaving the field changes nothing on the page, because the person is about to press something.
  return search.standing === 'answered' || unasked === 'here' ? 'here' : 'asking';
}
