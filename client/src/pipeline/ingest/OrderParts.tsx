/** The patients of a study and of an order side by side. */
import type { Order } from '#shared/protocol/worklist.ts';
import type { FoundStudy } from './found-study.ts';
import { personOf } from './order-person.ts';
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
