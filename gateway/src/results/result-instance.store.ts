/**
 * The DICOM instances of a result (report, segmentation and heat map), and the state of each on its way to the PACS.
 */
import { sql, type AliasedExpression } from 'kysely';
import type { ResultInstance } from '#shared/protocol/inference.ts';
import type { Db, Trx } from '../database/database.ts';
import type { ResultInstanceTable } from '../database/inference-tables.ts';
import { RESULTS_POLICY } from '../policies/policies.ts';

/**
 * The instances of these results, each with its state and the newest receipt that names it. `refused`: the UID is
 * already taken by an instance that the gateway did not make, and that one stays.
 */
export async function instancesOfResults(
  db: Db,
  resultIds: readonly string[],
): Promise<ReadonlyMap<string, readonly ResultInstance[]>> {
  if (resultIds.length === 0) return new Map();
  const rows = await instanceRows(db, resultIds);
  return new Map(
    [...Map.groupBy(rows, ({ owner_id }) => owner_id)].map(([id, own]) => [id, own.map(toInstance)]),
  );
}

/** Instances that the gateway made. `owner_id`: the id of the object to which they belong. */
type NamedInstance = {
  owner_id: string;
  site_id: string;
  kind: ResultInstanceTable['kind'];
  revision: number;
  series_instance_uid: string;
  sop_instance_uid: string;
};

const instanceRows = (db: Db, resultIds: readonly string[]) =>
  standingOf(
    db,
    db
      .selectFrom('result_instance')
      .innerJoin('inference_result', 'inference_result.id', 'result_instance.result_id')
      .select([
        'result_instance.result_id as owner_id',
        'inference_result.site_id',
        'result_instance.kind',
        'result_instance.revision',
        'result_instance.series_instance_uid',
        'result_instance.sop_instance_uid',
      ])
      .where('result_instance.result_id', 'in', [...resultIds])
      .as('i'),
  );

/** Each instance with the row that has its UID (the gateway's own first), and the receipt for that row. */
export function standingOf(db: Db, named: AliasedExpression<NamedInstance, 'i'>) {
  return db
    .selectFrom(named)
    .leftJoinLateral(
      (from) =>
        from
          .selectFrom('instance as o')
          .innerJoin('study', 'study.id', 'o.study_id')
          .select(['o.id', 'o.state', 'o.policy_name', 'o.revision as study_revision', 'o.digest'])
          .select('study.waiting_because')
          .whereRef('o.sop_instance_uid', '=', 'i.sop_instance_uid')
          .whereRef('o.site_id', '=', 'i.site_id')
          .where((where) =>
            where.or([where('o.policy_name', '=', RESULTS_POLICY.name), where('o.brought', '=', true)]),
          )
          .orderBy(sql`o.policy_name = ${RESULTS_POLICY.name}`, 'desc')
          .orderBy(sql`o.state in ('refused', 'left-out', 'quarantined')`)
          .orderBy('o.id')
          .limit(1)
          .as('s'),
      (join) => join.onTrue(),
    )
    .leftJoinLateral(
      (from) =>
        from
          .selectFrom('receipt')
          .select(['receipt.id as receipt_id', 'receipt.issued_at'])
          // The time of the first receipt that names the instance. Later receipts are for later revisions of its
          // study.
          .select(sql<Date>`min(receipt.issued_at) over ()`.as('confirmed_at'))
          .innerJoin('upload_instance', 'upload_instance.upload_id', 'receipt.upload_id')
          .whereRef('upload_instance.instance_id', '=', 's.id')
          .whereRef('receipt.revision', '>=', 's.study_revision')
          .orderBy('receipt.revision', 'desc')
          .limit(1)
          .as('n'),
      (join) => join.onTrue(),
    )
    .select([
      'i.owner_id',
      'i.kind',
      'i.series_instance_uid',
      'i.sop_instance_uid',
      'i.revision',
      's.state',
      's.policy_name',
      's.digest',
      's.waiting_because',
      'n.receipt_id',
      'n.issued_at',
      'n.confirmed_at',
    ])
    .orderBy('i.revision')
    .orderBy('i.kind')
    .orderBy('i.sop_instance_uid')
    .execute();
}

/** `refused`: the UID is already taken by an instance that the gateway did not make, and that one stays. */
export function toInstance(row: Awaited<ReturnType<typeof standingOf>>[number]): ResultInstance {
  const isOwn = row.policy_name === RESULTS_POLICY.name;
  return {
    kind: row.kind,
    revision: row.revision,
    seriesInstanceUID: row.series_instance_uid,
    sopInstanceUID: row.sop_instance_uid,
    state: row.state === null ? 'promised' : isOwn ? row.state : 'refused',
    digest: row.digest,
    receipt:
      row.receipt_id === null || row.issued_at === null
        ? null
        : { id: row.receipt_id, issuedAt: row.issued_at.toISOString() },
  };
}

export type NewInstance = {
  readonly kind: ResultInstanceTable['kind'];
  readonly seriesInstanceUID: string;
  readonly sopInstanceUID: string;
};

/** Repeatable, because the UIDs derive from the result. */
export async function insertResultInstances(
  trx: Trx,
  resultId: string,
  revision: number,
  instances: readonly NewInstance[],
): Promise<void> {
  if (instances.length === 0) return;
  const rows = instances.map(({ kind, seriesInstanceUID, sopInstanceUID }) => ({
    result_id: resultId,
    kind,
    series_instance_uid: seriesInstanceUID,
    sop_instance_uid: sopInstanceUID,
    revision,
  }));
  await trx
    .insertInto('result_instance')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['result_id', 'sop_instance_uid']).doNothing())
    .execute();
}

/** The SOP Instance UIDs of results in this study, which no model examines. */
export async function ownInstances(
  db: Db,
  siteId: string,
  studyInstanceUID: string,
): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom('result_instance as i')
    .innerJoin('inference_result as r', 'r.id', 'i.result_id')
    .select('i.sop_instance_uid')
    .where('r.site_id', '=', siteId)
    .where('r.study_instance_uid', '=', studyInstanceUID)
    .execute();
  return new Set(rows.map(({ sop_instance_uid }) => sop_instance_uid));
}
