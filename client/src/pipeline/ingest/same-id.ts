/** Finds patients of a choice whose Patient ID a study in this device's queue has under another name. Pure. */
import type { QueuedStudy } from '../queue/queued-study.ts';
import { keyOfPerson, type NamedPerson } from './group-studies.ts';

interface SameId {
  readonly person: NamedPerson;
  readonly other: NamedPerson;
}

/** Studies whose title is erased are not known any more. A file without a name names nobody else. */
export function sameIdElsewhere(
  people: readonly NamedPerson[],
  queued: readonly Pick<QueuedStudy, 'title'>[],
): readonly SameId[] {
  const known = queued.flatMap(({ title }) =>
    title === null ? [] : [{ name: title.patientName, id: title.patientId }],
  );
  const isNamed = ({ name, id }: NamedPerson): boolean => name.trim() !== '' && id.trim() !== '';
  return people.filter(isNamed).flatMap((person) => {
    const other = known.find(
      (one) => isNamed(one) && one.id.trim() === person.id.trim() && keyOfPerson(one) !== keyOfPerson(person),
    );
    return other === undefined ? [] : [{ person, other }];
  });
}
