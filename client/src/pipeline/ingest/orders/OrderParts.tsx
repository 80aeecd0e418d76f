/** The patients of a study and of an order side by side. */
import type { Order } from '#shared/protocol/worklist.ts';
import type { FoundStudy } from '../found/found-study.ts';
import { bornSaid } from '../../../kit/identities.ts';
import { kitWords } from '../../../kit/kit-words.ts';
import { titleWords } from '../../queue/title-words.ts';
import { personOf } from './order-person.ts';
import { orderWords as words } from './order-words.ts';

export type BothProps = { readonly study: FoundStudy; readonly order: Order };

/** Shows the patients of the study and of the order, one above the other. */
export function Both({ study, order }: BothProps) {
  return (
    <ul class="people">
      <li class="kept">
        {words.inStudy}: <bdi>{whoIs(study)}</bdi>
      </li>
      <li class="kept">
        {words.inOrder}: <bdi>{whoIs({ ...order, patientBirthDate: order.birthDate ?? '' })}</bdi>
      </li>
    </ul>
  );
}

type Who = Pick<FoundStudy, 'patientName' | 'patientId' | 'patientBirthDate'>;

function whoIs({ patientName, patientId, patientBirthDate }: Who): string {
  const born = bornSaid(patientBirthDate.replaceAll('-', ''));
  const person = personOf(patientName, patientId);
  return born === null ? person : [person, titleWords.born(born)].join(kitWords.separator);
}
