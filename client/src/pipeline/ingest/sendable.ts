/** Divides the selected studies into those that Send takes and those that it leaves until a person has looked. Pure. */
import type { User } from '#shared/protocol/api.ts';
import { maySend } from '../../net/may-send.ts';
import type { FoundStudy, HeldFile, IngestStore } from './found-study.ts';
import { keyOfPerson, type NamedPerson } from './group-studies.ts';

/** The way of a study: Send takes it, all or in part, or leaves it here, for this reason. */
export type Going = 'sent' | 'held' | 'too-large' | 'not-chosen';

export type GoingFacts = {
  readonly isChosen: boolean;
  readonly isTooLarge: boolean;
  readonly instances: number;
  /** Of its instances, those that are held back. */
  readonly held: number;
};

/** The one rule: Send obeys it, and every number and tick on the page follows it. */
export function goingOf({ isChosen, isTooLarge, instances, held }: GoingFacts): Going {
  if (!isChosen) return 'not-chosen';
  if (isTooLarge) return 'too-large';
  return instances > held ? 'sent' : 'held';
}

/** Of a study that was found: what Send does with it, and how many of its instances are held back. */
export function goingOfFound(
  study: FoundStudy,
  heldBack: readonly HeldFile[],
): { readonly going: Going; readonly held: number } {
  const held = heldBack.filter(({ studyInstanceUID }) => studyInstanceUID === study.studyInstanceUID).length;
  const isTooLarge = study.warnings.includes('too-many-instances');
  return { held, going: goingOf({ ...study, isChosen: study.selected.value, isTooLarge, held }) };
}

export interface Sendable {
  /** Those that Send takes. */
  readonly studies: readonly FoundStudy[];
  readonly instances: number;
  readonly bytes: number;
  /** Selected, and everything of them is held back. */
  readonly held: readonly FoundStudy[];
  /** Selected, and larger than the gateway takes. */
  readonly tooLarge: readonly FoundStudy[];
}

export function sendableOf({ studies, heldBack }: Pick<IngestStore, 'studies' | 'heldBack'>): Sendable {
  const files = heldBack.value;
  const those = Map.groupBy(studies.value, (study) => goingOfFound(study, files).going);
  const chosen = those.get('sent') ?? [];
  const uids = new Set(chosen.map(({ studyInstanceUID }) => studyInstanceUID));
  const kept = files.filter(({ studyInstanceUID }) => uids.has(studyInstanceUID));
  return {
    studies: chosen,
    instances: chosen.reduce((sum, { instances }) => sum + instances, -kept.length),
    bytes: chosen.reduce((sum, { bytes }) => sum + bytes, -kept.reduce((sum, { bytes }) => sum + bytes, 0)),
    held: those.get('held') ?? [],
    tooLarge: those.get('too-large') ?? [],
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
