/**
 * What the gateway itself added to studies (models' reports and maps, readers' marks), and the audit events that are
 * about nothing else.
 */
import { sql } from 'kysely';
import type { Added } from '#shared/protocol/studies.ts';
import type { Db } from '../../database/database.ts';
import { RESULTS_POLICY } from '../../policies/policies.ts';

/** Undefined: the event is also about something that a sender sent. */
type FindAdded = (fields: Readonly<Record<string, unknown>>) => Added | undefined;

export type AddedRow = {
  readonly study_id: string;
  readonly revision: number;
  /** The revision contains nothing else. */
  readonly is_alone: boolean;
  readonly upload_id: string | null;
  readonly receipts: readonly string[];
  readonly is_marks: boolean;
  readonly model: string | null;
};

/** Finds what the gateway added, for events of these studies and of their copies. */
export async function findAdded(db: Db, studyIds: readonly string[]): Promise<FindAdded> {
  const rows = studyIds.length === 0 ? [] : await addedRows(db, studyIds);
  const byUpload = uploadsOf(rows);
  const byReceipt = toAdded(rows, ({ receipts }) => receipts);
  const byRevision = toAdded(
    rows.filter(({ is_alone }) => is_alone),
    ({ study_id, revision }) => [`${study_id} ${revision}`],
  );
  return ({ studyId, uploadId, receiptId, revision }) => {
    if (receiptId !== undefined) return byReceipt.get(String(receiptId));
    if (uploadId !== undefined) return byUpload.get(String(uploadId));
    return byRevision.get(`${studyId} ${revision}`);
  };
}

function toAdded(
  rows: readonly AddedRow[],
  keysOf: (row: AddedRow) => readonly (string | null)[],
): Map<string, Added> {
  const keyed = rows.flatMap((row) => keysOf(row).flatMap((key) => (key === null ? [] : { key, row })));
  return new Map(
    [...Map.groupBy(keyed, ({ key }) => key)].map(([key, own]) => {
      const models = new Set(own.flatMap(({ row }) => row.model ?? []));
      return [key, { marks: own.some(({ row }) => row.is_marks), models: [...models].sort() }];
    }),
  );
}

/**
 * One upload may bring a report first and a reader's marks later. If its revisions differ, it is not known which of
 * them an event of the upload is about.
 */
export function uploadsOf(rows: readonly AddedRow[]): ReadonlyMap<string, Added> {
  const byRevision = toAdded(rows, ({ upload_id, revision }) => [upload_id && `${upload_id} ${revision}`]);
  const uploads = Map.groupBy(byRevision, ([key]) => key.split(' ')[0]!);
  return new Map(
    [...uploads].map(([uploadId, revisions]) => {
      const told = new Set(revisions.map(([, added]) => JSON.stringify(added)));
      return [uploadId, told.size === 1 ? revisions[0]![1] : { marks: false, models: [] }];
    }),
  );
}

/** One row for each instance that the gateway made, and each upload that names it. */
async function addedRows(db: Db, studyIds: readonly string[]): Promise<readonly AddedRow[]> {
  const ids = sql`any(${[...studyIds]}::uuid[])`;
  const { rows } = await sql<AddedRow>`with s as (
      select id, site_id, study_instance_uid from study where id = ${ids}),
    marks as (select distinct s.site_id, m.sop_instance_uid from s
      join review_report m on m.study_instance_uid = s.study_instance_uid
      join review v on v.id = m.review_id and v.site_id = s.site_id),
    found as (select distinct s.site_id, x.sop_instance_uid, f.model_id || ' ' || f.version as model from s
      join inference_result f on f.site_id = s.site_id and f.study_instance_uid = s.study_instance_uid
      join result_instance x on x.result_id = f.id)
    select i.study_id, i.revision, u.id as upload_id, found.model, marks.sop_instance_uid is not null as is_marks,
      not exists (select 1 from instance o where o.study_id = i.study_id and o.revision = i.revision
        and o.policy_name <> ${RESULTS_POLICY.name}) as is_alone,
      array(select r.id::text from receipt r where r.upload_id = u.id and r.revision = i.revision) as receipts
    from instance i
    left join upload_instance l on l.instance_id = i.id
    left join upload u on u.id = l.upload_id and u.account_id is null
    left join marks on (marks.site_id, marks.sop_instance_uid) = (i.site_id, i.sop_instance_uid)
    left join found on (found.site_id, found.sop_instance_uid) = (i.site_id, i.sop_instance_uid)
    where i.study_id = ${ids} and i.policy_name = ${RESULTS_POLICY.name}`.execute(db);
  return rows;
}
