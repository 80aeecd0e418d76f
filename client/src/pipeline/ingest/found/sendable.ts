/** Divides the selected studies into those that Send takes and those that stay until a person has looked. Pure. */
import type { User } from '#shared/protocol/api.ts';
import { maySend } from '../../../net/may-send.ts';
import { totalOf } from './forecast.ts';
import type { FoundStudy, IngestStore, QueueingProgress } from './found-study.ts';
import { keyOfPerson, type NamedPerson } from './group-studies.ts';
import { isOnePerson } from './patients-of-study.ts';

/** What Send does with a study: takes all or part of it, or leaves it here for the stated reason. */
export type Going = 'sent' | 'held' | 'too-large' | 'stopped' | 'not-chosen';

type GoingFacts = {
  readonly isChosen: boolean;
  readonly isTooLarge: boolean;
  /** Whether the study was found in files whose reading was stopped, with no decision about the rest yet. */
  readonly isStopped: boolean;
  /** Whether the study's instances name several patients and nobody has decided about them. */
  readonly isMixed: boolean;
  /** The number of instances without those that a person left out. */
  readonly instances: number;
  /** The number of its instances that are held back. */
  readonly held: number;
};

/** The only rule for this: Send follows it, and so does every number and tick on the page. */
export function goingOf({ isChosen, isTooLarge, isStopped, isMixed, instances, held }: GoingFacts): Going {
  if (!isChosen) return 'not-chosen';
  if (isStopped) return 'stopped';
  if (isTooLarge) return 'too-large';
  return instances > held && !isMixed ? 'sent' : 'held';
}

/** What Send does with a found study, and how many of its instances are held back. */
export function goingOfFound(
  study: FoundStudy,
  { heldBack, leftOut, mixed, disc }: Staying,
): { readonly going: Going; readonly held: number } {
  const { studyInstanceUID } = study;
  const held = heldBack.value.filter((file) => file.studyInstanceUID === studyInstanceUID).length;
  const isMixed = mixed.value.get(studyInstanceUID)?.isSettled === false;
  const isTooLarge = study.warnings.includes('too-many-instances');
  const instances = study.instances - (leftOut.value.get(studyInstanceUID)?.instances ?? 0);
  const isStopped = disc.value.stopped?.studies.has(studyInstanceUID) ?? false;
  const isChosen = study.selected.value;
  return { held, going: goingOf({ isChosen, isTooLarge, isStopped, isMixed, instances, held }) };
}

/** The facts that keep a study, or some of it, here. */
export type Staying = Pick<IngestStore, 'heldBack' | 'leftOut' | 'mixed' | 'disc'>;

interface Sendable {
  /** Studies that Send takes. */
  readonly studies: readonly FoundStudy[];
  /** The number of studies that they become: one for each patient. */
  readonly sentAs: number;
  readonly instances: number;
  readonly bytes: number;
  /** Selected studies that wait for a decision as a whole. */
  readonly held: readonly FoundStudy[];
  /** Selected studies that are larger than the gateway accepts. */
  readonly tooLarge: readonly FoundStudy[];
  /** Selected studies that may be incomplete, because reading was stopped and nobody has decided about the rest. */
  readonly stopped: readonly FoundStudy[];
}

export function sendableOf(ingest: Staying & Pick<IngestStore, 'studies'>): Sendable {
  const those = Map.groupBy(ingest.studies.value, (study) => goingOfFound(study, ingest).going);
  const chosen = those.get('sent') ?? [];
  const uids = new Set(chosen.map(({ studyInstanceUID }) => studyInstanceUID));
  const all = totalOf(chosen);
  const kept = totalOf([
    ...ingest.heldBack.value.flatMap(({ studyInstanceUID, bytes }) =>
      uids.has(studyInstanceUID) ? { instances: 1, bytes } : [],
    ),
    ...chosen.flatMap(({ studyInstanceUID }) => ingest.leftOut.value.get(studyInstanceUID) ?? []),
  ]);
  return {
    studies: chosen,
    sentAs: chosen.reduce(
      (sum, study) => sum + (ingest.mixed.value.get(study.studyInstanceUID)?.sentAs ?? 1),
      0,
    ),
    instances: all.instances - kept.instances,
    bytes: all.bytes - kept.bytes,
    held: those.get('held') ?? [],
    tooLarge: those.get('too-large') ?? [],
    stopped: those.get('stopped') ?? [],
  };
}

/**
 * The number of instances of these studies that the PACS already has, as far as the studies were compared with their
 * receipts.
 */
export function inPacsOf(
  ingest: Pick<IngestStore, 'policy' | 'released'>,
  studies: readonly Pick<FoundStudy, 'inPacs'>[],
): number {
  return studies.reduce((sum, study) => sum + placesInPacs(ingest, study).size, 0);
}

/** The positions of files that the PACS has; empty until they were compared. */
export function placesInPacs(
  { policy, released }: Pick<IngestStore, 'policy' | 'released'>,
  { inPacs: { value: known } }: Pick<FoundStudy, 'inPacs'>,
): ReadonlySet<number> {
  const holds = known?.policy === policy.value && known.released === released.value;
  return holds ? known.places : new Set();
}

/**
 * The instances of these studies over which a person drew boxes. A policy that keeps names sends them without boxes.
 */
export function coveredOf(
  { released, inspection }: Pick<IngestStore, 'released' | 'inspection'>,
  studies: readonly Pick<FoundStudy, 'studyInstanceUID'>[],
): number {
  const covered = new Set([...released.value].flatMap(([at, boxes]) => (boxes.length > 0 ? [at] : [])));
  if (covered.size === 0) return 0;
  return studies
    .flatMap(({ studyInstanceUID }) => inspection.filesOf(studyInstanceUID))
    .filter(({ ordinal }) => covered.has(ordinal)).length;
}

/**
 * The patients of these studies, each once. Different names of one patient count once if a person has recognised them
 * as the same.
 */
export function peopleOf(
  { mixed }: Pick<IngestStore, 'mixed'>,
  studies: readonly Pick<FoundStudy, 'people' | 'studyInstanceUID'>[],
): readonly NamedPerson[] {
  const people = studies.flatMap((study) => {
    const named = mixed.value.get(study.studyInstanceUID);
    const isOne = named?.isSettled === true && isOnePerson(named);
    return isOne ? study.people.slice(0, 1) : study.people;
  });
  return [...new Map(people.map((person) => [keyOfPerson(person), person])).values()];
}

/** True if every file was read and none is an instance. Files of queued studies were neither refused nor skipped. */
export function isNothingFound({
  studies,
  rejected,
  skipped,
  disc,
  progress,
}: Pick<IngestStore, 'studies' | 'rejected' | 'skipped' | 'disc' | 'progress'>): boolean {
  const { stopped, indexes } = disc.value;
  return (
    studies.value.length === 0 &&
    stopped === null &&
    !rejected.value.some(({ wasFound }) => wasFound) &&
    rejected.value.length + skipped.value + indexes >= progress.value.filesRead
  );
}

/**
 * The share of the work that the sentence next to the bar describes, from 0 to 1. Files are first named, then made
 * safe.
 */
export function queueingShare({ named, instances, instancesTotal, bytes, bytesTotal }: QueueingProgress): {
  readonly isNaming: boolean;
  readonly share: number;
} {
  const isNaming = instances === 0 && named < instancesTotal;
  const [done, all] = isNaming ? [named, instancesTotal] : [bytes, bytesTotal];
  return { isNaming, share: all === 0 ? 0 : done / all };
}

/** Whether Send can be pressed now. Without a network the user may be unknown, and the gateway decides later. */
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
