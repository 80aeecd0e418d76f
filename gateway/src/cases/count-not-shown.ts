/**
 * Counts the cases of the site that a researcher is not shown because their studies keep names or have not arrived.
 * Without this, an empty list would look like an empty site. The count ignores filters, since a filtered count would
 * reveal something about those cases. A count below the smallest cell is not told exactly.
 */
import { sql } from 'kysely';
import { SMALLEST_CELL } from '#shared/protocol/analytics.ts';
import { NOT_SHOWN_LIMIT, type NotShown } from '#shared/protocol/cases.ts';
import type { Db } from '../database/database.ts';
import { isKeeper, isVisible, type CaseReader } from '../findings/case-rights.ts';

export async function countNotShown(db: Db, reader: CaseReader): Promise<NotShown> {
  if (isKeeper(reader)) return { cases: 0, isMore: false };
  const hidden = db
    .selectFrom('case_record')
    .select('id')
    .where('site_id', '=', reader.siteId)
    .where(sql<boolean>`not ${await isVisible(db, reader)}`)
    .limit(NOT_SHOWN_LIMIT + 1);
  const { count } = await db
    .selectFrom(hidden.as('hidden'))
    .select(sql<number>`count(*)::int`.as('count'))
    .executeTakeFirstOrThrow();
  if (count > 0 && count < SMALLEST_CELL) return { cases: null, isMore: false };
  return { cases: Math.min(count, NOT_SHOWN_LIMIT), isMore: count > NOT_SHOWN_LIMIT };
}
