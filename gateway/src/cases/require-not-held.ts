/** A case, a study of it or its patient may be under a legal hold (retention/). Then nothing of it is deleted. */
import { sql } from 'kysely';
import { Problem } from '#shared/protocol/problem.ts';
import type { Trx } from '../database/database.ts';
import type { CaseRow } from './case.store.ts';

/** Call `lockHolds` before the case is locked. @throws Problem under-hold. */
export async function requireNotHeld(trx: Trx, { id, site_id: siteId, ...row }: CaseRow): Promise<void> {
  const prints = [row.patient_print, row.expected_print].filter((print) => print !== null);
  const { rows } = await sql`
    select from hold where site_id = ${siteId}::uuid and ended_at is null and (case_id = ${id}::uuid
      or patient_prints && ${prints}::text[]
      or study_instance_uid in (select study_instance_uid from case_study where case_id = ${id}::uuid))
    limit 1`.execute(trx);
  if (rows.length > 0) throw new Problem('under-hold');
}
