/**
 * The measurements of *Test* win over the limits that the gateway learned of a destination from refusals before, and a
 * limit that it finds stays with the destination: requests begin below it, and the page shows it after a reload.
 */
import type { DestinationExamination } from '#shared/protocol/destination.ts';
import type { Db } from '../database/database.ts';
import { forgetLimit, keepMeasuredLimit, keepRefusal, type DestinationRow } from './destination.store.ts';

const STORED = 'stored';
const LIMITED: readonly string[] = ['bodies-too-small', 'bodies-limited'];

/** `limit`: a request as large as the refused one passes. `refusal`: it stores. */
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
 * The smallest request that it refuses. Null: no news, as it is known, or a smaller one was refused to the gateway.
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
  // The version grows with it.
  const refusedBytes = limitMeasured(found, row);
  if (refusedBytes !== null)
    await keepMeasuredLimit(db, row, { bytes: found.settings?.batchBytes ?? null, refusedBytes, now });
  else if (limit) await forgetLimit(db, row);
}
