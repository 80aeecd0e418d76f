/**
 * Brings one chosen study into the queue. Its instances are named and the uploader is told. While the uploader asks
 * which of them the gateway lacks, the study is packed, parcel by parcel. At the end the whole study is in the queue;
 * if it is given up before, none of it is.
 */
import type { NamingText } from '#shared/deid/companions.ts';
import type { NamedValue } from '#shared/deid/text/named-value.ts';
import { isClearAsItIs } from '#shared/deid/hold-causes.ts';
import type { Policy, SealingKey } from '#shared/protocol/api.ts';
import { isReleasable } from '#shared/protocol/reason-kinds.ts';
import type { SendingReason } from '#shared/protocol/sending-reason.ts';
import { leftOutFor } from '#shared/protocol/withheld.ts';
import { markOfStudy } from '../../queue/mark-of-study.ts';
import { beginStudy, finishNaming } from '../../queue/rows/name-study.ts';
import { holdLate, keepHeld, takeFromEarlier, type KeptHeld } from '../../queue/rows/keep-held.ts';
import { noteTriage, type Triaged } from '../../queue/rows/note-triage.ts';
import type { LocalDatabase } from '../../queue/rows/local-database.ts';
import type { UnreadFiles } from '../../queue/queued-study.ts';
import type { PatientMarks } from '../../queue/rows/patient-marks.ts';
import type { DecisionTools } from '../../queue/rows/decide-study.ts';
import { giveUpStudy } from '../../queue/rows/end-study.ts';
import { finishPacking } from '../../queue/rows/finish-packing.ts';
import type { FileToQueue, NotQueued, PolicyForTask } from '../workers/device-tasks.ts';
import { aboutOf, titleOf } from './describe-group.ts';
import type { FoundFile, StudyGroup } from '../found/group-studies.ts';
import type { Released } from '#shared/ingest/cover-file.ts';
import { decidedAs, reasonsUnder } from '../found/held-back.ts';
import { lookedAt, NamedByCompanions } from '../found/hold-companions.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { areLeftOut, nameDecided } from './name-decided.ts';
import { titleAsSent } from '../found/orders.ts';
import { partKeyOf } from '../found/patients-of-study.ts';
import { planBatches, planParcels } from './plan-parcels.ts';
import { markOfPart, type InPacsNow } from './decided-before.ts';
import { forEachInParallel } from '../workers/run-in-parallel.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';

export interface QueueingTools {
  readonly database: LocalDatabase;
  readonly key: Promise<CryptoKey>;
  readonly pool: WorkerPool;
  readonly now: () => number;
  readonly createId: () => string;
  /** The account that queues the study; null if the device does not know it. */
  readonly account: () => string | null;
  /** Runs `work` while other tabs can see that this study is being written. */
  readonly whileWriting: <T>(studyId: string, work: () => Promise<T>) => Promise<T>;
  /** Used when a study fails after a part of it was queued. */
  readonly decisions: DecisionTools;
  /**
   * The findings of the models on this device so far; null if they were not asked. The models store later findings
   * under this id themselves, and nothing waits for them.
   */
  readonly triaged: (studyId: string, group: StudyGroup) => Triaged | null;
  readonly inPacsNow: InPacsNow;
  /** Called when a study was named and may be announced to the gateway. */
  readonly onQueued: () => void;
}

/** The policy for a study, and the key to which the study is sealed. */
export interface SendingTerms {
  readonly policy: Policy;
  /** Why names are kept; null if the policy does not require a reason. */
  readonly reason: SendingReason | null;
  readonly forTask: PolicyForTask;
  readonly sealingKey: SealingKey;
  /** The boxes over the files at which a person looked, by position. */
  readonly released: Released;
}

interface QueueingWatch {
  /** Called when files were read and either named or not sent. */
  onNamed(files: readonly FoundFile[]): void;
  /** Called when files are safe on this device, or need not be. */
  onSafe(files: readonly FoundFile[]): void;
  /** Called when a file is not sent, whatever a person decides. */
  onNotQueued(file: FoundFile, because: NotQueued['because']): void;
  /** Called when the study is in the queue, with those of its files that stay here until a person decides. */
  onHeld(studyId: string, files: readonly FoundFile[]): void;
}

/** A file of the study that a person left out before Send, with its patient or with its series. */
export interface LeftOutFile {
  readonly found: FoundFile;
  readonly cause: 'left-out-other-patient' | 'left-out';
}

interface Queueing {
  readonly group: StudyGroup;
  readonly leftOut: readonly LeftOutFile[];
  /** SOP Instance UIDs of the study of which only a damaged file was chosen. */
  readonly damaged: readonly string[];
  /** The values that all instances of the study contain, including those of its other patients. */
  readonly companions: readonly NamedValue[];
  readonly terms: SendingTerms;
  readonly watch: QueueingWatch;
  readonly signal: AbortSignal;
}

/** A study that has its row and is known to other tabs as being written. */
export interface Entered {
  readonly id: string;
  /** Call it once the whole study is in the queue, or out of it. */
  readonly leave: () => void;
}

/** The part of a queueing operation that is known before the study is read. */
type Entering = Pick<Queueing, 'group' | 'leftOut' | 'damaged' | 'terms'> & {
  /** Marks of all patients of the study, even if it is sent as several studies. */
  readonly patients: PatientMarks;
  /** Files of the same choice that a person left unread. */
  readonly leftUnread?: UnreadFiles | null;
};

/** A queueing operation whose study has its id in the queue. */
type Begun = Queueing & {
  readonly tools: QueueingTools;
  readonly studyId: string;
  /** Grows with each file that the policy cannot make safe, however late that is discovered. */
  readonly held: HeldHere[];
  /**
   * Grows with each file that can no longer be read. Its instance counts as damaged unless another file contains it.
   */
  readonly failed: FoundFile[];
};

/** `nothing-ready`: nothing of the study is in the queue, and a person decides about `held`. */
type Queued =
  | { readonly kind: 'queued'; readonly id: string }
  | { readonly kind: 'nothing-ready'; readonly held: readonly HeldHere[] };

/**
 * Gives a study its row as soon as a person has pressed Send, so that the study stays known even if the page ends
 * before reading it.
 */
export async function enterStudy(
  tools: QueueingTools,
  { group, leftOut, damaged, leftUnread, patients, terms: { policy, reason, forTask } }: Entering,
): Promise<Entered> {
  const id = tools.createId();
  const leave = await new Promise<() => void>((resolve, reject) => {
    const writing = () => new Promise<void>((left) => resolve(left));
    tools.whileWriting(id, writing).catch(reject);
  });
  const { name, version, deidentify } = policy;
  try {
    await beginStudy(tools.database, await tools.key, {
      id,
      queuedAt: tools.now(),
      account: tools.account(),
      policy: { name, version, deidentify, ...(reason !== null && { reason }) },
      title: titleAsSent(titleOf(group), forTask),
      about: aboutOf(group),
      mark: markOfStudy(group.studyInstanceUID),
      patients,
      chosen: group.instances,
      leftOut: leftOut.length + damaged.length,
      ...(leftUnread && { leftUnread }),
    });
  } catch (error) {
    leave();
    throw error;
  }
  return { id, leave };
}

/** Removes a study that has its row but is not queued after all. `why`: as for `giveUpStudy`. */
export async function withdrawEntered(
  { decisions }: QueueingTools,
  { id, leave }: Entered,
  why: 'cancelled' | 'failed',
): Promise<void> {
  await giveUpStudy(decisions, id, why);
  leave();
}

/**
 * Throws the signal's reason when a person takes the study back here, NamedByCompanions when a person has to look
 * first, or the error that kept the study from being queued as a whole. In all cases the study is out of the queue.
 */
export async function queueStudy(
  tools: QueueingTools,
  entered: Entered,
  queueing: Queueing,
): Promise<Queued> {
  const studyId = entered.id;
  const held: HeldHere[] = [];
  try {
    const isQueued = await nameAndPack({ ...queueing, tools, studyId, held, failed: [] });
    return isQueued ? { kind: 'queued', id: studyId } : { kind: 'nothing-ready', held };
  } catch (error) {
    // The study was taken back or cancelled on the queue's page, or is already in the PACS as a whole. This is not a
    // failure.
    if (isGone(error) && (await isOver(tools.database, studyId))) return { kind: 'queued', id: studyId };
    await giveUpStudy(tools.decisions, studyId, queueing.signal.aborted ? 'cancelled' : 'failed');
    throw error;
  } finally {
    entered.leave();
  }
}

/** False if nothing of the study was left to queue. */
async function nameAndPack(begun: Begun): Promise<boolean> {
  const { tools, studyId, group } = begun;
  const { database } = tools;
  const { naming, tell, ...named } = await nameAll(begun);
  const inPacs = await nameDecided(begun, naming);
  const open = begun.held.flatMap(({ found }) => (naming.has(found.ordinal) ? [found] : []));
  // If nothing else of the study can be sent, it was chosen because of these files.
  const isAsBefore = inPacs.size === 0 && named.wanted.size > 0 && (await areLeftOut(begun, open));
  if (open.length + inPacs.size > 0 && !isAsBefore)
    throw new NamedByCompanions(
      new Map([...open.map(({ ordinal }) => [ordinal, naming.get(ordinal)!] as const), ...inPacs]),
    );
  for (const each of tell) each();
  const triaged = tools.triaged(studyId, group);
  if (triaged !== null)
    await ignoreFailure(
      noteTriage(database, studyId, triaged),
      'without these answers the gateway does the work of the models',
    );
  const kept = await keepAllHeld(begun, named);
  if (!(await finishNaming(database, studyId, kept))) return false;
  tools.onQueued();
  const isQueued = await packAndFinish(begun, { ...named, kept });
  const files = begun.held.map(({ found }) => found);
  if (isQueued && files.length > 0) begun.watch.onHeld(studyId, files);
  tools.onQueued();
  return isQueued;
}

async function keepAllHeld(begun: Begun, { ofPlaces }: Pick<Named, 'ofPlaces'>): Promise<KeptHeld> {
  const { tools, studyId, group, leftOut, terms, failed } = begun;
  const left = new Map(ofPlaces);
  for (const { ordinal } of failed) left.delete(ordinal);
  const sopInstanceUIDs = new Set(left.values());
  const lost = failed.map(({ sopInstanceUID }) => sopInstanceUID).filter((uid) => !sopInstanceUIDs.has(uid));
  const damaged = [...new Set([...begun.damaged, ...lost])];
  // If one of the reasons cannot be released, it is the one that counts, as on the page.
  const reasonOf = ({ found, because: { because } }: HeldHere) => {
    const reasons = reasonsUnder(terms.policy, found);
    // The compressed pixel data is why the instance was not packed, and the page asks to cover it.
    const asked = isClearAsItIs(found.held) ? because : (reasons[0] ?? because);
    return reasons.find((reason) => !isReleasable(reason)) ?? asked;
  };
  const isOut = ({ found }: HeldHere) => decidedAs(terms.policy, new Map(), found) === 'left-out';
  const held = begun.held.filter((each) => !isOut(each));
  const { studyInstanceUID } = group;
  const named = (found: FoundFile) => ({
    sopInstanceUID: found.sopInstanceUID,
    patient: markOfPart(studyInstanceUID, partKeyOf(found)),
  });
  return keepHeld(tools.database, await tools.key, {
    studyId,
    studyInstanceUID,
    held: held.map((each) => ({ ...named(each.found), reason: reasonOf(each) })),
    sopInstanceUIDs,
    damaged,
    leftOut: [
      ...leftOut.map(({ found, cause }) => ({ ...named(found), cause })),
      ...begun.held
        .filter(isOut)
        .map(({ found, because }) => ({ ...named(found), cause: leftOutFor(because.because) })),
    ],
  });
}

interface Named {
  /** The positions of the files that must be packed. */
  readonly wanted: ReadonlySet<number>;
  /** The SOP Instance UIDs, by position, of these files and of those that are held back. */
  readonly ofPlaces: ReadonlyMap<number, string>;
  readonly kept: KeptHeld;
}

async function packAndFinish(begun: Begun, { wanted, ofPlaces, kept }: Named): Promise<boolean> {
  const { tools, studyId, signal, held, failed } = begun;
  const { database } = tools;
  const whenNamed = held.length + failed.length;
  const keepLate = async () => {
    if (held.length + failed.length > whenNamed)
      await holdLate(database, studyId, await keepAllHeld(begun, { ofPlaces }));
  };
  try {
    await packAll(begun, wanted);
    signal.throwIfAborted();
    await keepLate();
    return await finishPacking(database, studyId, kept);
  } catch (error) {
    // The whole study was in the PACS before it was packed, so only the instances that are held here remain.
    if (!isGone(error) || (await database.studies.get(studyId))?.state !== 'done') throw error;
    await keepLate();
    await database.transaction('rw', database.studies, () => takeFromEarlier(database, kept));
    return true;
  }
}

/** A file that the policy cannot make safe. It stays on this device until a person decides. */
export type HeldHere = { readonly found: FoundFile; readonly because: NotQueued['because'] };

function isGone(error: unknown): boolean {
  return error instanceof Error && error.name === 'StudyGone';
}

async function isOver(database: LocalDatabase, id: string): Promise<boolean> {
  const study = await database.studies.get(id);
  return study === undefined || study.state === 'taken-back' || study.state === 'done';
}

/**
 * Names all files. Returns the positions of the files that must be packed (`wanted`), and by position the SOP
 * Instance UIDs of these and of the held-back ones (`ofPlaces`). `naming`: held-back files with texts that no page
 * has shown. `tell`: callbacks that report what became of the files, to be called once it is certain that the study
 * need not wait for a person.
 */
async function nameAll(begun: Begun) {
  const { tools, studyId, group, companions, terms, watch, signal, held, failed } = begun;
  const { forTask: policy, released } = terms;
  const stays = ({ ordinal, naming }: FoundFile): boolean =>
    policy.kind === 'deidentified' && naming.length > 0 && !released.has(ordinal);
  const wanted = new Set<number>();
  const ofPlaces = new Map<number, string>();
  const naming = new Map<number, readonly NamingText[]>();
  const tell: (() => void)[] = [];
  await forEachInParallel(planBatches(group), tools.pool.size, async (batch) => {
    const files = batch.filter((found) => !stays(found)).map((found) => toFile(found, released));
    const named = await tools.pool.run({ kind: 'name', studyId, files, policy, companions }, signal);
    const { duplicates } = named;
    for (const { position, because } of named.notQueued)
      if ('texts' in because && because.texts !== undefined) naming.set(position, because.texts);
    const notQueued = [...named.notQueued, ...batch.filter(stays).map(toStaying)];
    const out = new Set([...duplicates, ...notQueued.map(({ position }) => position)]);
    const heldHere = heldOf(batch, notQueued);
    for (const { ordinal, sopInstanceUID } of batch) {
      if (out.has(ordinal)) continue;
      wanted.add(ordinal);
      ofPlaces.set(ordinal, sopInstanceUID);
    }
    for (const { found } of heldHere) ofPlaces.set(found.ordinal, found.sopInstanceUID);
    watch.onNamed(batch);
    held.push(...heldHere);
    failed.push(...failedOf(batch, notQueued).map(({ found }) => found));
    tell.push(() => {
      tellNotQueued(batch, notQueued, watch);
      watch.onSafe(batch.filter(({ ordinal }) => out.has(ordinal)));
    });
  });
  return { wanted, ofPlaces, naming, tell };
}

/** For a file whose texts a person saw on the page and has not released. */
const toStaying = ({ ordinal }: FoundFile): NotQueued => ({
  position: ordinal,
  because: { kind: 'quarantined', because: 'named-by-companion' },
});

async function packAll(begun: Begun, wanted: ReadonlySet<number>): Promise<void> {
  const later = await packSome(begun, wanted, true);
  // The gateway has these instances but the PACS does not yet, so a copy stays here until there is a receipt.
  if (later.size > 0) await packSome(begun, later, false);
}

/** Returns the positions of the files that `onlyNeeded` skipped. */
async function packSome(
  { tools, studyId, group, terms, watch, signal, held, failed }: Begun,
  places: ReadonlySet<number>,
  onlyNeeded: boolean,
): Promise<ReadonlySet<number>> {
  const { pool } = tools;
  const { forTask: policy, sealingKey, released } = terms;
  const later = new Set<number>();
  const parcels = planParcels(group, ({ ordinal }) => places.has(ordinal));
  await forEachInParallel(parcels, pool.size, async (parcel) => {
    const parcelId = tools.createId();
    const files = parcel.map((found) => toFile(found, released));
    const done = await pool.run(
      { kind: 'pack', studyId, parcelId, files, policy, sealingKey, onlyNeeded, workers: pool.size },
      signal,
    );
    // These files were changed since they were named, or the second reading found more.
    held.push(...heldOf(parcel, done.notQueued));
    failed.push(...failedOf(parcel, done.notQueued).map(({ found }) => found));
    tellNotQueued(parcel, done.notQueued, watch);
    const skipped = new Set(done.later);
    for (const position of skipped) later.add(position);
    watch.onSafe(parcel.filter(({ ordinal }) => !skipped.has(ordinal)));
  });
  return later;
}

function toFile(found: FoundFile, released: Released): FileToQueue {
  const { file, ordinal } = found;
  const boxes = released.get(ordinal);
  return { ref: file.ref, position: ordinal, ...(boxes && { looked: lookedAt(found), boxes }) };
}

function heldOf(files: readonly FoundFile[], notQueued: readonly NotQueued[]): readonly HeldHere[] {
  return notQueued.flatMap(({ position, because }) => {
    const found = files.find(({ ordinal }) => ordinal === position);
    return found && because.kind === 'quarantined' ? [{ found, because }] : [];
  });
}

/** Files that are not sent and need no decision. */
function failedOf(files: readonly FoundFile[], notQueued: readonly NotQueued[]) {
  return notQueued.flatMap(({ position, because }) => {
    const found = files.find(({ ordinal }) => ordinal === position);
    return found && because.kind !== 'quarantined' ? [{ found, because }] : [];
  });
}

function tellNotQueued(
  files: readonly FoundFile[],
  notQueued: readonly NotQueued[],
  watch: QueueingWatch,
): void {
  for (const { found, because } of failedOf(files, notQueued)) watch.onNotQueued(found, because);
}
