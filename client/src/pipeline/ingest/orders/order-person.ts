/** Describes a patient and an order in words. */
import type { Order } from '#shared/protocol/worklist.ts';
import { identitySaid, nameSaid } from '../../../kit/identities.ts';
import { kitWords } from '../../../kit/kit-words.ts';
import { titleWords } from '../../queue/title-words.ts';
import { chosenWords } from '../found/chosen-words.ts';

export function personOf(name: string, id: string): string {
  return chosenWords.person(nameSaid(name) ?? titleWords.noPatient, identitySaid(id));
}

/** The order's number, description and time. */
export function describeOrder({ accessionNumber, procedureId, description, scheduledAt }: Order): string {
  const number = identitySaid(accessionNumber ?? procedureId);
  return [number, identitySaid(description), scheduledAt].filter(Boolean).join(kitWords.separator);
}
