/** The instances of a study that models examine, and the facts that are known about them without reading them. */
import { sopClassKind } from '#shared/dicom/registry.ts';
import type { Db } from '../database/database.ts';
import { isOriginal } from '../pipeline/stores/instance.store.ts';
import { Problem } from '#shared/protocol/problem.ts';
import {
  FETCHED_BYTES_LIMIT,
  type DescribedInstance,
  type FoundInstance,
  type Pacs,
} from '../ports/pacs/pacs.ts';

/** Modalities whose objects describe images but are not images themselves. */
const NO_IMAGES = new Set(['SR', 'SEG', 'PR', 'KO', 'RTSTRUCT', 'RTPLAN', 'DOC', 'REG', 'AU', 'ECG']);

/** Decides by the SOP Class or, if the PACS does not give it, by the modality. */
export function isImage({
  sopClassUID,
  modality,
}: Pick<DescribedInstance, 'sopClassUID' | 'modality'>): boolean {
  if (modality !== null && NO_IMAGES.has(modality)) return false;
  const kind = sopClassUID === null ? 'unknown' : sopClassKind(sopClassUID);
  return kind === 'image' || kind === 'unknown';
}

/**
 * The digest of an instance that came through this gateway and that the PACS stores unchanged. Null: the instance has
 * to be read.
 */
export async function storedDigest(
  db: Db,
  siteId: string,
  { sopInstanceUID }: Pick<FoundInstance, 'sopInstanceUID'>,
): Promise<string | null> {
  const rows = await db
    .selectFrom('instance')
    .select('digest')
    .where('site_id', '=', siteId)
    .where('sop_instance_uid', '=', sopInstanceUID)
    .where('state', '=', 'stored')
    .where(isOriginal)
    .execute();
  return rows.length === 1 ? rows[0]!.digest : null;
}

/** How many instances are listed; a study with more is cut off after these. */
export const LISTED_LIMIT = 20_000;

/** Fetches the whole instance. @throws Problem study-not-found, file-too-large; PacsUnreachable. */
export async function fetchWhole(
  pacs: Pick<Pacs, 'fetchInstance'>,
  where: FoundInstance,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const fetched = await pacs.fetchInstance(where, FETCHED_BYTES_LIMIT, signal);
  if (fetched === null) throw new Problem('study-not-found');
  if (fetched.kind === 'too-large') throw new Problem('file-too-large');
  return fetched.bytes;
}
