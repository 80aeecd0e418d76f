/**
 * Verify, applied: what the parcel held gets its place or its reason; when nothing more is awaited, assembly
 * is next.
 */
import type { Transaction } from 'kysely';
import { createRules } from '#shared/deid/rules.ts';
import type { Tables } from '../../database/tables.ts';
import { parcelKey } from '../../ports/blobs/blob-cipher.ts';
import { checkRoom, StorageFull } from '../../ports/blobs/blobs.ts';
import { changeInstances, countStates, instancesByKey, type InstanceChange } from '../instance.store.ts';
import { removeParcelBlobs, restoredOf } from '../parcel-blobs.ts';
import { countFailure, deleteParcels, moveParcel, type OwnedParcel } from '../parcel.store.ts';
import { findPolicy } from '../../policies/policies.ts';
import { clearWaiting, lockStudy, setWaiting } from '../study.store.ts';
import { auditStudy } from '../audit-study.ts';
import type { PipelineTools } from '../pipeline-tools.ts';
import { enqueueStage } from '../stages.ts';
import type { Place } from './read-part.ts';
import { createRestoredBlob, type RestoredBlob } from './restored-blob.ts';
import { verifyParcel, type Promised, type VerifiedInstance, type VerifyOutcome } from './verify-parcel.ts';
import type { VerifyRules } from './verify-instance.ts';

/**
 * Sent so often and never what was promised: the file changes under the device's hands, or something on the
 * way changes it.
 */
const ATTEMPTS_LIMIT = 4;
/**
 * Runs in which verify may fail without an outcome, the last of which settles the parcel. With the pauses
 * between them some three minutes: a disk or a database that was restarted is back, and the person who sends
 * still stands at the device. Fewer, and a hiccup bothers a person; more, and a study waits with nobody
 * knowing why.
 */
const RUNS_LIMIT = 8;
/**
 * Where the disk has no room to restore what came coded: until somebody made some, or another study has gone.
 */
const ROOM_AGAIN_SECONDS = 30;

export async function runVerify(
  parcel: OwnedParcel,
  tools: PipelineTools,
  signal: AbortSignal,
): Promise<string> {
  try {
    return await verifyOnce(parcel, tools, signal);
  } catch (error) {
    if (error instanceof StorageFull) return waitForRoom(parcel, tools);
    // A gateway that stops is no failure of the parcel; nor is a database that cannot even count.
    if (!signal.aborted) await countFailure(tools.db, parcel.id).catch(() => undefined);
    throw error;
  }
}

/** No failure of the parcel: it is said, and looked at again. */
async function waitForRoom(parcel: OwnedParcel, tools: PipelineTools): Promise<string> {
  await tools.db.transaction().execute(async (trx) => {
    await setWaiting(trx, parcel.study_id, 'storage-full', tools.now());
    await enqueueStage(trx, tools, {
      queue: 'verify',
      parcelId: parcel.id,
      afterSeconds: ROOM_AGAIN_SECONDS,
    });
  });
  return 'waiting';
}

async function verifyOnce(parcel: OwnedParcel, tools: PipelineTools, signal: AbortSignal): Promise<string> {
  const isLastRun = parcel.failures + 1 >= RUNS_LIMIT;
  const { wrapped_key } = parcel;
  const studyKey = wrapped_key === null ? null : tools.keys.unwrap(parcel.study_id, wrapped_key);
  const body =
    studyKey === null
      ? null
      : await tools.blobs
          .open(parcel.id, parcelKey(studyKey, parcel.id))
          .catch((error: unknown) => (isLastRun ? null : Promise.reject(error)));
  const attempts = new Map<number, number>();
  const awaited = async (
    keys: readonly { sopInstanceUID: string; digest: string }[],
  ): Promise<Map<string, Promised>> => {
    const rows = (
      await instancesByKey(tools.db, { id: parcel.study_id, site_id: parcel.site_id }, keys)
    ).filter(({ state }) => state === 'promised');
    for (const row of rows) attempts.set(row.id, row.attempts);
    return new Map(
      rows.map((row) => [
        `${row.sop_instance_uid} ${row.digest}`,
        { ...row, study_instance_uid: parcel.study_instance_uid },
      ]),
    );
  };
  const rules = new Map<string, Promise<VerifyRules>>();
  const rulesOf = (name: string, version: number): Promise<VerifyRules> => {
    const made = rules.get(`${name} ${version}`) ?? rulesFor(tools, parcel.site_id, { name, version });
    rules.set(`${name} ${version}`, made);
    return made;
  };
  const nothing: VerifyOutcome = { instances: [], unpromised: 0, broken: { offset: 0 } };
  // Its bytes are gone (a disk was lost, a key destroyed): as good as damaged.
  if (studyKey === null || body === null) return applyVerify(parcel, nothing, null, attempts, tools);
  const restoredId = restoredOf(parcel.id, tools.newId());
  const restored = createRestoredBlob(tools.blobs, restoredId, parcelKey(studyKey, restoredId));
  const room = (bytes: number): Promise<void> => checkRoom(tools.blobs, bytes);
  try {
    const outcome = await lookAt(restored, () =>
      verifyParcel(
        body,
        { awaited, rulesFor: rulesOf, isLastRun, restored, restore: tools.restore, checkRoom: room },
        signal,
      ),
    );
    // Should its commit fail without a word, what was restored may have its place all the same; where it has
    // none, expiry sweeps it.
    return await applyVerify(parcel, outcome, restored, attempts, tools);
  } finally {
    await body.close();
  }
}

/** What a run restored that came to no outcome goes with it. */
async function lookAt(restored: RestoredBlob, verify: () => Promise<VerifyOutcome>): Promise<VerifyOutcome> {
  try {
    const outcome = await verify();
    await restored.sync();
    return outcome;
  } catch (error) {
    await restored.remove();
    throw error;
  }
}

/**
 * Those of the very version, superseded or withdrawn since. What was promised under a policy that nobody
 * knows is held to the strictest there is.
 */
async function rulesFor(
  tools: PipelineTools,
  siteId: string,
  named: { readonly name: string; readonly version: number },
): Promise<VerifyRules> {
  const policy = await findPolicy(tools.db, siteId, named);
  if (policy !== undefined && !policy.deidentify) return { kind: 'identified' };
  const made = createRules(policy?.options ?? [], policy?.rules);
  if (made.kind === 'refused') throw new Error(`the policy ${named.name} names an option that cannot be had`);
  return { kind: 'deidentified', rules: made.rules, pseudonyms: tools.pseudonyms };
}

function toChange(
  parcelId: string,
  restored: RestoredBlob | null,
  instance: VerifiedInstance,
  attempts: number,
): InstanceChange {
  const { id } = instance;
  const placed = (place: Place | null): NonNullable<InstanceChange['place']> | null =>
    place && { parcelId, offset: place.offset, restored: place.isRestored ? (restored?.id ?? null) : null };
  switch (instance.kind) {
    case 'received':
      return { id, state: 'received', reason: null, place: placed(instance.place) };
    case 'quarantined':
      return { id, state: 'quarantined', reason: instance.because, place: placed(instance.place) };
    case 'refused':
      return { id, state: 'refused', reason: instance.because };
    case 'damaged':
      return attempts + 1 < ATTEMPTS_LIMIT
        ? { id, state: 'promised', attempts: 1 }
        : { id, state: 'refused', reason: 'digest-mismatch', attempts: 1 };
    default:
      return instance satisfies never;
  }
}

async function applyVerify(
  parcel: OwnedParcel,
  outcome: VerifyOutcome,
  restored: RestoredBlob | null,
  attempts: ReadonlyMap<number, number>,
  tools: PipelineTools,
): Promise<string> {
  const { id: parcelId } = parcel;
  const damaged = countKinds(outcome.instances).damaged + (outcome.broken === null ? 0 : 1);
  const applied = await tools.db.transaction().execute(async (trx): Promise<Applied | null> => {
    await lockStudy(trx, parcel.study_id);
    if (!(await moveParcel(trx, parcelId, 'received', 'verified', damaged))) return null;
    const changes = outcome.instances.map((instance) =>
      toChange(parcelId, restored, instance, attempts.get(instance.id) ?? 0),
    );
    const changed = await changeInstances(trx, changes, ['promised'], tools.now(), parcel.study_id);
    // What another parcel brought in the meantime, or another study has taken over, has no place here.
    const instances = outcome.instances.filter(({ id }) => changed.has(id));
    const counts = countKinds(instances);
    const isUseful = counts.received + counts.quarantined > 0;
    if (!isUseful) await deleteParcels(trx, [parcelId]);
    if (restored !== null) await clearWaiting(trx, parcel.study_id, 'storage-full');
    await assembleIfComplete(trx, parcel.study_id, tools);
    await auditStudy(
      trx,
      tools,
      { ...parcel, id: parcel.study_id },
      { event: 'parcel-verified', parcelId, ...counts },
    );
    return { instances, counts, isUseful };
  });
  // A device that has asked to complete waits for this; what is left to do here is nothing to it.
  tools.changes.emit(parcel.study_id);
  await removeUnused(parcelId, applied, restored, tools);
  // Another run was first: what it found in the parcel has its place there.
  if (applied === null) return 'elsewhere';
  const { instances, counts } = applied;
  if (damaged > 0)
    tools.log({
      event: 'parcel-damaged',
      studyId: parcel.study_id,
      parcelId,
      damaged,
      offset: outcome.broken?.offset ?? -1,
    });
  const unverified = instances.filter(
    (instance) => instance.kind === 'quarantined' && instance.because === 'cannot-be-verified',
  ).length;
  if (unverified > 0)
    tools.log({ event: 'instances-not-verified', studyId: parcel.study_id, parcelId, count: unverified });
  if (outcome.unpromised > 0)
    tools.log({
      event: 'unpromised-instances',
      studyId: parcel.study_id,
      parcelId,
      count: outcome.unpromised,
    });
  tools.metrics.bytes('verify', parcel.bytes);
  tools.metrics.instances('received', counts.received);
  return damaged > 0 ? 'damaged' : 'verified';
}

/** What the parcel brought: instances that are what verify says of them, by its word. */
type Applied = {
  readonly instances: readonly VerifiedInstance[];
  readonly counts: Readonly<Record<VerifiedInstance['kind'], number>>;
  readonly isUseful: boolean;
};

function countKinds(instances: readonly VerifiedInstance[]): Applied['counts'] {
  const count = (kind: VerifiedInstance['kind']) =>
    instances.filter((instance) => instance.kind === kind).length;
  return {
    received: count('received'),
    refused: count('refused'),
    quarantined: count('quarantined'),
    damaged: count('damaged'),
  };
}

/**
 * Blobs in which no instance got its place. What came coded has it among what was restored: where all did,
 * nobody needs what came any more.
 */
async function removeUnused(
  parcelId: string,
  applied: Applied | null,
  restored: RestoredBlob | null,
  { blobs }: PipelineTools,
): Promise<void> {
  const places =
    applied?.instances.flatMap((instance) =>
      'place' in instance && instance.place !== null ? [instance.place] : [],
    ) ?? [];
  if (!places.some(({ isRestored }) => isRestored)) await restored?.remove();
  if (applied === null) return;
  if (!applied.isUseful) await removeParcelBlobs(blobs, [parcelId]);
  else if (!places.some(({ isRestored }) => !isRestored)) await blobs.remove(parcelId);
}

async function assembleIfComplete(
  trx: Transaction<Tables>,
  studyId: string,
  tools: PipelineTools,
): Promise<void> {
  if (!(await countStates(trx, studyId)).has('promised'))
    await enqueueStage(trx, tools, { queue: 'assembly', studyId });
}
