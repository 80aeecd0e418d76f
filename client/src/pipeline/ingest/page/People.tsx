/** Lists patients by name and ID, so that a wrong one stands out. */
import { chosenWords } from '../found/chosen-words.ts';
import type { NamedPerson } from '../found/group-studies.ts';
import { personOf } from '../orders/order-person.ts';

/** At most this many patients are listed, because nobody reads a whole screen of names. */
const NAMED = 6;

export function People({ people }: { readonly people: readonly NamedPerson[] }) {
  return (
    <ul class="people">
      {people.slice(0, NAMED).map((person) => (
        <li key={`${person.id}\n${person.name}`} class="kept">
          <bdi>{personOf(person.name, person.id)}</bdi>
        </li>
      ))}
      {people.length > NAMED && <li>{chosenWords.morePeople(people.length - NAMED)}</li>}
    </ul>
  );
}
