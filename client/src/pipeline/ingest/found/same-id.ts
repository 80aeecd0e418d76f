/** Finds patients of a selection whose Patient ID belongs to another name in this device's queue. Pure. */
import type { QueuedStudy } from '../../queue/queued-study.ts';
import { keyOfPerson, type NamedPerson } from './group-studies.ts';

interface SameId {
  readonly person: NamedPerson;
  readonly other: NamedPerson;
}

/** Studies with an erased title are not compared. A file without a name does not count as another person. */
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
