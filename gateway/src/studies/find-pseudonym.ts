/**
 * The pseudonym of a study whose names were removed: the Patient ID of one of its instances, read from the PACS. The
 * file must still have the digest that the gateway checked, so a name that a PACS put back is never printed.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { Db } from '../database/database.ts';
import { FETCHED_BYTES_LIMIT, type Pacs } from '../ports/pacs/pacs.ts';
import type { ReadPatientId } from './pseudonym-thread.ts';
import type { SheetQuestion } from './sheet-thread.ts';

export type PseudonymTools = {
  readonly db: Db;
  readonly pacs: Pick<Pacs, 'fetchInstance'>;
  readonly readPatientId: ReadPatientId;
};

/** PS3.5 §6.2, LO: 64 characters. Our pseudonyms have only the characters below. */
const PSEUDONYM = /^[\x20-\x7e]{1,64}$/;

/** null: names were not removed, or the PACS did not return an unchanged instance before the signal. */
export async function findPseudonym(
  { db, pacs, readPatientId }: PseudonymTools,
  { uploadId, studyInstanceUID, smallest }: SheetQuestion,
  signal: AbortSignal,
): Promise<string | null> {
  if (smallest === null || signal.aborted) return null;
  const { sopInstanceUID, digest } = smallest;
  const row = await db
    .selectFrom('upload_instance')
    .innerJoin('instance', 'instance.id', 'upload_instance.instance_id')
    .select('instance.series_instance_uid')
    .where('upload_instance.upload_id', '=', uploadId)
    .where('instance.sop_instance_uid', '=', sopInstanceUID)
    .where('instance.digest', '=', digest)
    .executeTakeFirst();
  if (row === undefined) return null;
  const where = { studyInstanceUID, seriesInstanceUID: row.series_instance_uid, sopInstanceUID };
  const fetched = await ignoreFailure(
    pacs.fetchInstance(where, FETCHED_BYTES_LIMIT, signal),
    'a receipt is given out while the PACS is away',
  );
  if (fetched?.kind !== 'fetched') return null;
  const text = await readPatientId({ bytes: fetched.bytes, digest }, signal);
  return text !== null && PSEUDONYM.test(text) ? text : null;
}
