/** The measurements of *Test* win over the limits that the gateway learned of a destination from refusals before. */
import type { DestinationExamination } from '#shared/protocol/destination.ts';
import type { Db } from '../database/database.ts';
import { forgetLimit, keepRefusal, type DestinationRow } from './destination.store.ts';

const STORED = 'stored';

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

export async function dropDisproved(
  db: Db,
  row: DestinationRow,
  { found, now }: { readonly found: DestinationExamination; readonly now: Date },
): Promise<void> {
  const { limit, refusal } = disprovedBy(found, row);
  if (refusal) await keepRefusal(db, row, { refusal: null, now });
  // The version grows with it.
  if (limit) await forgetLimit(db, row);
}
