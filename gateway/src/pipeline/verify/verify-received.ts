/**
 * Verify of a complete parcel: opens its bytes, compares them with what was promised, and returns the plan. Only the
 * blob with restored instances is written on the way. A run that comes to no outcome removes it; if the process dies,
 * expiry does.
 */
import { settingsOf } from '#shared/deid/rules.ts';
import { toBase64Url } from '#shared/transfer/base64url.ts';
import { keyNameOf } from '#shared/transfer/policy-key.ts';
import { parcelKey } from '../../ports/blobs/blob-cipher.ts';
import { checkRoom, StorageFull, type OpenBlob } from '../../ports/blobs/blobs.ts';
import { findPolicy } from '../../policies/policies.ts';
import { ThreadNotStarted } from '../../threads/thread.ts';
import { instancesByKey, noteTrace } from '../stores/instance.store.ts';
import { restoredOf } from '../stores/parcel-blobs.ts';
import { accountOf, type OwnedParcel } from '../stores/parcel.store.ts';
import type { PipelineTools, PolicyRules } from '../plan/pipeline-tools.ts';
import type { Planner } from '../plan/study-plan.ts';
import type { Waiting } from '../stores/study.store.ts';
import { planVerified, type VerifiedParcel } from './plan-verified.ts';
import { createRestoredBlob } from './restored-blob.ts';
import { verifyParcel, type Promised, type VerifyTools } from './verify-parcel.ts';

/**
 * Runs in which verify may fail without an outcome; the last one settles the parcel. With the pauses between them they
 * take some three minutes: a disk or a database that was restarted is back by then, and the person who sends is still
 * at the device. Fewer runs would bother a person about a hiccup; more would leave a study waiting without an
 * explanation.
 */
const RUNS_LIMIT = 8;
/** The pause when the machine has no room or no thread, until there is some again. */
const AGAIN_SECONDS = 30;

type Tools = Pick<PipelineTools, 'db' | 'blobs' | 'keys' | 'policyKey' | 'check' | 'restore' | 'newId'>;

export async function verifyReceived(
  parcel: OwnedParcel,
  tools: Tools,
  signal: AbortSignal,
): Promise<Planner> {
  try {
    const found = await lookInto(parcel, tools, signal);
    return (locked) => planVerified(locked, found);
  } catch (error) {
    const because = whyItWaits(error);
    if (because === null) throw error;
    // This is no failure of the parcel: the study says that it waits, and verify runs again.
    return async () => ({
      outcome: 'waiting',
      changes: [{ kind: 'wait', because }],
      next: [
        {
          queue: 'verify',
          parcelId: parcel.id,
          account: accountOf(parcel),
          afterSeconds: AGAIN_SECONDS,
        },
      ],
    });
  }
}

/**
 * The reason for waiting if the machine lacks what verify needs: room on its disk, or a thread. Null: the failure has
 * another cause.
 */
function whyItWaits(error: unknown): Waiting | null {
  if (error instanceof StorageFull) return 'storage-full';
  return error instanceof ThreadNotStarted ? 'gateway-failed' : null;
}

async function lookInto(parcel: OwnedParcel, tools: Tools, signal: AbortSignal): Promise<VerifiedParcel> {
  const isLastRun = parcel.failures + 1 >= RUNS_LIMIT;
  const damages = new Map<number, number>();
  const studyKey =
    parcel.wrapped_key === null ? null : tools.keys.unwrap(parcel.study_id, parcel.wrapped_key);
  const body = studyKey === null ? null : await openBody(parcel, studyKey, tools, isLastRun);
  // The parcel's bytes are gone (a disk was lost, a key destroyed): the parcel counts as damaged.
  if (studyKey === null || body === null) {
    const outcome = { instances: [], unpromised: 0, broken: { offset: 0 } };
    return { parcel, outcome, damages, restoredId: null };
  }
  const restoredId = restoredOf(parcel.id, tools.newId());
  const restored = createRestoredBlob(tools.blobs, restoredId, parcelKey(studyKey, restoredId));
  try {
    const outcome = await verifyParcel(
      body,
      {
        isLastRun,
        restored,
        restore: tools.restore,
        check: tools.check,
        account: accountOf(parcel),
        note: (id, trace) => noteTrace(tools.db, id, trace),
        isRepeated: parcel.runs > 0,
        awaited: (keys) => findAwaited(parcel, keys, damages, tools),
        rulesFor: rememberRules(parcel.site_id, tools),
        checkRoom: (bytes) => checkRoom(tools.blobs, bytes),
      },
      signal,
    );
    await restored.sync();
    // If the commit fails without an answer, the restored instances may have their place nevertheless. Where they have
    // none, expiry sweeps them.
    return { parcel, outcome, damages, restoredId };
  } catch (error) {
    await restored.remove();
    throw error;
  } finally {
    await body.close();
  }
}

async function openBody(
  { id }: OwnedParcel,
  studyKey: Uint8Array,
  { blobs }: Tools,
  isLastRun: boolean,
): Promise<OpenBlob | null> {
  try {
    return await blobs.open(id, parcelKey(studyKey, id));
  } catch (error) {
    if (isLastRun) return null;
    throw error;
  }
}

/**
 * The instances that the study still awaits, by `UID digest`. Also fills `damages` with how often each came damaged
 * before.
 */
async function findAwaited(
  parcel: OwnedParcel,
  keys: Parameters<VerifyTools['awaited']>[0],
  damages: Map<number, number>,
  { db }: Tools,
): Promise<ReadonlyMap<string, Promised>> {
  const { study_instance_uid } = parcel;
  const rows = await instancesByKey(db, parcel.study_id, keys);
  const promised = rows.filter(({ state }) => state === 'promised');
  for (const row of promised) damages.set(row.id, row.damages);
  return new Map(
    promised.map((row) => [`${row.sop_instance_uid} ${row.digest}`, { ...row, study_instance_uid }]),
  );
}

/** The rules of each policy, made once for the parcel. */
function rememberRules(siteId: string, tools: Tools): VerifyTools['rulesFor'] {
  const made = new Map<string, Promise<PolicyRules>>();
  return (name, version) => {
    const rules = made.get(`${name} ${version}`) ?? rulesFor(tools, siteId, { name, version });
    made.set(`${name} ${version}`, rules);
    return rules;
  };
}

/**
 * The rules of exactly this version, even if it was superseded or withdrawn since. An instance that was promised under
 * an unknown policy is judged by the strictest rules.
 */
async function rulesFor(
  tools: Tools,
  siteId: string,
  named: { readonly name: string; readonly version: number },
): Promise<PolicyRules> {
  const policy = await findPolicy(tools.db, siteId, named);
  if (policy !== undefined && !policy.deidentify) return { kind: 'identified', strict: policy.strict };
  const { tagKey } = await tools.policyKey(keyNameOf(policy ?? named));
  return {
    kind: 'deidentified',
    options: policy?.options ?? [],
    settings: settingsOf(policy ?? {}),
    tagKey: toBase64Url(tagKey),
  };
}
