/**
 * A person's decisions about instances that the gateway could not settle: leave out, or try again. Either one moves the
 * study on, so that the next receipt states the decision.
 *
 * A decision covers only instances that the upload itself named. An upload that joins a study does not decide for the
 * others, and an instance that another upload promised too is left out of this one only. And no decision lets through
 * what verify held back: where identity remains, or verify could not tell, the bytes that are here are discarded, and
 * instances sent again are verified again.
 *
 * An instance that the PACS may have been given is left out only after the PACS had the time to show it, and one more
 * search of the PACS did not find it: a receipt must not say "left out" of an instance that is there. And an instance
 * whose UID another one took comes back only if the PACS, asked once more, no longer has that other one.
 */
import type { GivingUpReason } from '#shared/protocol/dimse-peer.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { isUidTaken } from '#shared/protocol/reason-kinds.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { IN_PACS, type InstanceState } from '#shared/protocol/study-state.ts';
import { changeInstances } from '../pipeline/stores/change-instances.ts';
import type { Trx } from '../database/database.ts';
import {
  activeInstances,
  instancesByKey,
  NO_OFFERS,
  NOTHING_COUNTED,
  type InstanceChange,
  type InstanceRow,
} from '../pipeline/stores/instance.store.ts';
import {
  instanceIdsOf,
  namedElsewhere,
  reopenParcels,
  setCancelled,
  unlinkInstances,
  type UploadRow,
} from '../pipeline/stores/parcel.store.ts';
import { expectInCopies, leaveOutInCopies } from '../pipeline/stores/copy.store.ts';
import { countedMinutes } from '../pipeline/stores/tally.store.ts';
import { applyStudyEvent, lockStudy, setStudyKey, type StudyRow } from '../pipeline/stores/study.store.ts';
import { auditStudy } from '../pipeline/plan/audit-study.ts';
import { NEVER_ARRIVED } from './drop-promises.ts';
import { findGoneRivals } from './find-gone-rivals.ts';
import { renewCoercions } from './renew-coercion.ts';
import type { UploadTools } from './upload-tools.ts';
import { enqueueStage } from '../pipeline/plan/stages.ts';

export type Decision = {
  readonly decision: 'leave-out' | 'retry';
  readonly instances: readonly { readonly sopInstanceUID: string; readonly digest: string }[];
  /** An administrator's reason for leaving them out. */
  readonly because?: GivingUpReason | undefined;
  /** The id of the destination that the decision is about. Undefined: all destinations of the study. */
  readonly at?: string | undefined;
};

/** A promise that will never be kept may be left out too: a device that was lost must not hold up a study for ever. */
const CAN_BE_LEFT_OUT: readonly InstanceState[] = ['promised', 'received', 'quarantined', 'refused'];
const CAN_BE_RETRIED: readonly InstanceState[] = ['quarantined', 'refused', 'left-out'];
/** Instances that will be offered to the PACS again, or looked for there again. */
const PAUSING: readonly InstanceState[] = ['received', 'posted'];
/** A person waits for the answer, so the PACS has only this long. */
const PACS_MS = 10_000;
/**
 * Leaving out instances in these states cancels the upload; instances in other states had already come to a stop. If
 * another upload promised them too, they are left to that one.
 */
const ON_ITS_WAY: readonly InstanceState[] = ['promised', 'received'];

/**
 * Returns how many instances it changed. Those in an unsuitable state, or not named by the upload, are left alone.
 * Throws `decision-not-possible` where that is all of them and they are not decided so already, and `pacs-unreachable`
 * where the PACS must be asked and does not answer.
 */
export async function decide(
  tools: UploadTools,
  upload: UploadRow,
  by: string,
  said: Decision,
): Promise<number> {
  const { id: uploadId, study_id: studyId } = upload;
  const { decision, because, at } = said;
  const { notThere, early } =
    decision === 'leave-out' ? await lookForOffered(tools, upload, said.instances) : NOTHING_OFFERED;
  const gone = decision === 'retry' ? await findGoneRivals(tools, upload, said.instances) : new Set<number>();
  const changed = await tools.db.transaction().execute(async (trx) => {
    const study = await lockStudy(trx, studyId);
    if (study === undefined) return 0;
    const { named, changes, leftToOthers } = await planChanges(trx, upload, study, {
      ...said,
      notThere,
      gone,
    });
    const freed = [...gone].map((id) => ({ id, ...NEVER_ARRIVED }));
    await changeInstances(trx, freed, { from: IN_PACS, now: tools.now() });
    const done = await changeInstances(trx, changes, {
      from: decision === 'leave-out' ? CAN_BE_LEFT_OUT : [...CAN_BE_RETRIED, ...PAUSING],
      now: tools.now(),
    });
    if (done.size === 0 && leftToOthers === 0) requireDecided(decision, named, early);
    if (done.size === 0) return leftToOthers;
    const renewed = decision === 'retry' ? await renewCoercions(trx, [...done], by, at) : [];
    const follow = decision === 'retry' ? expectInCopies : leaveOutInCopies;
    await follow(trx, [...done], { now: tools.now(), at });
    if (changes.some(({ state }) => state === 'promised')) await expectAgain(trx, tools, study);
    const { revision } = await moveStudy(trx, tools, study);
    const cancelled = decision === 'leave-out' ? cancelledBy(named, done) : null;
    if (decision === 'retry' || cancelled !== null)
      await setCancelled(trx, uploadId, cancelled === null ? null : tools.now());
    const why = { ...cancelled, ...(because !== undefined && { because }) };
    const decided = { uploadId, by, decision, instances: done.size, ...why, revision };
    await auditStudy(trx, tools, study, { event: 'instances-decided', ...decided });
    for (const audit of renewed) await auditStudy(trx, tools, study, audit);
    return done.size;
  });
  tools.changes.emit(studyId);
  return changed;
}

/** `named`: the decision's instances that belong to this upload. */
type Plan = {
  readonly named: readonly InstanceRow[];
  readonly changes: readonly InstanceChange[];
  readonly leftToOthers: number;
};

/** The decision, with what was asked of the PACS beforehand. */
type Asked = Decision & {
  readonly notThere: ReadonlyMap<number, number>;
  readonly gone: ReadonlySet<number>;
};

/**
 * The changes that the decision asks for. Instances that another upload awaits too are only removed from this one:
 * `leftToOthers` counts them. `notThere`: see `lookForOffered`; `gone`: see `findGoneRivals`.
 */
async function planChanges(
  trx: Trx,
  upload: UploadRow,
  study: StudyRow,
  { decision, instances, notThere, gone }: Asked,
): Promise<Plan> {
  const own = await instanceIdsOf(trx, upload.id);
  const named = (await instancesByKey(trx, study.id, instances)).filter(({ id }) => own.has(id));
  const rows = named.filter((row) =>
    decision === 'retry' ? canRetry(row) : canLeave(row, study, notThere.get(row.id)),
  );
  const uids = rows.map((row) => row.sop_instance_uid);
  // Only in this study: where another upload has the UID, forward finds out what the PACS holds.
  const rivals = (await activeInstances(trx, study.id, uids)).filter(({ id }) => !gone.has(id));
  const awaited = rows.filter(({ state }) => ON_ITS_WAY.includes(state)).map(({ id }) => id);
  const others = decision === 'leave-out' ? await namedElsewhere(trx, upload.id, awaited) : new Set<number>();
  await unlinkInstances(trx, upload.id, others);
  const ofThisUpload = rows.filter(({ id }) => !others.has(id));
  return { named, changes: toChanges(decision, ofThisUpload, rivals), leftToOthers: others.size };
}

/**
 * `left`: ids of instances that were left out. Null: none of them was on its way. `arrived`: how many were at the
 * gateway.
 */
function cancelledBy(
  named: readonly InstanceRow[],
  left: ReadonlySet<number>,
): { readonly cancelled: true; readonly arrived: number } | null {
  const rows = named.filter(({ id }) => left.has(id));
  if (!rows.some(({ state }) => ON_ITS_WAY.includes(state))) return null;
  return { cancelled: true, arrived: rows.filter(({ state }) => state !== 'promised').length };
}

/** Makes the study ready to receive bytes again: it gets a key, and its verified parcels may be sent again. */
async function expectAgain(trx: Trx, tools: UploadTools, study: StudyRow): Promise<void> {
  if (study.wrapped_key === null) await setStudyKey(trx, study.id, await tools.keys.create(study.id));
  await reopenParcels(trx, study.id);
}

/** Moves the study on from any state, because the last receipt, or the next one, would no longer be true. */
export async function moveStudy(trx: Trx, tools: UploadTools, study: StudyRow): Promise<StudyRow> {
  const event = study.state === 'held' ? 'decided' : 'late-instance';
  const moved = (await applyStudyEvent(trx, study, event, tools.now())) ?? study;
  if (moved.state === 'receiving') await enqueueStage(trx, tools, { queue: 'assembly', studyId: study.id });
  return moved;
}

/** Whether the instance waits until the PACS is asked again. A retry ends the wait. */
const isPausing = ({ state, offers }: InstanceRow): boolean => PAUSING.includes(state) && offers > 0;

const canRetry = (row: InstanceRow): boolean => CAN_BE_RETRIED.includes(row.state) || isPausing(row);

/**
 * Throws `decision-not-possible` where an instance is not as the decision wants it, and cannot be brought there now.
 * The same decision may come again, because its answer was lost.
 */
function requireDecided(
  decision: Decision['decision'],
  named: readonly InstanceRow[],
  early: Offered['early'],
): void {
  const minutes = Math.max(0, ...named.map(({ id }) => early.get(id) ?? 0));
  if (minutes > 0)
    throw new Problem(
      'decision-not-possible',
      `The PACS was given these instances and may have stored them. Leave them out in ${minutes} min, when that is certain.`,
    );
  if (decision === 'leave-out' && named.some(({ state }) => state !== 'left-out'))
    throw new Problem('decision-not-possible', 'The PACS has these instances, or is being given them.');
  if (decision === 'retry' && named.some(({ state }) => CAN_BE_RETRIED.includes(state)))
    throw new Problem(
      'decision-not-possible',
      'The PACS still has another image under this UID, or is about to get it.',
    );
}

/**
 * Received instances may be left out if none was offered to the PACS, or if it was only offered in vain. `notThereAt`:
 * set if the PACS does not have the instance: when the instance had been offered before that search.
 */
function canLeave(
  { state, posted_at }: InstanceRow,
  study: StudyRow,
  notThereAt: number | undefined,
): boolean {
  if (state === 'posting' || state === 'posted') return false;
  if (state !== 'received') return true;
  if (study.state !== 'receiving' && study.state !== 'assembled') return false;
  return posted_at === null || posted_at.getTime() === notThereAt;
}

/**
 * Instances that the PACS may have been given, by their ids. `notThere`: those that it does not have, with the time
 * when each was offered. `early`: those that it may yet show, with the minutes until that is over.
 */
type Offered = {
  readonly notThere: ReadonlyMap<number, number>;
  readonly early: ReadonlyMap<number, number>;
};
const NOTHING_OFFERED: Offered = { notThere: new Map(), early: new Map() };

/** Throws `pacs-unreachable`. */
async function lookForOffered(
  { db, pacsOf, patience }: UploadTools,
  upload: UploadRow,
  instances: Decision['instances'],
): Promise<Offered> {
  const minutes = await countedMinutes(db);
  const offered = (await instancesByKey(db, upload.study_id, instances)).flatMap((row) =>
    row.state === 'received' && row.posted_at !== null ? [{ ...row, posted_at: row.posted_at }] : [],
  );
  if (offered.length === 0) return NOTHING_OFFERED;
  const away = () => {
    throw new Problem('pacs-unreachable');
  };
  const { pacs, lagMinutes: own } = await pacsOf(upload).catch(away);
  const lagMinutes = own ?? patience.lagMinutes;
  // The difference between two counts may exceed the minutes between them by one (tally.store.ts).
  const leftOf = (row: InstanceRow): number =>
    lagMinutes === 0 ? 0 : Math.max(0, row.offered_minute + lagMinutes + 1 - minutes);
  const old = offered.filter((row) => leftOf(row) === 0);
  const early = new Map(offered.filter((row) => leftOf(row) > 0).map((row) => [row.id, leftOf(row)]));
  if (old.length === 0) return { notThere: new Map(), early };
  const uids = old.map((row) => row.sop_instance_uid);
  const late = AbortSignal.timeout(PACS_MS);
  const places = await pacs.findInstances(uids, late, upload.study_instance_uid).catch(away);
  const there = new Set(places.map(({ sopInstanceUID }) => sopInstanceUID));
  const absent = old.filter((row) => !there.has(row.sop_instance_uid));
  return { notThere: new Map(absent.map((row) => [row.id, row.posted_at.getTime()])), early };
}

function toChanges(
  decision: Decision['decision'],
  rows: readonly InstanceRow[],
  rivals: readonly InstanceRow[],
): InstanceChange[] {
  if (decision === 'leave-out') return rows.map(toLeftOut);
  // Trying again does not resolve a conflict: as long as another instance has the UID, nothing may take its place. If
  // two instances come back, the one on its way gets the UID, otherwise the first.
  const asked = new Set(rows.map(({ id }) => id));
  const taken = new Set(rivals.filter(({ id }) => !asked.has(id)).map((row) => row.sop_instance_uid));
  const turnOf = ({ state }: InstanceRow): number => (state === 'received' ? 0 : 1);
  const inTurn = [...rows].sort((a, b) => turnOf(a) - turnOf(b));
  return inTurn.flatMap((row) => {
    if (taken.has(row.sop_instance_uid)) return [];
    taken.add(row.sop_instance_uid);
    return [toRetried(row)];
  });
}

/** Whether verify held the instance back. */
function isHeldBack(reason: ReasonCode | null): boolean {
  return (
    reason === 'identity-remains' || reason === 'cannot-be-verified' || reason === 'too-much-to-deidentify'
  );
}

function toLeftOut({ id, reason }: InstanceRow): InstanceChange {
  // The reason stays, so that the receipt still says that other content has this UID. A name may be visible in it.
  const because = isUidTaken(reason) ? reason : 'left-out';
  // Without a place the instance can come back only by being sent, and is verified again then.
  return { id, state: 'left-out', reason: because, ...(isHeldBack(reason) ? { place: null } : {}) };
}

function toRetried(row: InstanceRow): InstanceChange {
  const { id } = row;
  if (row.state === 'received') return { id, state: 'received', offers: NO_OFFERS };
  // Offers drop to one, not to zero, to keep on record that an offer was not answered (forward/reconcile-study.ts).
  if (row.state === 'posted') return { id, state: 'posted', offers: { all: 1, amid: 0 } };
  // With `postedAt: null`, the PACS is looked at before the instance is posted.
  const fresh = { id, reason: null, pacsCode: null, proof: null, postedAt: null, ...NOTHING_COUNTED };
  if (isHeldBack(row.reason)) return { ...fresh, state: 'promised', place: null };
  return { ...fresh, state: row.parcel_id === null ? 'promised' : 'received' };
}
