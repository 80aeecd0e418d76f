/** The events of a case and its studies, read from the audit trail, which is the only place that stores them. */
import { sql } from 'kysely';
import type { CasePart, CaseTimeline } from '#shared/protocol/cases.ts';
import type { Db } from '../database/database.ts';
import { findAdded } from '../pipeline/stores/added.store.ts';
import { isReached, reachesAll } from '../findings/result-reach.ts';
import { isBlindTo, isHiddenReading, isHiddenWritingEvent, isNameless } from '../findings/blinding.ts';
import { mayKnowStudy, type CaseReader } from '../findings/case-rights.ts';
import { usernamesOf } from './case.store.ts';

/** Only the newest events are shown. */
const EVENTS_LIMIT = 500;

/** Events, oldest first. */
export async function timelineOf(
  db: Db,
  { reader, withheld }: { readonly reader: CaseReader; readonly withheld: readonly CasePart[] },
  caseId: string,
): Promise<CaseTimeline['events']> {
  // A study may have several uploads. An account sees the events of its own only.
  const isOwn = reachesAll(reader)
    ? sql<boolean>`true`
    : sql<boolean>`exists (select 1 from instance i where i.study_id = study.id and ${await isReached(db, reader)})`;
  const studyIds = await db
    .selectFrom('case_study')
    .innerJoin('study', (join) =>
      join
        .onRef('study.site_id', '=', 'case_study.site_id')
        .onRef('study.study_instance_uid', '=', 'case_study.study_instance_uid'),
    )
    .select('study.id')
    .select(isBlindTo(reader, sql.ref('study.study_instance_uid')).as('isBlind'))
    .where('case_study.case_id', '=', caseId)
    .where(await mayKnowStudy(db, reader, 'case_study.study_instance_uid'))
    .where(isOwn)
    .execute();
  const ids = studyIds.map(({ id }) => id);
  const assigns = reader.roles.some((role) => role === 'admin' || role === 'auditor');
  const rows = await db
    .selectFrom('audit')
    .select(['at', 'event', 'fields'])
    .select(
      isNameless(reader, {
        caseId: sql`${caseId}::uuid`,
        by: sql`(case when audit.fields ? 'caseId' then audit.fields->>'by' end)::uuid`,
      }).as('isNameless'),
    )
    .where('site_id', '=', reader.siteId)
    .where(
      sql<boolean>`((fields ? 'caseId' and fields->>'caseId' = ${caseId})
        or (fields ? 'studyId' and fields->>'studyId' = any(${ids}::text[])))`,
    )
    .where(sql<boolean>`not ${isHiddenReading(reader, assigns)}`)
    .where(sql<boolean>`not ${isHiddenWritingEvent(reader)}`)
    .orderBy('seq', 'desc')
    .limit(EVENTS_LIMIT)
    .execute();
  const added = await findAdded(db, ids);
  const blindIds = new Set(studyIds.flatMap(({ id, isBlind }) => (isBlind ? [id] : [])));
  const accounts = rows.flatMap(({ fields }) => accountOf(fields) ?? []);
  const names = withheld.includes('people') ? new Map() : await usernamesOf(db, [...new Set(accounts)]);
  return rows.reverse().flatMap(({ at, event, fields, isNameless: isOfReader }) => {
    const brought = 'studyId' in fields ? added(fields) : undefined;
    // A reader who is blinded to what models found is not told that any exist.
    if (brought !== undefined && blindIds.has(String(fields['studyId']))) return [];
    return {
      at: at.toISOString(),
      event,
      by: isOfReader ? null : (names.get(accountOf(fields) ?? '') ?? null),
      fields: withheld.includes('people') ? withoutPeople(fields) : saidIn(fields),
      ...(brought !== undefined && { added: brought }),
    };
  });
}

const accountOf = ({ by }: Record<string, unknown>): string | null => (typeof by === 'string' ? by : null);

/** Removes the ids, which either say nothing to a reader or are not theirs to know. */
function saidIn(fields: Record<string, unknown>): Record<string, unknown> {
  const {
    caseId: _case,
    studyId: _study,
    by: _by,
    accountId: _account,
    studies: _studies,
    reviewId: _review,
    readerId: _reader,
    ...said
  } = fields;
  return said;
}

/** The fields that identify nobody. Unlisted fields, including ones added later, are left out. */
const IMPERSONAL = new Set([
  'status',
  'priority',
  'dueOn',
  'changed',
  'revision',
  'stage',
  'because',
  'held',
]);
const withoutPeople = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => IMPERSONAL.has(name)));
