/**
 * Removes a sample study from its PACSs, and then from the database. Its rows are locked while the PACSs are asked, so
 * that no result joins it in between. If the gateway is killed then, the next removal finds the study again, and its
 * PACSs empty.
 */
import { sql } from 'kysely';
import type { SampleRemoval } from '#shared/protocol/sample.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Trx } from '../database/database.ts';
import type { Caller } from '../http/route.ts';
import { destinationOfStudy } from '../destinations/destination.store.ts';
import { removeParcelBlobs } from '../pipeline/stores/parcel-blobs.ts';
import type { StudyRow } from '../pipeline/stores/study.store.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import { forgetStudy } from '../retention/forget-study.ts';
import { isSamplePatientOf } from './sample-patients.ts';
import { sampleAccounts } from './sample.store.ts';
import type { SampleTools } from './sample-tools.ts';

export type Left = SampleRemoval['left'][number];

type Which = { readonly studyInstanceUID: string; readonly signal: AbortSignal };

/** Null: the study is gone. */
export async function removeStudy(tools: SampleTools, caller: Caller, which: Which): Promise<Left | null> {
  const { db, now, pipeline } = tools;
  const { siteId, id: by } = caller;
  const { studyInstanceUID } = which;
  const left = await db.transaction().execute(async (trx): Promise<Left | Leftovers> => {
    const rows = await trx
      .selectFrom('study')
      .selectAll()
      .where('site_id', '=', siteId)
      .where('study_instance_uid', '=', studyInstanceUID)
      .orderBy('id')
      .forUpdate()
      .execute();
    const because = await whyNot(trx, siteId, rows);
    if (because !== null) return because;
    const inPacs = await removeFromAll(tools, trx, rows, which);
    if (inPacs !== null) return inPacs;
    const studies = rows.map(({ id }) => id);
    const parcels = await parcelsOf(trx, studies);
    await forgetStudy(trx, { siteId, studyInstanceUID, studies });
    await recordAudit(trx, siteId, { event: 'sample-study-removed', studyInstanceUID, by }, now());
    return { parcels, keys: rows.flatMap(({ wrapped_key: key }) => key ?? []) };
  });
  if ('because' in left) return left;
  for (const key of left.keys) await pipeline.keys.destroy(key);
  await removeParcelBlobs(pipeline.blobs, left.parcels);
  return null;
}

type Leftovers = { readonly parcels: readonly string[]; readonly keys: readonly Uint8Array[] };

async function parcelsOf(trx: Trx, studies: readonly string[]): Promise<string[]> {
  if (studies.length === 0) return [];
  const parcels = await trx.selectFrom('parcel').select('id').where('study_id', 'in', studies).execute();
  return parcels.map(({ id }) => id);
}

/** Null: the study is sample data only, and nothing is being done with it. */
async function whyNot(trx: Trx, siteId: string, rows: readonly StudyRow[]): Promise<Left | null> {
  const accounts = new Set((await sampleAccounts(trx, siteId)).map(({ id }) => id));
  const isOfOthers = rows.some(({ account_id: sender }) => sender !== null && !accounts.has(sender));
  if (isOfOthers) return { because: 'named-elsewhere', name: null, count: 1 };
  const uid = rows[0]?.study_instance_uid ?? '';
  const jobs = await trx
    .selectFrom('inference_job')
    .select('id')
    .where('site_id', '=', siteId)
    .where('study_instance_uid', '=', uid)
    .where(sql<boolean>`state in ('queued', 'running')`)
    .limit(1)
    .execute();
  const isAtRest = rows.every(({ state }) => state === 'closed' || state === 'held') && jobs.length === 0;
  return isAtRest ? null : { because: 'on-the-road', name: null, count: 1 };
}

/** Null: no PACS has the study any longer. */
async function removeFromAll(
  { destinations, pipeline }: SampleTools,
  trx: Trx,
  rows: readonly StudyRow[],
  { studyInstanceUID, signal }: Which,
): Promise<Left | null> {
  const isSamplePatient = await isSamplePatientOf(trx, pipeline, rows);
  for (const row of new Map(rows.map((each) => [each.destination_id, each])).values()) {
    const destination = await destinationOfStudy(trx, row);
    if (destination === undefined) continue;
    const left = (because: Left['because']): Left => ({ because, name: destination.name, count: 1 });
    try {
      const pacs = destinations.of(destination);
      // A person may have deleted the study in the PACS.
      if ((await pacs.findStudy(studyInstanceUID, signal)).size === 0) continue;
      if (pacs.removeStudy === undefined) return left('no-deletion');
      const outcome = await pacs.removeStudy(studyInstanceUID, isSamplePatient, signal);
      if (outcome !== 'removed') return left(outcome);
    } catch (error) {
      if (!(error instanceof PacsUnreachable)) throw error;
      return left('pacs-unreachable');
    }
  }
  return null;
}
