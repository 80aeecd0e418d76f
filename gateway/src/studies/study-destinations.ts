/** The destinations of a study: each with what it has, as the uploads that the caller is shown have it. */
import { sql, type RawBuilder } from 'kysely';
import type { StudyDestination } from '#shared/protocol/studies.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import type { Db } from '../database/database.ts';
import { uploadsOf, type WhoseStudy } from './study-timeline.ts';

/** First the one that serves viewers, then those that must have it, each group by name. Null: no such study. */
export async function destinationsOfStudy(
  db: Db,
  whose: WhoseStudy,
): Promise<readonly StudyDestination[] | null> {
  const uploads = await uploadsOf(db, whose);
  if (uploads.length === 0) return null;
  const rows = await selectPlaces(
    db,
    uploads.map(({ study_id }) => study_id),
  );
  const places = Map.groupBy(rows, ({ destination_id, need }) => `${destination_id} ${need}`);
  return [...places.values()]
    .map(joinUploads)
    .sort((a, b) => ORDER.indexOf(a.need) - ORDER.indexOf(b.need) || compare(a.name, b.name));
}

const ORDER: readonly StudyDestination['need'][] = ['first', 'required', 'also'];
const compare = (a: string | null, b: string | null): number => (a ?? '').localeCompare(b ?? '', 'en');

/** Of one destination: a study that came in several uploads goes there as often. */
function joinUploads(rows: readonly PlaceRow[]): StudyDestination {
  const sum = (of: 'of' | 'inPacs' | 'failed' | 'leftOut'): number =>
    rows.reduce((total, row) => total + row[of], 0);
  const [first] = rows as readonly [PlaceRow, ...PlaceRow[]];
  return {
    name: first.name,
    need: first.need,
    of: sum('of'),
    inPacs: sum('inPacs'),
    failed: sum('failed'),
    leftOut: sum('leftOut'),
    waiting: rows.find(({ waiting }) => waiting !== null)?.waiting ?? null,
    givenUp: rows.every(({ givenUp }) => givenUp),
  };
}

type PlaceRow = StudyDestination & { readonly destination_id: string | null };

/** Of each study its own destination, and those of its copies. */
function selectPlaces(db: Db, studyIds: readonly string[]): Promise<PlaceRow[]> {
  return db
    .selectFrom('study')
    .leftJoin('destination', 'destination.id', 'study.destination_id')
    .select(['study.destination_id', 'destination.name', 'study.waiting_because as waiting'])
    .select([
      sql<StudyDestination['need']>`case when study.copy_of is null then 'first' else study.need end`.as(
        'need',
      ),
      // A copy has instances of its own once all of the original is at the gateway.
      sql<number>`(select count(distinct i.sop_instance_uid)::int from instance i where i.study_id = coalesce(study.copy_of, study.id))`.as(
        'of',
      ),
      count(isThere).as('inPacs'),
      count(sql`i.state in ('refused', 'quarantined') and not ${isThere} and not ${isThereOtherwise}`).as(
        'failed',
      ),
      count(sql`i.state = 'left-out' and not ${isThere} and not ${isThereOtherwise}`).as('leftOut'),
      sql<boolean>`study.given_up_at is not null`.as('givenUp'),
    ])
    .where(
      sql<boolean>`(study.id = any(${[...studyIds]}::uuid[]) or study.copy_of = any(${[...studyIds]}::uuid[]))`,
    )
    .orderBy('study.id')
    .execute();
}

/**
 * Of an instance `i`: its destination has it. One that a further destination did not take is held, or left out,
 * although the first one has it: there it keeps its proof.
 */
const isThere = sql<boolean>`(i.state in (${sql.join([...IN_PACS])}) or
  (study.copy_of is null and i.proof is not null and i.state in ('refused', 'quarantined', 'left-out')))`;
/** Another content under its UID is there, which is the same instance to people. */
const isThereOtherwise = sql<boolean>`exists (select from instance other where other.study_id = i.study_id
  and other.sop_instance_uid = i.sop_instance_uid and other.state in (${sql.join([...IN_PACS])}))`;
/** Each UID once. */
const count = (which: RawBuilder<unknown>) =>
  sql<number>`(select count(distinct i.sop_instance_uid)::int from instance i where i.study_id = study.id and ${which})`;
