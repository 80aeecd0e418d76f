/** Divides the selected studies into those that Send takes and those that it leaves until a person has looked. Pure. */
import type { User } from '#shared/protocol/api.ts';
import { maySend } from '../../net/may-send.ts';
import type { FoundStudy, HeldFile, IngestStore } from './found-study.ts';
import { keyOfPerson, type NamedPerson } from './group-studies.ts';

interface Sendable {
  /** Without the studies of which everything is held back. */
  readonly studies: readonly FoundStudy[];
  readonly instances: number;
  readonly bytes: number;
  /** Selected, and everything of them is held back. */
  readonly held: readonly FoundStudy[];
}

export function sendableOf({ studies, heldBack }: Pick<IngestStore, 'studies' | 'heldBack'>): Sendable {
  const selected = studies.value.filter((study) => study.selected.value);
  const files = heldBack.value;
  const heldOf = ({ studyInstanceUID }: FoundStudy): readonly HeldFile[] =>
    files.filter((file) => file.studyInstanceUID === studyInstanceUID);
  const chosen = selected.filter((study) => study.instances > heldOf(study).length);
  const kept = chosen.flatMap(heldOf);
  return {
    studies: chosen,
    instances: chosen.reduce((sum, { instances }) => sum + instances, -kept.length),
    bytes: chosen.reduce((sum, { bytes }) => sum + bytes, -kept.reduce((sum, { bytes }) => sum + bytes, 0)),
    held: selected.filter((study) => !chosen.includes(study)),
  };
}

/** The patients whom these studies name as theirs, each once. */
export function peopleOf(studies: readonly Pick<FoundStudy, 'people'>[]): readonly NamedPerson[] {
  const people = studies.flatMap((study) => study.people);
  return [...new Map(people.map((person) => [keyOfPerson(person), person])).values()];
}

/** Whether Send can be pressed now. Without a network nobody knows the user, and the gateway decides. */
export function canSend(
  { phase, policy }: Pick<IngestStore, 'phase' | 'policy'>,
  { instances }: Sendable,
  user: User | null,
): boolean {
  return (
    instances > 0 &&
    (phase.value === 'found' || phase.value === 'idle') &&
    policy.value !== null &&
    (user === null || maySend(user))
  );
}
