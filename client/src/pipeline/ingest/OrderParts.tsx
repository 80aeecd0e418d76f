/** A patient and an order in words, and the patients of a study and of an order side by side. */
import type { Order } from '#shared/protocol/worklist.ts';
import { formatPersonName } from '../../kit/format.ts';
import { kitWords } from '../../kit/kit-words.ts';
import { titleWords } from '../queue/title-words.ts';
import { chosenWords } from './chosen-words.ts';
import type { FoundStudy } from './found-study.ts';
import { orderWords as words } from './order-words.ts';

type BothProps = { readonly study: FoundStudy; readonly order: Order };

/** Both patients, one above the other. */
export function Both({ study, order }: BothProps) {
  return (
    <ul class="people">
      <li class="kept">
        {words.inStudy}: <bdi>{personOf(study.patientName, study.patientId)}</bdi>
      </li>
      <li class="kept">
        {words.inOrder}: <bdi>{personOf(order.patientName, order.patientId)}</bdi>
      </li>
    </ul>
  );
}

export function personOf(name: string, id: string): string {
  return chosenWords.person(formatPersonName(name) ?? titleWords.noPatient, id.trim());
}

/** Number, description and time. */
export function describeOrder({ accessionNumber, procedureId, description, scheduledAt }: Order): string {
  return [accessionNumber ?? procedureId, description, scheduledAt].filter(Boolean).join(kitWords.separator);
}
