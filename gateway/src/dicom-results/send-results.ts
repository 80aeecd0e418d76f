/**
 * Sends result instances. The gateway promises them and takes them in like a device's upload, as an upload of its
 * own. They pass verify, assembly, forward, reconcile and receipt like all other instances, and the study gets its
 * next revision.
 *
 * Instances that the study already has are not sent again. If the process is killed at any point and the task runs
 * again, the outcome is the same. The same holds if another gateway runs it at the same time: each run brings its own
 * parcel, and verify drops the second one. This module does not wait for the PACS.
 */
import { createHash } from 'node:crypto';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { MANIFEST_INSTANCE_LIMIT, PROTOCOL_VERSION } from '#shared/protocol/limits.ts';
import type { Manifest, ManifestAnswer } from '#shared/protocol/manifest.ts';
import { changeInstances } from '../pipeline/stores/change-instances.ts';
import type { Trx } from '../database/database.ts';
import { checkRoom } from '../ports/blobs/blobs.ts';
import { instancesByKey, resultsUnder, type InstanceRow } from '../pipeline/stores/instance.store.ts';
import { deleteUnfinished } from '../pipeline/stores/parcel.store.ts';
import { RESULTS_POLICY } from '../policies/policies.ts';
import { lockStudy } from '../pipeline/stores/study.store.ts';
import { auditStudy } from '../pipeline/plan/audit-study.ts';
import type { PipelineTools } from '../pipeline/plan/pipeline-tools.ts';
import { enqueueStage } from '../pipeline/plan/stages.ts';
import { bringParcel } from '../uploads/bring-parcel.ts';
import type { BuiltResult } from './result-subject.ts';

/** The functions of intake, passed in by the composition root because a stage must not import another stage. */
export type ResultRoad = {
  openUpload(
    manifest: Manifest,
    sender: { readonly accountId: null; readonly deviceId: null; readonly siteId: string },
    signal: AbortSignal,
  ): Promise<ManifestAnswer>;
  /** Reports that the parcel is complete, so that verify takes over. */
  arrived(parcelId: string): Promise<void>;
};

type ResultTools = Pick<PipelineTools, 'db' | 'jobs' | 'blobs' | 'keys' | 'changes' | 'now' | 'newId'> & {
  readonly road: ResultRoad;
};

/**
 * `sent`: the instance is on its way. `there`: the study has it, or it was already on its way. `other-bytes`: an
 * earlier run gave this UID other bytes; those stay, and this instance is not sent. `left-out`: it belongs to such a
 * result, and no report would refer to it. `conflict`: it was held or refused before, for `reason`; a person decides.
 */
type SentResult = {
  readonly sopInstanceUID: string;
  readonly digest: string;
  readonly outcome: 'sent' | 'there' | 'other-bytes' | 'left-out' | 'conflict';
  readonly reason: string | null;
};

type Digested = { readonly result: BuiltResult; readonly digest: string };

/**
 * Sends the results of one study, at most 20 000, in the order given. Throws StorageFull before anything is promised,
 * RangeError if the results belong to several studies, and any error of intake, after which the caller can run it
 * again.
 */
export async function sendResults(
  tools: ResultTools,
  siteId: string,
  results: readonly BuiltResult[],
  signal: AbortSignal,
): Promise<readonly SentResult[]> {
  const [first] = results;
  if (first === undefined) return [];
  const { studyInstanceUID } = first.identifiers;
  if (results.some(({ identifiers }) => identifiers.studyInstanceUID !== studyInstanceUID))
    throw new RangeError('results of several studies');
  if (results.length > MANIFEST_INSTANCE_LIMIT) throw new RangeError('more results than a manifest may name');
  const digested = results.map(
    (result): Digested => ({ result, digest: createHash('sha256').update(result.bytes).digest('hex') }),
  );
  const { rivals, own } = await standing(tools, siteId, digested);
  // The result that arrived first stays complete: no instance is added to a report with other content.
  const promised = digested.filter(
    ({
      result: {
        identifiers: { sopInstanceUID },
      },
    }) => !rivals.has(sopInstanceUID) && (rivals.size === 0 || own.has(sopInstanceUID)),
  );
  const answer = promised.length === 0 ? null : await promise(tools, siteId, promised, signal);
  const needed = new Set(answer?.need.map(({ sopInstanceUID }) => sopInstanceUID));
  const conflicts = new Map(answer?.conflict.map(({ sopInstanceUID, reason }) => [sopInstanceUID, reason]));
  return digested.map(
    ({
      result: {
        identifiers: { sopInstanceUID },
      },
      digest,
    }): SentResult => {
      if (rivals.has(sopInstanceUID)) return { sopInstanceUID, digest, outcome: 'other-bytes', reason: null };
      if (rivals.size > 0 && !own.has(sopInstanceUID))
        return { sopInstanceUID, digest, outcome: 'left-out', reason: null };
      const reason = conflicts.get(sopInstanceUID) ?? null;
      return {
        sopInstanceUID,
        digest,
        reason,
        outcome: reason !== null ? 'conflict' : needed.has(sopInstanceUID) ? 'sent' : 'there',
      };
    },
  );
}

type Standing = { readonly rivals: ReadonlySet<string>; readonly own: ReadonlySet<string> };

/**
 * `own`: UIDs that the site has with these bytes. `rivals`: UIDs that it has only with other bytes. Promising a rival
 * again would hold the whole study until a person decides.
 */
async function standing(
  tools: ResultTools,
  siteId: string,
  digested: readonly Digested[],
): Promise<Standing> {
  // What a device has only promised does not count here; an instance that it has brought does.
  const uids = digested.map(({ result }) => result.identifiers.sopInstanceUID);
  const known = await resultsUnder(tools.db, siteId, uids, RESULTS_POLICY.name);
  const digests = new Map(
    digested.map(({ result, digest }) => [result.identifiers.sopInstanceUID as string, digest]),
  );
  // Instances that an earlier run promised and never sent no longer count.
  const dead = known.filter(
    (row) =>
      row.state === 'promised' &&
      row.policy_name === RESULTS_POLICY.name &&
      digests.get(row.sop_instance_uid) !== row.digest,
  );
  const taken = await takeBack(tools, dead, null);
  const active = known.filter(
    ({ id, state }) => state !== 'refused' && state !== 'left-out' && !taken.has(id),
  );
  const own = new Set(
    active
      .filter((row) => digests.get(row.sop_instance_uid) === row.digest)
      .map((row) => row.sop_instance_uid),
  );
  return { own, rivals: new Set(active.map((row) => row.sop_instance_uid)).difference(own) };
}

async function promise(
  tools: ResultTools,
  siteId: string,
  promised: readonly Digested[],
  signal: AbortSignal,
): Promise<ManifestAnswer> {
  await checkRoom(
    tools.blobs,
    promised.reduce((sum, { result }) => sum + result.bytes.length, 0),
  );
  const answer = await tools.road.openUpload(
    toManifest(promised),
    { accountId: null, deviceId: null, siteId },
    signal,
  );
  const needed = new Set(answer.need.map(({ sopInstanceUID }) => sopInstanceUID));
  const toSend = promised.filter(({ result }) => needed.has(result.identifiers.sopInstanceUID));
  if (toSend.length > 0) await bring(tools, answer.uploadId, toSend);
  return answer;
}

function toManifest(promised: readonly Digested[]): Manifest {
  return {
    protocolVersion: PROTOCOL_VERSION,
    policy: { name: RESULTS_POLICY.name, version: RESULTS_POLICY.version },
    studyInstanceUID: promised[0]!.result.identifiers.studyInstanceUID,
    instances: promised.map(({ result: { identifiers, transferSyntaxUID, bytes }, digest }) => ({
      sopInstanceUID: identifiers.sopInstanceUID,
      seriesInstanceUID: identifiers.seriesInstanceUID,
      sopClassUID: identifiers.sopClassUID,
      transferSyntaxUID,
      bytes: bytes.length,
      digest,
    })),
  };
}

async function bring(tools: ResultTools, uploadId: string, toSend: readonly Digested[]): Promise<void> {
  const parts = toSend.map(({ result: { identifiers, transferSyntaxUID, bytes }, digest }) => ({
    sopInstanceUID: identifiers.sopInstanceUID,
    digest,
    transferSyntaxUID,
    bytes,
  }));
  const parcelId = tools.newId();
  try {
    await bringParcel({ ...tools, arrived: tools.road.arrived }, uploadId, parcelId, parts);
  } catch (error) {
    await ignoreFailure(giveUp(tools, uploadId, toSend, parcelId), 'the promise expires');
    throw error;
  }
}

/**
 * Withdraws the promises, so that the study does not wait for instances that may never come. Sending them again
 * promises them again.
 */
async function giveUp(
  tools: ResultTools,
  uploadId: string,
  toSend: readonly Digested[],
  parcelId: string,
): Promise<void> {
  const { study_id: studyId } = await tools.db
    .selectFrom('upload')
    .select('study_id')
    .where('id', '=', uploadId)
    .executeTakeFirstOrThrow();
  const keys = toSend.map(
    ({
      result: {
        identifiers: { sopInstanceUID },
      },
      digest,
    }) => ({ sopInstanceUID, digest }),
  );
  await takeBack(
    tools,
    (await instancesByKey(tools.db, studyId, keys)).filter(({ state }) => state === 'promised'),
    parcelId,
  );
}

/**
 * Withdraws the given promises of result instances, except those of a study for which a parcel of the gateway's own
 * is still on its way. `parcelId`: the parcel that failed, which is deleted too. Returns the ids of the withdrawn
 * instances.
 */
async function takeBack(
  tools: ResultTools,
  promised: readonly InstanceRow[],
  parcelId: string | null,
): Promise<ReadonlySet<number>> {
  const taken = new Set<number>();
  for (const [studyId, rows] of Map.groupBy(promised, ({ study_id }) => study_id)) {
    await tools.db.transaction().execute(async (trx) => {
      const study = await lockStudy(trx, studyId);
      if (parcelId !== null) await deleteUnfinished(trx, [parcelId]);
      if (study === undefined || (await isOnItsWay(trx, studyId))) return;
      const changes = rows.map(({ id }) => ({
        id,
        state: 'refused' as const,
        reason: 'never-arrived' as const,
      }));
      const changed = await changeInstances(trx, changes, { from: ['promised'], now: tools.now(), studyId });
      if (changed.size === 0) return;
      for (const { id } of rows) if (changed.has(Number(id))) taken.add(id);
      await enqueueStage(trx, tools, { queue: 'assembly', studyId });
      await auditStudy(trx, tools, study, { event: 'instances-never-arrived', instances: changed.size });
    });
    tools.changes.emit(studyId);
  }
  return taken;
}

/** Whether the gateway has a parcel of its own for this study that is not verified yet. */
async function isOnItsWay(trx: Trx, studyId: string): Promise<boolean> {
  const own = trx
    .selectFrom('parcel')
    .innerJoin('upload', 'upload.id', 'parcel.upload_id')
    .select('parcel.id')
    .where('parcel.study_id', '=', studyId)
    .where('upload.account_id', 'is', null)
    .where('parcel.state', '<>', 'verified')
    .limit(1);
  return (await own.executeTakeFirst()) !== undefined;
}
