/** Patients by name and ID, so that a person sees at once which of them is wrong. */
import { formatPersonName } from '../../kit/format.ts';
import { titleWords } from '../queue/title-words.ts';
import { chosenWords } from './chosen-words.ts';
import type { NamedPerson } from './group-studies.ts';

/** So many are named; a screen of names is read by nobody. */
const NAMED = 6;

export function People({ people }: { readonly people: readonly NamedPerson[] }) {
  return (
    <ul class="people">
      {people.slice(0, NAMED).map((person) => (
        <li key={`${person.id}\n${person.name}`} class="kept">
          <bdi>{nameOf(person)}</bdi>
        </li>
      ))}
      {people.length > NAMED && <li>{chosenWords.morePeople(people.length - NAMED)}</li>}
    </ul>
  );
}

function nameOf({ name, id }: NamedPerson): string {
  return chosenWords.person(formatPersonName(name) ?? titleWords.noPatient, id.trim());
}
