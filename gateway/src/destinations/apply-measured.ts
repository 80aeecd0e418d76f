/**
 * Applies what *Test* measured. It overrides the limits that the gateway learned earlier from refusals. A limit that it
 * finds is stored with the destination, so that requests stay below it and the page still shows it after a reload.
 */
import type { DestinationExamination } from '#shared/protocol/destination.ts';
import type { Db } from '../database/database.ts';
import { forgetLimit, keepMeasuredLimit, keepRefusal, type DestinationRow } from './destination.store.ts';

const STORED = 'stored';
const LIMITED: readonly string[] = ['bodies-too-small', 'bodies-limited'];

/**
 * Which stored facts the test disproved. `limit`: a request as large as the refused one passes. `refusal`: the
 * destination stores instances.
 */
export function disprovedBy(
  { settings, findings }: Pick<DestinationExamination, 'settings' | 'findings'>,
  { refused_bytes }: Pick<DestinationRow, 'refused_bytes'>,
): { readonly limit: boolean; readonly refusal: boolean } {
  const passed = settings?.bodyBytes ?? 0;
  return {
    limit: refused_bytes !== null && passed >= refused_bytes,
    refusal: findings.some(({ code }) => code === STORED),
  };
}

/**
 * The size of the smallest request that the destination refuses. Null: nothing new, because it is known already or the
 * gateway has been refused a smaller one.
 */
function limitMeasured(
  { settings, findings }: Pick<DestinationExamination, 'settings' | 'findings'>,
  { refused_bytes, limit_measured }: Pick<DestinationRow, 'refused_bytes' | 'limit_measured'>,
): number | null {
  const passed = settings?.bodyBytes ?? null;
  if (passed === null || !findings.some(({ code }) => LIMITED.includes(code))) return null;
  const isLarger = refused_bytes === null || passed >= refused_bytes;
  return isLarger || (limit_measured && passed + 1 !== refused_bytes) ? passed + 1 : null;
}

export async function applyMeasured(
  db: Db,
  row: DestinationRow,
  { found, now }: { readonly found: DestinationExamination; readonly now: Date },
): Promise<void> {
  const { limit, refusal } = disprovedBy(found, row);
  if (refusal) await keepRefusal(db, row, { refusal: null, now });
  // This increases the version.
  const refusedBytes = limitMeasured(found, row);
  if (refusedBytes !== null)
    await keepMeasuredLimit(db, row, { bytes: found.settings?.batchBytes ?? null, refusedBytes, now });
  else if (limit) await forgetLimit(db, row);
}
