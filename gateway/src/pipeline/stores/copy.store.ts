/**
 * A study goes to further destinations as copies of its row. Each copy is a study with its own progress and a row for
 * each instance. State, post, PACS code, proof, losses, offers and waits belong to one destination, and say nothing
 * about another. A copy has no upload, no bytes, no key and no receipt: those belong to its original. It takes over the
 * instances once all of the original is at the gateway.
 */
import { sql, type RawBuilder, type Selectable } from 'kysely';
import type { Coercion } from '#shared/protocol/coercion.ts';
import type { Need } from '#shared/protocol/forms.ts';
import { IN_PACS, type InstanceState, type StudyState } from '#shared/protocol/study-state.ts';
import type { Trx, Db } from '../../database/database.ts';
import type { StudyTable } from '../../database/tables.ts';
import { idList, type InstanceRow } from './instance.store.ts';
import { minutesNow } from './tally.store.ts';

type StudyRow = Selectable<StudyTable>;

/** States in which an instance of an original is verified and not held back. */
const VERIFIED: readonly InstanceState[] = ['received', 'posting', 'posted', ...IN_PACS];
/**
 * States of a copy that has passed its own check: its stored instances were seen at the address that its destination
 * then had (receipt/sign-revision.ts). Before that, any of them may still go back and be posted again.
 */
export const ENDED: readonly StudyState[] = ['receipted', 'held', 'closed'];
/** States in which the bytes of a copy's instance are still needed. */
const WANTED: readonly InstanceState[] = ['promised', 'received', 'posting', 'posted', 'quarantined'];

/**
 * The copy's destination did not take this instance, and a person decides. Where the destination is required, the
 * instance counts only once the original is held for it, because then its sender decides too.
 */
export const isDeadLetter = (row: 'i' | 'instance', copy: 's' | 'study') =>
  sql<boolean>`(${sql.ref(row)}.state in ('quarantined', 'refused') and (${sql.ref(copy)}.need = 'also'
    or (${sql.ref(copy)}.given_up_at is null and exists (select from instance o where ${isHeldFor(row, copy)}))))`;

/** Instance `o` is the original of the copy's instance, and is held although the first destination has it. */
export const isHeldFor = (row: 'i' | 'instance', copy: 's' | 'study') =>
  sql<boolean>`(o.study_id = ${sql.ref(copy)}.copy_of and o.sop_instance_uid = ${sql.ref(row)}.sop_instance_uid
    and o.digest = coalesce(${sql.ref(row)}.coerced_from, ${sql.ref(row)}.digest)
    and o.state = 'quarantined' and o.proof is not null)`;

/** Another required destination, not given up, also lacks the copy's instance. */
export const isLackedElsewhere = (row: 'instance', copy: 'study') =>
  sql<boolean>`exists (select from study s where s.copy_of = ${sql.ref(copy)}.copy_of and s.id <> ${sql.ref(copy)}.id
    and s.need = 'required' and s.given_up_at is null and not exists (select from instance c where c.study_id = s.id
      and c.sop_instance_uid = ${sql.ref(row)}.sop_instance_uid
      and ${promisedDigest} = coalesce(${sql.ref(row)}.coerced_from, ${sql.ref(row)}.digest)
      and c.state in (${sql.join([...IN_PACS, 'left-out'])})))`;

/** The first upload of the study at the site. Later uploads go to the same destination. */
const firstOf = ({ site_id: siteId, study_instance_uid: uid, id }: StudyRow): RawBuilder<string | null> =>
  sql`(select s.id from study s where s.site_id = ${siteId} and s.study_instance_uid = ${uid} and s.id <> ${id}::uuid
    and s.copy_of is null and s.destination_id is not null order by s.created_at, s.id limit 1)`;

/** A further destination that the rules chose. */
export type ChosenCopy = {
  readonly destination: string;
  readonly need: Need;
  /** The values that the destination wants. */
  readonly coerce?: Coercion | undefined;
};

/**
 * A study's copies are fixed when an upload first promises it. `chosen` null (there are no rules): the study goes where
 * its first upload went, and a first upload goes to every destination that has a need of its own.
 */
export async function insertCopies(
  trx: Trx,
  study: StudyRow,
  { chosen, now }: { readonly chosen: readonly ChosenCopy[] | null; readonly now: Date },
): Promise<void> {
  const { id, site_id: siteId, study_instance_uid: uid, destination_id: own } = study;
  await sql`
    insert into study (site_id, account_id, study_instance_uid, state, revision, policy_name, policy_version, destination_id, copy_of, need, coercion, updated_at)
    select ${siteId}::uuid, null, ${uid}, 'receiving', 1, ${study.policy_name}, ${study.policy_version}::int, wanted.id, ${id}::uuid, wanted.need, wanted.coercion, ${now}::timestamptz
    from (${chosen === null ? asBefore(study) : among(siteId, chosen)}) wanted where wanted.id is distinct from ${own}::uuid`.execute(
    trx,
  );
}

const asBefore = (study: StudyRow): RawBuilder<unknown> =>
  sql`select s.destination_id as id, coalesce(d.need, s.need) as need, s.coercion from study s join destination d on d.id = s.destination_id
    where s.copy_of = ${firstOf(study)} and (s.given_up_at is null or d.need is not null)
    union
    select id, need, null from destination where site_id = ${study.site_id} and need is not null and ${firstOf(study)} is null`;

const among = (siteId: string, chosen: readonly ChosenCopy[]): RawBuilder<unknown> =>
  sql`select d.id, c.need, c.coerce as coercion from jsonb_to_recordset(${JSON.stringify(chosen)}::jsonb) as c(destination uuid, need text, coerce jsonb)
    join destination d on d.id = c.destination and d.site_id = ${siteId}`;

export async function copiesOf(db: Db, studyId: string): Promise<readonly StudyRow[]> {
  return db.selectFrom('study').selectAll().where('copy_of', '=', studyId).orderBy('id').execute();
}

/**
 * No copy with this need goes to the destination any more. Each ends with what is stored there (run-copy.ts), and its
 * bytes are deleted. Copies that have ended stay as they are. Returns how many were given up.
 */
export async function giveUpCopies(
  trx: Trx,
  {
    siteId,
    destinationId,
    need,
  }: { readonly siteId: string; readonly destinationId: string; readonly need: Need },
  now: Date,
): Promise<number> {
  const open = await trx
    .selectFrom('study')
    .select('id')
    .where('site_id', '=', siteId)
    .where('destination_id', '=', destinationId)
    .where('copy_of', 'is not', null)
    .where('need', '=', need)
    .where('state', '<>', 'closed')
    .where('given_up_at', 'is', null)
    .orderBy('id')
    .forUpdate()
    .execute();
  const ids = open.map(({ id }) => id);
  await trx
    .updateTable('study')
    .set({ given_up_at: now, updated_at: now })
    .where(sql<boolean>`id = any(${ids}::uuid[])`)
    .execute();
  return ids.length;
}

/** Copies that were given up: those of one destination, or of one study. */
export async function givenUpCopies(
  db: Db,
  of: { readonly siteId: string; readonly destinationId: string } | { readonly studyId: string },
): Promise<readonly StudyRow[]> {
  const all = db.selectFrom('study').selectAll().where('given_up_at', 'is not', null).orderBy('id');
  return 'studyId' in of
    ? all.where('copy_of', '=', of.studyId).execute()
    : all.where('site_id', '=', of.siteId).where('destination_id', '=', of.destinationId).execute();
}

/** A copy that was given up is sent again. */
export async function resumeCopy(trx: Trx, copyId: string, need: Need): Promise<void> {
  await trx.updateTable('study').set({ given_up_at: null, need }).where('id', '=', copyId).execute();
}

/** Sets the values that the copy's destination wants in instances it is still to get; null: none. */
export async function setCoercion(trx: Trx, copyId: string, coercion: Coercion | null): Promise<void> {
  const stored = coercion === null ? null : JSON.stringify(coercion);
  await trx.updateTable('study').set({ coercion: stored }).where('id', '=', copyId).execute();
}

/**
 * Deletes the study's copies with their instances. They are locked first, so this waits for a copy that is just taking
 * instances over.
 */
export async function deleteCopies(trx: Trx, studyId: string): Promise<void> {
  const copies = await trx
    .selectFrom('study')
    .select('id')
    .where('copy_of', '=', studyId)
    .orderBy('id')
    .forUpdate()
    .execute();
  if (copies.length === 0) return;
  const ids = copies.map(({ id }) => id);
  await trx.deleteFrom('instance').where('study_id', 'in', ids).execute();
  await trx.deleteFrom('study').where('id', 'in', ids).execute();
}

/** The promised digest of a copy's instance `c`. The digest differs where its destination wants other values. */
const promisedDigest = sql<string>`coalesce(c.coerced_from, c.digest)`;
/** Instance `o` of the original has the same UID and promised digest as instance `c` of the copy. */
const isSame = sql<boolean>`o.sop_instance_uid = c.sop_instance_uid and o.digest = ${promisedDigest}`;
const inStates = (alias: string, states: readonly InstanceState[]): RawBuilder<boolean> =>
  sql`${sql.ref(`${alias}.state`)} in (${sql.join([...states])})`;

/**
 * True of an instance `o` that the copy does not have yet. An instance without bytes was in the PACS before this
 * upload. A required destination is searched for it; for other destinations nothing is done, because whoever brought it
 * has sent it there.
 */
const isNew = (copy: StudyRow): RawBuilder<boolean> => sql`
  o.study_id = ${copy.copy_of}::uuid and ${inStates('o', VERIFIED)} and (o.parcel_id is not null or ${copy.need} = 'required')
  and not exists (select from instance c where c.study_id = ${copy.id}::uuid and ${isSame})`;
/** True of an instance `c` of the copy whose bytes are at the gateway again, as `o`. */
const isBack = (copy: StudyRow): RawBuilder<boolean> => sql`
  c.study_id = ${copy.id}::uuid and c.state = 'promised' and o.study_id = ${copy.copy_of}::uuid
  and ${isSame} and o.parcel_id is not null and ${inStates('o', VERIFIED)}`;
/**
 * True of an instance `c` that the copy awaits again, and that its original has in its PACS but no longer at the
 * gateway: it was lost while the original was on its way. It is looked for once more; if it is missing then, the device
 * is asked for it.
 */
const isElsewhere = (copy: StudyRow): RawBuilder<boolean> => sql`
  c.study_id = ${copy.id}::uuid and c.state = 'promised' and ${copy.need} = 'required' and o.study_id = ${copy.copy_of}::uuid
  and ${isSame} and o.parcel_id is null and ${inStates('o', IN_PACS)}`;
/** True of an instance `c` that the copy awaits again and its original no longer awaits: it will not come. */
const isGone = (copy: StudyRow): RawBuilder<boolean> => sql`
  c.study_id = ${copy.id}::uuid and c.state = 'promised'
  and not exists (select from study s where s.id = ${copy.copy_of}::uuid and s.state = 'receiving')
  and not exists (select from instance o where o.study_id = ${copy.copy_of}::uuid and ${isSame} and ${inStates('o', VERIFIED)})`;

/**
 * Instances that the original's PACS has, the gateway no longer has, and the copy is still to get: the copy awaits them
 * again, or found that its destination lacks them.
 */
export async function withoutBytes(db: Db, copy: StudyRow): Promise<readonly InstanceRow[]> {
  return db
    .selectFrom('instance as o')
    .innerJoin('instance as c', (join) => join.on(isSame))
    .selectAll('o')
    .where('o.study_id', '=', copy.copy_of)
    .where('c.study_id', '=', copy.id)
    .where('c.state', 'in', ['promised', 'received'])
    .where('c.parcel_id', 'is', null)
    .where('o.parcel_id', 'is', null)
    .where(inStates('o', IN_PACS))
    .orderBy('o.id')
    .execute();
}

/** Whether a receipt of the study was signed. If so, its devices may have deleted their files. */
export async function hasReceipts(db: Db, studyId: string): Promise<boolean> {
  const query = db.selectFrom('receipt').select('id').where('study_id', '=', studyId).limit(1);
  return (await query.executeTakeFirst()) !== undefined;
}

/** False while the original still awaits instances, and after the copy's destination was given up. */
export async function hasNews(db: Db, copy: StudyRow): Promise<boolean> {
  if (copy.given_up_at !== null) return false;
  const { rows } = await sql<{ has: boolean }>`
    select (exists (select from instance o where ${isNew(copy)}) or exists (select from instance o, instance c where ${isBack(copy)} or ${isElsewhere(copy)})
        or exists (select from instance c where ${isGone(copy)}))
      and not exists (select from study where id = ${copy.copy_of}::uuid and state = 'receiving') as has`.execute(
    db,
  );
  return rows[0]?.has ?? false;
}

/** Minutes further back than any time that a PACS may take to show an instance. */
const LONG_AGO = 1_000_000;

/**
 * The minute at which the copy's destination was last given instance `uid`, by any upload. Until the PACS had time to
 * show it, a search that does not name it proves nothing. An instance that was never given to it is lacking as soon as
 * a search does not find it.
 */
const lastGivenAt = (copy: StudyRow, uid: 'o' | 'c'): RawBuilder<number> => sql`coalesce((
  select max(greatest(nullif(g.offered_minute, 0), case when g.state = 'posting' then ${minutesNow()} when g.posted_at is not null then g.since_minute end))
  from study s join instance g on g.study_id = s.id and g.sop_instance_uid = ${sql.ref(`${uid}.sop_instance_uid`)}
  where s.site_id = ${copy.site_id}::uuid and s.study_instance_uid = ${copy.study_instance_uid} and s.destination_id = ${copy.destination_id}::uuid
  ), ${minutesNow()} - ${LONG_AGO}::int)`;

/** The copy takes over the instances that it lacks. Other bytes that it has under the same UID are not replaced. */
export async function takeNews(trx: Db, copy: StudyRow, now: Date): Promise<void> {
  await sql`
    update instance c set state = 'received', digest = o.digest, bytes = o.bytes, coerced_from = null, parcel_id = o.parcel_id, body_offset = o.body_offset, restored = o.restored,
      updated_at = ${now}::timestamptz, since_minute = ${minutesNow()}
    from instance o where ${isBack(copy)}`.execute(trx);
  await sql`
    update instance c set state = 'posted', parcel_id = null, body_offset = null, restored = null, posted_at = ${now}::timestamptz,
      sent_digests = c.sop_instance_uid || ' ' || c.digest || ' -', updated_at = ${now}::timestamptz, since_minute = ${lastGivenAt(copy, 'c')}
    from instance o where ${isElsewhere(copy)}`.execute(trx);
  await sql`
    update instance c set state = 'refused', reason = 'never-arrived', updated_at = ${now}::timestamptz, since_minute = ${minutesNow()}
    where ${isGone(copy)}`.execute(trx);
  await sql`
    insert into instance (site_id, study_id, sop_instance_uid, sop_class_uid, series_instance_uid, transfer_syntax_uid, digest,
      original_digest, original_key, report_digest, policy_name, policy_version, bytes, state, reason, parcel_id, body_offset, restored,
      coerced_from, sent_digests, posted_at, revision, updated_at, since_minute)
    select o.site_id, ${copy.id}::uuid, o.sop_instance_uid, o.sop_class_uid, o.series_instance_uid, o.transfer_syntax_uid, coalesce(there.digest, o.digest),
      o.original_digest, o.original_key, o.report_digest, o.policy_name, o.policy_version, coalesce(there.bytes, o.bytes),
      case when taken.is_so then 'quarantined' when o.parcel_id is null then 'posted' else 'received' end,
      case when taken.is_so then 'conflicting-instance' end, o.parcel_id, o.body_offset, o.restored,
      there.coerced_from, case when o.parcel_id is null then o.sop_instance_uid || ' ' || coalesce(there.digest, o.digest) || ' -' end,
      case when o.parcel_id is null then ${now}::timestamptz end, ${copy.revision}::int, ${now}::timestamptz,
      case when o.parcel_id is null then ${lastGivenAt(copy, 'o')} else ${minutesNow()} end
    from instance o cross join lateral (
      select exists (select from instance c where c.study_id = ${copy.id}::uuid and c.sop_instance_uid = o.sop_instance_uid
        and c.state not in ('refused', 'quarantined', 'left-out')) as is_so
    ) taken left join lateral (
      select k.digest, k.bytes, k.coerced_from from instance k join study s on s.id = k.study_id
      where o.parcel_id is null and k.site_id = o.site_id and k.sop_instance_uid = o.sop_instance_uid and k.coerced_from = o.digest
        and s.destination_id = ${copy.destination_id}::uuid and ${inStates('k', IN_PACS)} order by k.id desc limit 1
    ) there on true
    where ${isNew(copy)} order by o.id`.execute(trx);
}

/** A copy's instance with the values that its destination wants, or as it was promised. */
export type CoercedInstance = {
  readonly id: number;
  readonly digest: string;
  readonly bytes: number;
  /** The blob that holds it, where that is not the parcel's own blob. */
  readonly restored: string | null;
  readonly offset: number;
};

/** Notes the promised digest of each instance, also of unchanged ones. */
export async function takeCoerced(
  trx: Db,
  { id: copyId }: StudyRow,
  instances: readonly CoercedInstance[],
  now: Date,
): Promise<void> {
  if (instances.length === 0) return;
  await sql`
    update instance c set coerced_from = c.digest, digest = x.digest, bytes = x.bytes, restored = x.restored,
      body_offset = x.offset_there, updated_at = ${now}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(instances.map(({ offset, ...one }) => ({ ...one, offset_there: offset })))}::jsonb)
      as x(id bigint, digest text, bytes bigint, restored text, offset_there bigint)
    where c.id = x.id and c.study_id = ${copyId}::uuid and c.state = 'received' and c.coerced_from is null`.execute(
    trx,
  );
}

/**
 * When this study first went to the copy's destination. Coercion uses this time, so that the same instance always gets
 * the same bytes.
 */
export async function firstCopiedAt(db: Db, copy: StudyRow): Promise<Date> {
  const { first } = await db
    .selectFrom('study')
    .select((of) => of.fn.min('created_at').as('first'))
    .where('site_id', '=', copy.site_id)
    .where('study_instance_uid', '=', copy.study_instance_uid)
    .where('destination_id', '=', copy.destination_id)
    .where('copy_of', 'is not', null)
    .executeTakeFirstOrThrow();
  return new Date(first);
}

/**
 * The ids of the study's parcels from which copies still have instances to hand over. A copy that has not ended needs
 * all of them.
 */
export async function parcelsForCopies(db: Db, studyId: string): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ id: string }>`
    select distinct o.parcel_id as id from study s join instance o on o.study_id = s.copy_of
      left join instance c on c.study_id = s.id and ${isSame}
    where s.copy_of = ${studyId}::uuid and o.parcel_id is not null and
      (s.state not in (${sql.join([...ENDED])}) or s.given_up_at is null and
      case when c.id is null then ${inStates('o', VERIFIED)} else ${inStates('c', WANTED)} or (c.state = 'refused' and s.need = 'also') end)`.execute(
    db,
  );
  return new Set(rows.map(({ id }) => id));
}

/**
 * `at`: the id of the one destination that the decision is about; only its copy changes. Undefined: every copy of the
 * study.
 */
type Decided = { readonly now: Date; readonly at?: string | undefined };
const isAt = (at: string | undefined): RawBuilder<boolean> =>
  at === undefined ? sql`true` : sql`s.destination_id = ${at}::uuid`;

/** The original's instances come once more, so those that its copies could not deliver are tried again. */
export async function expectInCopies(trx: Trx, ids: readonly number[], { now, at }: Decided): Promise<void> {
  if (ids.length === 0) return;
  await sql`
    update instance c set state = 'promised', reason = null, pacs_code = null, proof = null, posted_at = null,
      parcel_id = null, body_offset = null, restored = null, offers = 0, offers_amid = 0, losses = 0, damages = 0,
      updated_at = ${now}::timestamptz, since_minute = ${minutesNow()}
    from instance o, study s
    where o.id in ${idList(ids)} and s.copy_of = o.study_id and c.study_id = s.id and ${isSame} and s.given_up_at is null
      and ${isAt(at)} and c.state in ('quarantined', 'refused', 'left-out')
      and not exists (select from instance t where t.study_id = c.study_id and t.sop_instance_uid = c.sop_instance_uid
        and t.id <> c.id and t.state not in ('refused', 'quarantined', 'left-out'))`.execute(trx);
}

/** A person left these instances out. Copies no longer send those that their PACS cannot have yet. */
export async function leaveOutInCopies(
  trx: Trx,
  ids: readonly number[],
  { now, at }: Decided,
): Promise<void> {
  if (ids.length === 0) return;
  await sql`
    update instance c set state = 'left-out', reason = 'left-out', updated_at = ${now}::timestamptz, since_minute = ${minutesNow()}
    from instance o, study s
    where o.id in ${idList(ids)} and s.copy_of = o.study_id and c.study_id = s.id and ${isSame}
      and ${isAt(at)} and (c.state in ('promised', 'quarantined', 'refused') or (c.state = 'received' and c.posted_at is null))`.execute(
    trx,
  );
}
