/**
 * The pseudonym of a study whose names were removed: the Patient ID of one of its instances, read from the PACS.
 * Only bytes that have the digest which the gateway checked are believed, so a name that a PACS put back is never
 * printed.
 */
import { createHash } from 'node:crypto';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { Receipt, ReceiptInstance } from '#shared/protocol/receipt.ts';
import type { Db } from '../database/database.ts';
import { FETCHED_BYTES_LIMIT, type Pacs } from '../ports/pacs/pacs.ts';
import type { ReadPatientId } from './pseudonym-thread.ts';

export type PseudonymTools = {
  readonly db: Db;
  readonly pacs: Pick<Pacs, 'fetchInstance'>;
  readonly readPatientId: ReadPatientId;
};

/** The sheet is for somebody who waits: without an answer it has no pseudonym. */
const PATIENCE_MS = 3_000;
/** PS3.5 §6.2, LO: 64 characters. A pseudonym of ours has no other than these. */
const PSEUDONYM = /^[\x20-\x7e]{1,64}$/;

/** null: names were not removed, or the PACS does not give an instance as it was sent. */
export async function findPseudonym(
  { db, pacs, readPatientId }: PseudonymTools,
  uploadId: string,
  { studyInstanceUID, instances }: Receipt,
  signal: AbortSignal,
): Promise<string | null> {
  const instance = smallestOf(instances);
  if (instance === null) return null;
  const { sopInstanceUID, digest } = instance;
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
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  const fetched = await ignoreFailure(
    pacs.fetchInstance(where, FETCHED_BYTES_LIMIT, patience),
    'a receipt is given out while the PACS is away',
  );
  if (fetched?.kind !== 'fetched' || digestOf(fetched.bytes) !== digest) return null;
  const text = await readPatientId(fetched.bytes, patience);
  return text !== null && PSEUDONYM.test(text) ? text : null;
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Of those that the PACS has and in which the gateway found nothing left to remove. */
function smallestOf(instances: readonly ReceiptInstance[]): ReceiptInstance | null {
  return instances
    .filter(({ state, residue }) => residue === 'none' && (state === 'stored' || state === 'already-stored'))
    .reduce<ReceiptInstance | null>(
      (least, each) => (least === null || each.bytes < least.bytes ? each : least),
      null,
    );
}
