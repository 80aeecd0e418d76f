/**
 * `POST /upload/init`: a device says what one study will contain and is told what to send. All of it in one
 * transaction, and as often as the device likes: the same manifest gives the same upload. Two at once wait
 * for each other, for a UID may stand in both.
 */
import { sql, type Transaction } from 'kysely';
import type { WireReport } from '#shared/protocol/deid-report.ts';
import type { Manifest, ManifestAnswer } from '#shared/protocol/manifest.ts';
import { IN_PACS, isInPacs } from '#shared/protocol/study-state.ts';
import type { Tables } from '../database/tables.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import { findInPacs } from '../pipeline/find-in-pacs.ts';
import {
  changeInstances,
  insertInstances,
  instancesByUid,
  instancesOf,
  renewOrigins,
  renewPromises,
  type InstanceRow,
} from '../pipeline/instance.store.ts';
import { deleteParcels, instanceIdsOf, parcelsOfStudy, reopenParcels } from '../pipeline/parcel.store.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { quotaUse } from '../policies/quota.store.ts';
import { RESULTS_POLICY } from '../policies/policies.ts';
import { insertReports, readReports } from '../pipeline/report.store.ts';
import {
  applyStudyEvent,
  lockOrCreateStudy,
  lockStudy,
  lockUids,
  setPolicy,
  setStudyKey,
  type StudyRow,
} from '../pipeline/study.store.ts';
import { auditStudy } from '../pipeline/audit-study.ts';
import type { UploadTools } from './upload-tools.ts';
import { enqueueStage } from '../pipeline/stages.ts';
import { insertTriage, type InstanceTriage } from '../pipeline/triage.store.ts';
import { compareManifest, keyOf, type Comparison, type InPacs } from './compare-manifest.ts';

/** `accountId` null: the gateway itself, of result instances. */
export type Sender = {
  readonly accountId: string | null;
  readonly deviceId: string | null;
  readonly siteId: string;
};

/** The instances that the PACS was asked for, by UID, and those of them that it has. */
type Asked = { readonly confirmed: ReadonlySet<string>; readonly held: ReadonlySet<string> };

/**
 * The instances seen in the PACS before that it still has; null without a PACS or without its answer.
 */
async function askPacs(
  tools: UploadTools,
  manifest: Manifest,
  sender: Sender,
  signal: AbortSignal,
): Promise<Asked | null> {
  const rows = await tools.db
    .selectFrom('instance')
    .innerJoin('study', 'study.id', 'instance.study_id')
    .select('instance.sop_instance_uid')
    .where('study.site_id', '=', sender.siteId)
    .where('study.study_instance_uid', '=', manifest.studyInstanceUID)
    .where('instance.state', 'in', [...IN_PACS])
    .execute();
  const named = new Set(manifest.instances.map(({ sopInstanceUID }) => sopInstanceUID));
  const confirmed = new Set(rows.map((row) => row.sop_instance_uid).filter((uid) => named.has(uid)));
  if (confirmed.size === 0) return null;
  try {
    return { confirmed, held: await findInPacs(manifest.studyInstanceUID, confirmed, tools, signal) };
  } catch (error) {
    if (error instanceof PacsUnreachable) return null;
    throw error;
  }
}

/**
 * The instances in the PACS by its answer; instances confirmed only after the question are believed.
 */
function toInPacs(asked: Asked | null, known: readonly InstanceRow[]): InPacs | null {
  if (asked === null) return null;
  const since = known.filter((row) => isInPacs(row.state) && !asked.confirmed.has(row.sop_instance_uid));
  return {
    seen: asked.held,
    believed: new Set([...asked.held, ...since.map((row) => row.sop_instance_uid)]),
  };
}

/** Answers a manifest that was checked by its schema and whose policy was allowed. */
export async function openUpload(
  tools: UploadTools,
  manifest: Manifest,
  sender: Sender,
  signal: AbortSignal,
): Promise<ManifestAnswer> {
  const asked = await askPacs(tools, manifest, sender, signal);
  const reports = await readReports(manifest);
  const { answer, changed } = await tools.db
    .transaction()
    .execute((trx) => openIn(trx, tools, sender, { manifest, reports, asked }));
  for (const studyId of changed) tools.changes.emit(studyId);
  return answer;
}

type Opening = Pick<Said, 'manifest' | 'reports'> & { readonly asked: Asked | null };
/** `changed`: the studies that it touched. */
type Opened = { readonly answer: ManifestAnswer; readonly changed: readonly string[] };

async function openIn(
  trx: Transaction<Tables>,
  tools: UploadTools,
  sender: Sender,
  { manifest, reports, asked }: Opening,
): Promise<Opened> {
  const { siteId } = sender;
  const now = tools.now();
  const { studyInstanceUID, policy } = manifest;
  await lockUids(trx, siteId);
  const created = { id: tools.newId(), siteId, studyInstanceUID, policy, now };
  const study = await giveUpUnreadable(trx, tools, await lockOrCreateStudy(trx, created));
  const uids = new Set(manifest.instances.map(({ sopInstanceUID }) => sopInstanceUID));
  const known = await instancesByUid(trx, siteId, [...uids]);
  const compared = compareManifest(manifest, study.id, known, toInPacs(asked, known));
  const { have, need, conflict } = compared;
  const uploadId = await findOrCreateUpload(trx, tools, study, sender);
  const left = await leaveStudies(trx, tools, study, { known, compared });
  const said = { manifest, reports, known, compared };
  const { moved, inserted } = await applyManifest(trx, tools, study, said);
  await linkInstances(trx, uploadId, compared.keys, idsByKey(known, inserted));
  if (compared.insert.length + compared.again.length > 0) await requireQuota(trx, sender);
  await insertTriage(trx, study.id, triageIn(manifest));
  if (need.length > 0) await renewPromises(trx, uploadId, now);
  if (moved.state === 'receiving' && need.length === 0)
    await enqueueStage(trx, tools, { queue: 'assembly', studyId: study.id });
  if (compared.insert.length + compared.again.length > 0)
    await auditStudy(trx, tools, study, {
      event: 'upload-opened',
      uploadId,
      revision: moved.revision,
      policy: policy.name,
      policyVersion: policy.version,
      have: have.length,
      need: need.length,
      conflict: conflict.length,
    });
  const { revision } = moved;
  return {
    changed: [study.id, ...left],
    answer: { uploadId, studyInstanceUID, revision, have, need, conflict },
  };
}

/**
 * Throws `quota-exceeded` where the account has now announced more than it may: nothing of it is kept. The
 * gateway itself has no quota.
 */
async function requireQuota(trx: Transaction<Tables>, { accountId }: Sender): Promise<void> {
  const use = accountId === null ? undefined : await quotaUse(trx, accountId);
  if (use === undefined) return;
  const { quota, used } = use;
  if (used.uploads > quota.uploads || used.bytes > quota.bytes) throw new Problem('quota-exceeded');
}

/** By `UID digest`. */
function idsByKey(
  known: readonly InstanceRow[],
  inserted: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  return new Map([
    ...known.map((row): [string, number] => [`${row.sop_instance_uid} ${row.digest}`, Number(row.id)]),
    ...inserted,
  ]);
}

const triageIn = ({ instances }: Manifest): readonly InstanceTriage[] =>
  instances.flatMap(({ sopInstanceUID, triage }) =>
    triage === undefined ? [] : [{ sopInstanceUID, triage }],
  );

/**
 * The sender's upload of this study. A device takes over what the account began without one (before it was
 * enrolled, or before there were devices): its parcels continue where they are, and the signed-in user still
 * reaches it.
 */
async function findOrCreateUpload(
  trx: Transaction<Tables>,
  tools: UploadTools,
  study: StudyRow,
  sender: Sender,
): Promise<string> {
  const { accountId, deviceId } = sender;
  const uploads = await trx
    .selectFrom('upload')
    .select(['id', 'device_id'])
    .where('study_id', '=', study.id)
    .where('account_id', accountId === null ? 'is' : '=', accountId)
    .execute();
  const own = uploads.find(({ device_id }) => device_id === deviceId);
  if (own !== undefined) return own.id;
  const begun = uploads.find(({ device_id }) => device_id === null);
  if (begun !== undefined) {
    await trx.updateTable('upload').set({ device_id: deviceId }).where('id', '=', begun.id).execute();
    return begun.id;
  }
  const id = tools.newId();
  await trx
    .insertInto('upload')
    .values({
      id,
      site_id: study.site_id,
      study_id: study.id,
      account_id: accountId,
      device_id: deviceId,
      completed_at: null,
    })
    .execute();
  return id;
}

/**
 * The gateway's own key has changed: data encrypted with the study's key is lost. It is given up here, where
 * the device is told what to send; nothing of it may be read under the next key.
 */
async function giveUpUnreadable(
  trx: Transaction<Tables>,
  tools: UploadTools,
  study: StudyRow,
): Promise<StudyRow> {
  if (study.wrapped_key === null || tools.keys.unwrap(study.id, study.wrapped_key) !== null) return study;
  const now = tools.now();
  await deleteParcels(
    trx,
    (await parcelsOfStudy(trx, study.id)).map(({ id }) => id),
  );
  const lost = (await instancesOf(trx, study.id, ['received', 'posting'])).map(({ id }) => ({
    id,
    state: 'promised' as const,
    postedAt: null,
  }));
  await changeInstances(trx, lost, { from: ['received', 'posting'], now });
  await setStudyKey(trx, study.id, null);
  const moved = lost.length > 0 ? await applyStudyEvent(trx, study, 'late-instance', now) : null;
  return { ...(moved ?? study), wrapped_key: null };
}

type Said = {
  readonly manifest: Manifest;
  /** By `UID digest`. */
  readonly reports: ReadonlyMap<string, WireReport>;
  readonly known: readonly InstanceRow[];
  readonly compared: Comparison;
};

/** New rows, with their ids by `UID digest`, rows wanted again, the study's state and key. */
async function applyManifest(
  trx: Transaction<Tables>,
  tools: UploadTools,
  study: StudyRow,
  { manifest, reports, known, compared }: Said,
): Promise<{ moved: StudyRow; inserted: ReadonlyMap<string, number> }> {
  const now = tools.now();
  const news = compared.insert.length + compared.again.length > 0;
  const moved = (news ? await applyStudyEvent(trx, study, 'late-instance', now) : null) ?? study;
  if (compared.need.length > 0 && study.wrapped_key === null)
    await setStudyKey(trx, study.id, tools.keys.create(study.id));
  if (!news) return { moved, inserted: new Map() };
  // The gateway's own results do not change the policy under which the study is sent.
  if (manifest.policy.name !== RESULTS_POLICY.name) await setPolicy(trx, study.id, manifest.policy);
  const under = { ...moved, policy_name: manifest.policy.name, policy_version: manifest.policy.version };
  const reportOf = (row: { sop_instance_uid: string; digest: string }): WireReport | null =>
    reports.get(`${row.sop_instance_uid} ${row.digest}`) ?? null;
  const inserted = await insertInstances(
    trx,
    under,
    compared.insert.map((row) => ({ ...row, report_digest: reportOf(row)?.digest ?? null })),
    now,
  );
  const ids = compared.again.map(({ id }) => id);
  if (ids.length > 0) {
    const adopted = {
      study_id: study.id,
      revision: moved.revision,
      policy_name: under.policy_name,
      policy_version: under.policy_version,
    };
    await trx.updateTable('instance').set(adopted).where('id', 'in', ids).execute();
    await reopenParcels(trx, study.id);
    await changeInstances(trx, compared.again, {
      from: ['promised', 'refused', 'left-out', ...IN_PACS],
      now,
    });
  }
  const wantedAgain = new Set(ids);
  const renewed = known.filter(({ id }) => wantedAgain.has(id));
  const promises = new Map(manifest.instances.toReversed().map((promised) => [keyOf(promised), promised]));
  await renewOrigins(
    trx,
    renewed.map((row) => ({
      id: row.id,
      original_digest: promises.get(`${row.sop_instance_uid} ${row.digest}`)?.originalDigest ?? null,
      report_digest: reportOf(row)?.digest ?? null,
    })),
  );
  await insertReports(
    trx,
    study.id,
    [...compared.insert, ...renewed].map(reportOf).filter((report) => report !== null),
  );
  return { moved, inserted };
}

/**
 * Studies that lose instances to this one wait for them no longer, and their next receipt does not name them.
 * Their rows are locked before the instances, as every stage does it; nobody else locks two studies, because
 * `lockUids` lets in one upload at a time.
 */
async function leaveStudies(
  trx: Transaction<Tables>,
  tools: UploadTools,
  study: StudyRow,
  { known, compared: { again } }: Pick<Said, 'known' | 'compared'>,
): Promise<readonly string[]> {
  const taken = new Set(again.map(({ id }) => id));
  const left = [
    ...new Set(
      known.filter((row) => row.study_id !== study.id && taken.has(row.id)).map((row) => row.study_id),
    ),
  ];
  for (const studyId of left) {
    const other = await lockStudy(trx, studyId);
    if (other !== undefined) await applyStudyEvent(trx, other, 'late-instance', tools.now());
    await enqueueStage(trx, tools, { queue: 'assembly', studyId });
  }
  return left;
}

/**
 * Adds the instances that the upload did not name before, in the manifest's order. New ones are found here
 * and not by a join: a table that has just grown has no statistics yet, and a plan that compares each with
 * each takes 20 s for 20 000 instances.
 */
async function linkInstances(
  trx: Transaction<Tables>,
  uploadId: string,
  keys: readonly string[],
  ids: ReadonlyMap<string, number>,
): Promise<void> {
  const linked = await instanceIdsOf(trx, uploadId);
  const news = keys.map((key) => ids.get(key)).filter((id) => id !== undefined && !linked.has(id));
  if (news.length === 0) return;
  await sql`
    insert into upload_instance (upload_id, position, instance_id)
    select ${uploadId}::uuid, (select coalesce(max(position) + 1, 0) from upload_instance where upload_id = ${uploadId}::uuid) + x.nr::int - 1, x.id::bigint
    from jsonb_array_elements_text(${JSON.stringify(news)}::jsonb) with ordinality as x(id, nr)`.execute(trx);
}
