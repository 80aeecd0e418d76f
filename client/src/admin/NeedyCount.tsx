/** The number of destinations with problems, shown beside each link to them. */
import { useDestinationList } from './needy-destinations.ts';
import { needyWords as words } from './needy-words.ts';

export function NeedyCount() {
  const count = useDestinationList().count.value;
  if (count === 0) return null;
  return (
    <>
      <span class="tab-count numbers" aria-hidden="true">
        {count}
      </span>
      <span class="unseen">, {words.count(count)}</span>
    </>
  );
}
