/**
 * Reports of de-identification in the database: written with the promise of the instances that name them, and read for
 * the receipt.
 */
import { sql } from 'kysely';
import { reportDigest, type WireReport } from '#shared/protocol/deid-report.ts';
import type { Manifest } from '#shared/protocol/manifest.ts';
import type { Db, Trx } from '../../database/database.ts';

/**
 * The de-identification reports of a manifest, by `UID digest`. If an instance is listed more than once, the first
 * entry counts, as in the promise.
 */
export async function readReports({
  instances,
  deidentification,
}: Manifest): Promise<ReadonlyMap<string, WireReport>> {
  if (deidentification === undefined) return new Map();
  const { edition, options, reports } = deidentification;
  const listed = await Promise.all(
    reports.map(async (list): Promise<WireReport> => {
      if (typeof list === 'string') return { edition, options, digest: list, actions: null };
      return {
        edition,
        options,
        digest: await reportDigest({ edition, options, actions: list }),
        actions: list,
      };
    }),
  );
  const said = new Map<string, WireReport>();
  const seen = new Set<string>();
  for (const { sopInstanceUID, digest, report } of instances) {
    const key = `${sopInstanceUID} ${digest}`;
    if (report !== undefined && !seen.has(key)) said.set(key, listed[report]!);
    seen.add(key);
  }
  return said;
}

/** Inserts the reports that the study does not have yet. */
export async function insertReports(trx: Trx, studyId: string, reports: Iterable<WireReport>): Promise<void> {
  const distinct = new Map([...reports].map((report) => [report.digest, report]));
  if (distinct.size === 0) return;
  await sql`
    insert into deid_report (study_id, digest, edition, options, actions)
    select ${studyId}::uuid, x.digest, x.edition, x.options, nullif(x.actions, 'null'::jsonb)
    from jsonb_to_recordset(${JSON.stringify([...distinct.values()])}::jsonb) as x(digest text, edition text, options jsonb, actions jsonb)
    on conflict do nothing`.execute(trx);
}

/** Keyed by their digests. */
export async function reportsOf(db: Db, studyId: string): Promise<ReadonlyMap<string, WireReport>> {
  const rows = await db
    .selectFrom('deid_report')
    .select(['digest', 'edition', 'options', 'actions'])
    .where('study_id', '=', studyId)
    .execute();
  return new Map(rows.map((row) => [row.digest, row]));
}
