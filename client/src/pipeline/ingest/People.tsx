/** Patients by name and ID, so that a person sees at once which of them is wrong. */
import { chosenWords } from './chosen-words.ts';
import type { NamedPerson } from './group-studies.ts';
import { personOf } from './order-person.ts';

/** So many are named; a screen of names is read by nobody. */
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
