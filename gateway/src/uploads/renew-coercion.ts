/**
 * The values that a destination wants are fixed when a study is promised. An instance into which they cannot be written
 * waits for an administrator to change the rule. It is then tried again with the values that the rules want now, at the
 * same destination and with the same need.
 */
import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import { attributesOf, type Coercion } from '#shared/protocol/coercion.ts';
import type { Trx, Db } from '../database/database.ts';
import type { StudyAudit } from '../pipeline/plan/audit-study.ts';
import { setCoercion } from '../pipeline/stores/copy.store.ts';
import { idList, type InstanceRow } from '../pipeline/stores/instance.store.ts';
import type { StudyRow } from '../pipeline/stores/study.store.ts';
import { forwardingRules } from '../rules/rule.store.ts';

type Renewed = { readonly coercion: Coercion | null; readonly audit: StudyAudit };

const REASON = 'coercion-not-writable';
export const isForItsCoercion = ({ reason }: Pick<InstanceRow, 'reason'>): boolean => reason === REASON;

/** Reads only. Null: the copy already wants what the rules want now, or the rules do not say. */
export async function renewedCoercion(db: Db, copy: StudyRow, by: string): Promise<Renewed | null> {
  const coercion = await wantedNow(db, copy);
  if (coercion === undefined || isDeepStrictEqual(coercion, copy.coercion)) return null;
  const audit: StudyAudit = {
    event: 'study-values-renewed',
    // The original's id: nobody reads the record of a copy.
    studyId: copy.copy_of ?? copy.id,
    destinationId: copy.destination_id ?? '',
    values: coercion === null ? 'none' : attributesOf(coercion).join(', '),
    by,
  };
  return { coercion, audit };
}

/**
 * Copies in which one of these instances of the original waits for that reason take the present values. `at`: only the
 * copy for this destination. Returns what the audit trail is to record after the decision.
 */
export async function renewCoercions(
  trx: Trx,
  ids: readonly number[],
  by: string,
  at: string | undefined,
): Promise<readonly StudyAudit[]> {
  if (ids.length === 0) return [];
  const copies = await trx
    .selectFrom('study')
    .selectAll()
    .where(
      sql<boolean>`exists (select from instance o join instance c on c.sop_instance_uid = o.sop_instance_uid
        where o.id in ${idList(ids)} and o.study_id = study.copy_of and c.study_id = study.id and c.reason = ${REASON})`,
    )
    .where(at === undefined ? sql<boolean>`true` : sql<boolean>`destination_id = ${at}::uuid`)
    .orderBy('id')
    .forUpdate()
    .execute();
  const audits: StudyAudit[] = [];
  for (const copy of copies) {
    const renewed = await renewedCoercion(trx, copy, by);
    if (renewed === null) continue;
    await setCoercion(trx, copy.id, renewed.coercion);
    audits.push(renewed.audit);
  }
  return audits;
}

/**
 * Decided by the rule that chose the study's destinations. If that rule is gone, the rules that name the destination
 * decide, provided that they agree. Null: nothing is to be changed there. Undefined: the rules do not say.
 */
async function wantedNow(db: Db, copy: StudyRow): Promise<Coercion | null | undefined> {
  const rules = await forwardingRules(db, copy.site_id);
  const entryOf = ({ to }: (typeof rules)[number]) =>
    to.find(({ destination }) => destination === copy.destination_id);
  const name = await ruleThatChose(db, copy);
  const own = rules.find((rule) => rule.name === name);
  if (own !== undefined) return entryOf(own)?.coerce ?? null;
  const said = rules.flatMap((rule) => {
    const entry = rule.enabled ? entryOf(rule) : undefined;
    return entry === undefined ? [] : [entry.coerce ?? null];
  });
  const [first = null, ...others] = said;
  return others.every((other) => isDeepStrictEqual(other, first)) ? first : undefined;
}

/** The rule that the audit trail recorded when the study was promised. */
async function ruleThatChose(db: Db, { copy_of: original }: StudyRow): Promise<string | null> {
  const row = await db
    .selectFrom('audit')
    .select(sql<string | null>`fields->>'rule'`.as('rule'))
    .where(sql<boolean>`fields ? 'studyId' and fields->>'studyId' = ${original}`)
    .where('event', '=', 'upload-opened')
    .where(sql<boolean>`fields ? 'rule'`)
    .orderBy('seq')
    .limit(1)
    .executeTakeFirst();
  return row?.rule ?? null;
}
