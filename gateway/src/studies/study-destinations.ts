/** The destinations of a study and what each of them has, counted over the uploads that the caller may see. */
import { sql, type RawBuilder } from 'kysely';
import type { StudyDestination } from '#shared/protocol/studies.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import type { Db } from '../database/database.ts';
import { uploadsOf, type WhoseStudy } from './study-timeline.ts';

/**
 * The destination that serves viewers comes first, then those that must have the study, each group sorted by name. A
 * study that came in several uploads goes to a destination several times, but each instance counts once. Null: no such
 * study.
 */
export async function destinationsOfStudy(
  db: Db,
  whose: WhoseStudy,
): Promise<readonly StudyDestination[] | null> {
  const uploads = await uploadsOf(db, whose);
  if (uploads.length === 0) return null;
  const ids = uploads.map(({ study_id }) => study_id);
  const rows = await selectPlaces(db, ids);
  const counts = new Map((await countInstances(db, ids)).map((row) => [row.destination_id, row]));
  const places = Map.groupBy(rows, ({ destination_id }) => destination_id);
  return [...places]
    .map(([id, ofOne]) => joinUploads(ofOne, counts.get(id) ?? NOTHING))
    .sort((a, b) => ORDER.indexOf(a.need) - ORDER.indexOf(b.need) || compare(a.name, b.name));
}

const ORDER: readonly StudyDestination['need'][] = ['first', 'required', 'also'];
const compare = (a: string | null, b: string | null): number => (a ?? '').localeCompare(b ?? '', 'en');

type Counts = Pick<StudyDestination, 'of' | 'inPacs' | 'failed' | 'leftOut'>;
const NOTHING: Counts = { of: 0, inPacs: 0, failed: 0, leftOut: 0 };

/** Joins the rows of one destination, one for each upload. `need`: the strongest need among them. */
function joinUploads(rows: readonly PlaceRow[], { of, inPacs, failed, leftOut }: Counts): StudyDestination {
  const needs = new Set(rows.map(({ need }) => need));
  return {
    name: rows[0]?.name ?? null,
    need: ORDER.find((need) => needs.has(need)) ?? 'also',
    ...{ of, inPacs, failed, leftOut },
    waiting: rows.find(({ waiting }) => waiting !== null)?.waiting ?? null,
    givenUp: rows.every(({ givenUp }) => givenUp),
  };
}

type PlaceRow = Pick<StudyDestination, 'name' | 'need' | 'waiting' | 'givenUp'> & {
  readonly destination_id: string | null;
};

const isOf = (studyIds: readonly string[]) =>
  sql<boolean>`(study.id = any(${[...studyIds]}::uuid[]) or study.copy_of = any(${[...studyIds]}::uuid[]))`;

/** Selects each study's own destination, and those of its copies. */
function selectPlaces(db: Db, studyIds: readonly string[]): Promise<PlaceRow[]> {
  return db
    .selectFrom('study')
    .leftJoin('destination', 'destination.id', 'study.destination_id')
    .select(['study.destination_id', 'destination.name', 'study.waiting_because as waiting'])
    .select(
      sql<StudyDestination['need']>`case when study.copy_of is null then 'first' else study.need end`.as(
        'need',
      ),
    )
    .select(sql<boolean>`study.given_up_at is not null`.as('givenUp'))
    .where(isOf(studyIds))
    .orderBy('study.id')
    .execute();
}

/**
 * Counts each image once for each destination: as stored if the destination has it in any form, else as refused, else
 * as left out. A copy only gets instances of its own once the whole original is at the gateway, so the instances of the
 * original are counted.
 */
function countInstances(db: Db, studyIds: readonly string[]) {
  const each = db
    .selectFrom('study')
    .innerJoin('instance as i', (join) => join.on(sql<boolean>`i.study_id in (study.id, study.copy_of)`))
    .select('study.destination_id')
    .select([anyOwn(isThere).as('is_there'), anyOwn(sql`i.state = 'left-out'`).as('is_left')])
    .select(anyOwn(sql`i.state in ('refused', 'quarantined')`).as('is_dead'))
    .where(isOf(studyIds))
    .groupBy(['study.destination_id', 'i.sop_instance_uid', otherImage]);
  return db
    .selectFrom(each.as('one'))
    .select('one.destination_id')
    .select(sql<number>`count(*)::int`.as('of'))
    .select(sql<number>`(count(*) filter (where is_there))::int`.as('inPacs'))
    .select(sql<number>`(count(*) filter (where is_dead and not is_there))::int`.as('failed'))
    .select(
      sql<number>`(count(*) filter (where is_left and not is_dead and not is_there))::int`.as('leftOut'),
    )
    .groupBy('one.destination_id')
    .execute();
}

/** The digest of an image that the first destination did not store because another image has its UID. */
const otherImage = sql<string | null>`case when study.copy_of is null and i.reason = 'conflicting-instance'
  and i.state not in (${sql.join(IN_PACS.map((state) => sql.lit(state)))}) then i.digest end`;

/** True where any row at the destination itself fulfils the condition. */
const anyOwn = (which: RawBuilder<unknown>): RawBuilder<boolean> =>
  sql<boolean>`bool_or(i.study_id = study.id and ${which})`;

/**
 * The destination has instance `i`. Where a further destination did not take an instance, the original is held or left
 * out although the first destination has it. There the instance keeps its proof.
 */
const isThere = sql<boolean>`(i.state in (${sql.join([...IN_PACS])}) or
  (study.copy_of is null and i.proof is not null and i.state in ('refused', 'quarantined', 'left-out')))`;
