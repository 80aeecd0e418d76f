/** Deletes what is due, each kind in its own way, and tells what it was, without content, for the proof. */
import { sql } from 'kysely';
import type { Deletion } from '#shared/protocol/retention.ts';
import { recordAudits } from '../audit/audit.ts';
import type { Db, Trx } from '../database/database.ts';
import { lockPlace } from '../pipeline/stores/study.store.ts';
import type { Rows } from './due.ts';
import { forgetRoad } from './forget-study.ts';

type Items = Deletion['items'];

/** `after`: done once the deletion is committed; a gateway that dies first leaves it to sweeps. */
export type Deleted = {
  readonly items: Items;
  readonly caseKeys: readonly Uint8Array[];
  readonly studyKeys: readonly Uint8Array[];
  readonly parcels: readonly string[];
};
export const NOTHING: Deleted = { items: [], caseKeys: [], studyKeys: [], parcels: [] };
const only = (items: Items): Deleted => ({ ...NOTHING, items });

type Which = {
  readonly siteId: string;
  readonly ids: readonly string[];
  readonly now: Date;
};

/**
 * Locks the rows, so that nothing moves on meanwhile, and nobody announces one of the studies again. Call it before it
 * is looked again whether they are due.
 */
export async function lockRows(trx: Trx, kind: Rows, { siteId, ids }: Which): Promise<void> {
  if (kind === 'studies') for (const uid of ids.toSorted()) await lockPlace(trx, siteId, uid);
  if (kind === 'studies')
    await sql`select id from study where site_id = ${siteId}::uuid
      and study_instance_uid = any(${ids}::text[]) order by id for update`.execute(trx);
  const table = {
    receipts: 'receipt',
    results: 'inference_result',
    cases: 'case_record',
    exports: 'export_job',
  };
  if (kind !== 'studies')
    await sql`select id from ${sql.table(table[kind])} where id = any(${ids}::uuid[]) order by id for update`.execute(
      trx,
    );
}

export const DELETES: Readonly<Record<Rows, (trx: Trx, which: Which) => Promise<Deleted>>> = {
  // The row stays: the next receipt counts on from its revision.
  async receipts(trx, { ids }) {
    const { rows } = await sql<{ upload_id: string; revision: number }>`
      update receipt set jws = null where id = any(${ids}::uuid[]) returning upload_id, revision`.execute(
      trx,
    );
    return only(rows.map(({ upload_id: uploadId, revision }) => ({ uploadId, revision })));
  },
  async results(trx, { ids }) {
    const jobs = await sql<{ id: string }>`
      select distinct job_id as id from result_request
      where result_id = any(${ids}::uuid[]) and job_id is not null`.execute(trx);
    const { rows } = await sql<{ id: string; model_id: string; uid: string | null }>`
      delete from inference_result where id = any(${ids}::uuid[])
      returning id, model_id, study_instance_uid as uid`.execute(trx);
    await sql`
      delete from inference_job j where j.id = any(${jobs.rows.map(({ id }) => id)}::uuid[])
        and j.state not in ('queued', 'running')
        and not exists (select from result_request q where q.job_id = j.id)`.execute(trx);
    return only(rows.map(({ id, model_id: model, uid }) => ({ id, model, studyInstanceUID: uid })));
  },
  async studies(trx, { siteId, ids }) {
    const items: Deletion['items'] = [];
    const studyKeys: Uint8Array[] = [];
    const parcels: string[] = [];
    for (const studyInstanceUID of ids) {
      const studies = await trx
        .selectFrom('study')
        .select(['id', 'wrapped_key'])
        .where('site_id', '=', siteId)
        .where('study_instance_uid', '=', studyInstanceUID)
        .execute();
      const of = studies.map(({ id }) => id);
      items.push({ studyInstanceUID, ...(await instancesDigest(trx, of)) });
      studyKeys.push(...studies.flatMap((study) => study.wrapped_key ?? []));
      const left = await trx.selectFrom('parcel').select('id').where('study_id', 'in', of).execute();
      parcels.push(...left.map(({ id }) => id));
      await forgetRoad(trx, { siteId, studyInstanceUID, studies: of });
    }
    return { ...only(items), studyKeys, parcels };
  },
  async cases(trx, { siteId, ids, now }) {
    const { rows } = await sql<{ id: string; number: number; wrapped_key: Uint8Array }>`
      delete from case_record where id = any(${ids}::uuid[]) returning id, number, wrapped_key`.execute(trx);
    const events = rows.map(({ id: caseId, number }) => ({
      ...{ event: 'case-deleted' as const, caseId, by: null, number },
    }));
    await recordAudits(trx, siteId, events, now);
    const items = rows.map(({ id, number }) => ({ id, number }));
    return { ...only(items), caseKeys: rows.map((row) => row.wrapped_key) };
  },
  async exports(trx, { ids }) {
    const { rows } = await sql<{ id: string; number: number }>`
      delete from export_job where id = any(${ids}::uuid[]) returning id, number`.execute(trx);
    return only(rows);
  },
};

/** `sha256`: of a line `UID digest` for each instance that the PACS confirmed, in order of the lines. */
async function instancesDigest(
  db: Db,
  studies: readonly string[],
): Promise<{ instances: number; sha256: string }> {
  const { rows } = await sql<{ instances: number; sha256: string }>`
    select count(*)::int as instances, encode(sha256(convert_to(coalesce(
      string_agg(line, E'\\n' order by line collate "C"), ''), 'UTF8')), 'hex') as sha256
    from (select distinct sop_instance_uid || ' ' || digest as line from instance
      where study_id = any(${studies}::uuid[]) and state in ('stored', 'coerced', 'already-stored')) found`.execute(
    db,
  );
  return rows[0]!;
}
