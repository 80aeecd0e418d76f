/**
 * `POST /upload/init`: a device says what one study will contain, and is told what to send. Everything happens in one
 * transaction, and is repeatable: the same manifest gives the same upload. Two manifests of one account wait for each
 * other, because they may be for the same study.
 */
import { sql } from 'kysely';
import type { WireReport } from '#shared/protocol/deid-report.ts';
import type { Manifest, ManifestAnswer } from '#shared/protocol/manifest.ts';
import { IN_PACS, isInPacs, type StudyState } from '#shared/protocol/study-state.ts';
import { changeInstances } from '../pipeline/stores/change-instances.ts';
import type { Trx } from '../database/database.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import { findInPacs } from '../pipeline/pacs/find-in-pacs.ts';
import {
  insertInstances,
  instancesOf,
  renewDescriptions,
  renewPromises,
  type InstanceRow,
  type NewInstance,
} from '../pipeline/stores/instance.store.ts';
import {
  deleteParcels,
  instanceIdsOf,
  parcelsOfStudy,
  reopenParcels,
  setCancelled,
} from '../pipeline/stores/parcel.store.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { findPolicy, originalKeyOf, RESULTS_POLICY } from '../policies/policies.ts';
import { expectInCopies, givenUpCopies } from '../pipeline/stores/copy.store.ts';
import { resumeCopies } from '../pipeline/copies/resume-copies.ts';
import { insertReports, readReports } from '../pipeline/stores/report.store.ts';
import {
  applyStudyEvent,
  findStudy,
  lockAnnouncing,
  setPolicy,
  setStudyKey,
  type StudyRow,
} from '../pipeline/stores/study.store.ts';
import { auditStudy, byWhom } from '../pipeline/plan/audit-study.ts';
import { wantedDestinations } from '../rules/choose-destinations.ts';
import { partsOf } from '../threads/in-turns.ts';
import { keepEntries } from '../vault/vault.store.ts';
import type { UploadTools } from './upload-tools.ts';
import { enqueueStage } from '../pipeline/plan/stages.ts';
import { auditDecided } from './audit-decided.ts';
import { insertTriage, type InstanceTriage } from '../pipeline/stores/triage.store.ts';
import {
  compareManifest,
  describePromised,
  type OriginalKey,
  keyOf,
  type Comparison,
  type InPacs,
  type Rows,
} from './compare-manifest.ts';
import { dropPromises, NEVER_ARRIVED } from './drop-promises.ts';
import { findOrCreateUpload } from './find-or-create-upload.ts';
import { requireQuota } from './require-quota.ts';
import { confirmedInstances, knownInstances, type Sender } from './known-instances.ts';
import { setWithheld } from './withhold.ts';

/**
 * By SOP Instance UID. `confirmed`: the instances that the PACS was asked about. `seen`: those of them that it named.
 * `unanswered`: those for which it rejected the search; their earlier confirmation counts, and devices keep their
 * copies.
 */
type Asked = {
  readonly confirmed: ReadonlySet<string>;
  readonly seen: ReadonlySet<string>;
  readonly unanswered: ReadonlySet<string>;
};

/** A study and its instances, as in a manifest. */
type Named = {
  readonly studyInstanceUID: string;
  readonly instances: readonly { readonly sopInstanceUID: string }[];
};

/** After a longer wait a device would take the gateway for dead. A PACS that works answers in a second. */
const PACS_ANSWER_MS = 10_000;

/**
 * Instances seen in the PACS before that it still has; null without a PACS, or if it does not answer in time. Call it
 * before `openUpload`, and hold no lock meanwhile.
 */
export async function askPacs(
  tools: UploadTools,
  { studyInstanceUID, instances }: Named,
  sender: Sender,
  signal: AbortSignal,
): Promise<Asked | null> {
  const uids = await confirmedInstances(tools.db, sender, studyInstanceUID);
  const named = new Set(instances.map(({ sopInstanceUID }) => sopInstanceUID));
  const confirmed = new Set(uids.filter((uid) => named.has(uid)));
  if (confirmed.size === 0) return null;
  const late = AbortSignal.timeout(tools.pacsAnswerMs ?? PACS_ANSWER_MS);
  try {
    const until = AbortSignal.any([signal, late]);
    const at = await tools.pacsOf({
      site_id: sender.siteId,
      study_instance_uid: studyInstanceUID,
      destination_id: null,
    });
    const { there, unanswered } = await findInPacs(studyInstanceUID, confirmed, at, until);
    return { confirmed, seen: there, unanswered };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PacsUnreachable || late.aborted) return null;
    throw error;
  }
}

/**
 * `seen` is what the PACS has named. Where it was not asked, or gave no answer, the earlier confirmation is believed.
 */
function toInPacs(asked: Asked | null, { known, elsewhere }: Rows): InPacs | null {
  if (asked === null) return null;
  const since = [...known, ...elsewhere].filter(
    (row) => isInPacs(row.state) && !asked.confirmed.has(row.sop_instance_uid),
  );
  return {
    seen: asked.seen,
    believed: new Set([...asked.seen, ...asked.unanswered, ...since.map((row) => row.sop_instance_uid)]),
  };
}

/**
 * `asked`: the answer of the PACS. `signedAt`: when the device made the promise, where somebody else brings it later.
 * `opensFile`: the manifest is for an opened file, which counted against the quota when it was announced.
 */
type From = { readonly asked: Asked | null; readonly signedAt?: Date; readonly opensFile?: boolean };

/**
 * Answers a manifest that has passed its schema and whose policy is allowed. Throws `quota-exceeded`, and
 * `stick-outdated` where the device has promised other bytes since it signed this one.
 */
export async function openUpload(
  tools: UploadTools,
  manifest: Manifest,
  sender: Sender,
  from: From,
): Promise<ManifestAnswer> {
  const reports = await readReports(manifest);
  const { answer, studyId } = await tools.db
    .transaction()
    .execute((trx) => openIn(trx, tools, sender, { manifest, reports, ...from }));
  tools.changes.emit(studyId);
  const isResumed = await resumeWanted(tools, studyId, manifest, sender);
  if (!isResumed) return answer;
  return { ...answer, revision: (await findStudy(tools.db, studyId))?.revision ?? answer.revision };
}

/** A destination that was given up for this study gets it after all if it gets such studies now. */
async function resumeWanted(
  tools: UploadTools,
  studyId: string,
  manifest: Manifest,
  { siteId, accountId, deviceId }: Sender,
): Promise<boolean> {
  const copies = accountId === null ? [] : await givenUpCopies(tools.db, { studyId });
  if (copies.length === 0) return false;
  const wanted = new Map(
    (await wantedDestinations(tools.db, siteId, manifest, { accountId, deviceId })).map(
      ({ destination, need }) => [destination, need],
    ),
  );
  const again = copies.flatMap((copy) => {
    const need = wanted.get(copy.destination_id ?? '');
    return need === undefined ? [] : [{ ...copy, wanted: need }];
  });
  return (await resumeCopies(tools, again, accountId)) > 0;
}

type Opening = Pick<Said, 'manifest' | 'reports'> & From;
type Opened = { readonly answer: ManifestAnswer; readonly studyId: string };

async function openIn(
  trx: Trx,
  tools: UploadTools,
  sender: Sender,
  { manifest, reports, asked, signedAt, opensFile = false }: Opening,
): Promise<Opened> {
  const now = tools.now();
  const { studyInstanceUID, policy } = manifest;
  await lockAnnouncing(trx, sender);
  const { uploadId, study: found, rule } = await findOrCreateUpload(trx, tools, manifest, sender);
  const study = await giveUpUnreadable(trx, tools, found);
  const { known, elsewhere } = await knownInstances(trx, sender, study, manifest.instances);
  const originalKey = await originalKeyOf(trx, sender.siteId, policy);
  const rows = { known, elsewhere };
  const compared = await compareManifest(manifest, rows, toInPacs(asked, rows), originalKey);
  const { have, need, conflict } = compared;
  requireNewest(known, compared, signedAt);
  const said = { uploadId, manifest, originalKey, reports, known, compared };
  const { moved, inserted } = await applyManifest(trx, tools, study, said);
  if (!HAS_RECEIPT.includes(moved.state))
    await setWithheld(trx, tools, moved, { ...manifest, uploadId, by: sender });
  await linkInstances(trx, uploadId, compared.keys, idsByKey(known, inserted));
  await insertTriage(trx, study.id, triageIn(manifest));
  const { siteId, accountId } = sender;
  const identities =
    accountId === null
      ? 0
      : await keepEntries(trx, manifest.vault ?? [], { siteId, accountId, uploadId, now });
  if (compared.insert.length + compared.again.length + identities > 0)
    await requireQuota(trx, sender, { now, opensFile });
  if (need.length > 0) {
    await renewPromises(trx, uploadId, now);
    await setCancelled(trx, uploadId, null);
  }
  if (moved.state === 'receiving' && need.length === 0)
    await enqueueStage(trx, tools, { queue: 'assembly', studyId: study.id });
  if (changesOf(compared) + identities > 0)
    await auditStudy(trx, tools, study, {
      event: 'upload-opened',
      uploadId,
      revision: moved.revision,
      policy: policy.name,
      policyVersion: policy.version,
      have: have.length,
      need: need.length,
      conflict: conflict.length,
      ...byWhom(sender),
      ...(sender.peerId !== undefined && { peerId: sender.peerId }),
      ...(rule !== null && { rule }),
      ...(identities > 0 && { identities }),
      ...(await namesOf(trx, sender, policy)),
    });
  await auditDecided(trx, tools, study, { uploadId, sender, reports: reportsOfNew(compared, reports) });
  const { revision } = moved;
  return {
    studyId: study.id,
    answer: { uploadId, studyInstanceUID, revision, have, need, conflict },
  };
}

/** Reports on needed instances that are promised for the first time. */
const reportsOfNew = ({ insert }: Comparison, reports: Said['reports']): readonly WireReport[] =>
  insert.flatMap(({ reason, sop_instance_uid, digest }) =>
    reason === null ? (reports.get(`${sop_instance_uid} ${digest}`) ?? []) : [],
  );

/** States with a signed receipt, which holds until the study gets something new. */
const HAS_RECEIPT: readonly StudyState[] = ['receipted', 'held', 'closed'];

/**
 * Whether patients' names left the device, and the reason if the policy asks for one. Nothing for the gateway's own
 * results.
 */
async function namesOf(trx: Trx, { siteId, accountId }: Sender, policy: Manifest['policy']) {
  const { reason, ...named } = policy;
  const withNames = accountId !== null && (await findPolicy(trx, siteId, named))?.deidentify === false;
  return { ...(withNames && { withNames }), ...(reason !== undefined && { reason }) };
}

/** A file that was saved earlier must not undo what the device has promised since. */
function requireNewest(
  known: readonly InstanceRow[],
  { superseded }: Comparison,
  signedAt: Date | undefined,
): void {
  if (signedAt === undefined) return;
  const replaced = new Set(superseded.map(({ id }) => id));
  if (known.some(({ id, updated_at }) => replaced.has(id) && updated_at > signedAt))
    throw new Problem('stick-outdated');
}

/** Keyed by `UID digest`. */
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
 * Where the gateway's own key has changed, data encrypted with the study's key is lost. It is given up here, where the
 * device is told what to send, so that none of it is read under the next key.
 */
async function giveUpUnreadable(trx: Trx, tools: UploadTools, study: StudyRow): Promise<StudyRow> {
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
  readonly uploadId: string;
  readonly manifest: Manifest;
  readonly originalKey: OriginalKey;
  /** Keyed by `UID digest`. */
  readonly reports: ReadonlyMap<string, WireReport>;
  readonly known: readonly InstanceRow[];
  readonly compared: Comparison;
};

/** Statements with more rows than this block the event loop while they are built. */
const ROWS_AT_ONCE = 1000;

const changesOf = ({ insert, again, superseded }: Comparison): number =>
  insert.length + again.length + superseded.length;

/**
 * Writes new rows (returning their ids by `UID digest`), rows that are needed again, their descriptions, and the
 * study's state and key.
 */
async function applyManifest(
  trx: Trx,
  tools: UploadTools,
  study: StudyRow,
  { uploadId, manifest, originalKey, reports, known, compared }: Said,
): Promise<{ moved: StudyRow; inserted: ReadonlyMap<string, number> }> {
  const now = tools.now();
  const news = changesOf(compared) > 0;
  const moved = (news ? await applyStudyEvent(trx, study, 'late-instance', now) : null) ?? study;
  if (compared.need.length > 0 && study.wrapped_key === null)
    await setStudyKey(trx, study.id, await tools.keys.create(study.id));
  // The gateway's own results do not change the policy under which the study is sent.
  if (news && manifest.policy.name !== RESULTS_POLICY.name) await setPolicy(trx, study.id, manifest.policy);
  const under = { ...moved, policy_name: manifest.policy.name, policy_version: manifest.policy.version };
  const reportOf = (row: { sop_instance_uid: string; digest: string }): WireReport | null =>
    reports.get(`${row.sop_instance_uid} ${row.digest}`) ?? null;
  const needed = new Set(compared.need.map(keyOf));
  const promised = known.filter((row) => needed.has(`${row.sop_instance_uid} ${row.digest}`));
  await insertReports(
    trx,
    study.id,
    [...compared.insert, ...promised].map(reportOf).filter((report) => report !== null),
  );
  // Dropped before the new rows are inserted, so that their UID is free. A row that results name too stays, recorded as
  // given up.
  await dropPromises(trx, study, { uploadId, promised: compared.superseded }, now);
  const kept = compared.superseded.map(({ id }) => ({ id, ...NEVER_ARRIVED }));
  await changeInstances(trx, kept, { from: ['promised', ...IN_PACS], now });
  const inserted = new Map<string, number>();
  for (const part of partsOf(compared.insert, ROWS_AT_ONCE)) {
    const rows = part.map((row) => ({ ...row, report_digest: reportOf(row)?.digest ?? null }));
    for (const [key, id] of await insertInstances(trx, under, rows, now)) inserted.set(key, id);
  }
  await wantAgain(trx, study.id, moved.revision, { again: compared.again, now });
  for (const part of partsOf(describe(promised, manifest, originalKey, reportOf), ROWS_AT_ONCE))
    await renewDescriptions(trx, manifest.policy, part);
  return { moved, inserted };
}

async function wantAgain(
  trx: Trx,
  studyId: string,
  revision: number,
  { again, now }: Pick<Comparison, 'again'> & { readonly now: Date },
): Promise<void> {
  if (again.length === 0) return;
  const ids = again.map(({ id }) => id);
  await trx.updateTable('instance').set({ revision }).where('id', 'in', ids).execute();
  await reopenParcels(trx, studyId);
  await expectInCopies(trx, ids, { now });
  await changeInstances(trx, again, { from: ['promised', 'refused', 'quarantined', ...IN_PACS], now });
}

/** The rows as the manifest describes them. */
function describe(
  rows: readonly InstanceRow[],
  manifest: Manifest,
  originalKey: OriginalKey,
  reportOf: (row: InstanceRow) => WireReport | null,
): (Omit<NewInstance, 'state' | 'reason'> & { readonly id: number })[] {
  // Of double entries, the first counts.
  const promises = new Map(manifest.instances.toReversed().map((promised) => [keyOf(promised), promised]));
  return rows.flatMap((row) => {
    const promised = promises.get(`${row.sop_instance_uid} ${row.digest}`);
    if (promised === undefined) return [];
    const report_digest = reportOf(row)?.digest ?? null;
    return [{ ...describePromised(promised, originalKey), id: row.id, report_digest }];
  });
}

/**
 * Links the instances that the upload did not name before, in the manifest's order. New ones are found here and not by
 * a join: a table that has just grown has no statistics yet, and a plan that compares each row with each takes 20 s for
 * 20 000 instances.
 */
async function linkInstances(
  trx: Trx,
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
