/**
 * Studies in the database: finding, locking and moving them on. All are plain functions that take the connection or the
 * transaction first. A caller that changes a study's state holds its row locked (`lockStudy`), so that two events of
 * one study never cross.
 */
import { sql, type RawBuilder, type Selectable } from 'kysely';
import { IN_PACS, nextStudyState, type StudyEvent } from '#shared/protocol/study-state.ts';
import type { Db, Trx } from '../../database/database.ts';
import type { StudyTable } from '../../database/tables.ts';
import { holdDestinations } from '../../database/destinations-lock.ts';
import { WHY_AWAY } from '../../ports/pacs/why-away.ts';
import { insertCopies, type ChosenCopy } from './copy.store.ts';

export type StudyRow = Selectable<StudyTable>;
export type Waiting = NonNullable<StudyRow['waiting_because']>;

export async function findStudy(db: Db, studyId: string): Promise<StudyRow | undefined> {
  return db.selectFrom('study').selectAll().where('id', '=', studyId).executeTakeFirst();
}

/** The study's row, locked until the transaction ends. */
export async function lockStudy(trx: Trx, studyId: string): Promise<StudyRow | undefined> {
  return trx.selectFrom('study').selectAll().where('id', '=', studyId).forUpdate().executeTakeFirst();
}

/**
 * Locks the account until the transaction ends; taken by every transaction that finds or creates an upload's study. Two
 * manifests of one account wait for each other, but not for other accounts, because each upload has its study to
 * itself. Taken before any study is locked. `accountId` null: the gateway itself.
 */
export async function lockAnnouncing(
  trx: Trx,
  { siteId, accountId }: { readonly siteId: string; readonly accountId: string | null },
): Promise<void> {
  const name = `manifest ${siteId} ${accountId ?? 'gateway'}`;
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(trx);
}

type NewStudy = {
  readonly id: string;
  readonly siteId: string;
  /** Null: the gateway itself. */
  readonly accountId: string | null;
  readonly studyInstanceUID: string;
  readonly policy: { readonly name: string; readonly version: number };
  /** Destinations besides the primary one, chosen by a rule; null: each destination's own need decides. */
  readonly chosen: readonly ChosenCopy[] | null;
  readonly now: Date;
};

/**
 * Until the end of the transaction, no other transaction can promise a study of this UID for the first time, so that
 * its destination is decided only once.
 */
export async function lockPlace(trx: Trx, siteId: string, studyInstanceUID: string): Promise<void> {
  const place = `place of ${siteId} ${studyInstanceUID}`;
  await sql`select pg_advisory_xact_lock(hashtextextended(${place}, 0))`.execute(trx);
}

/** Whether the study was promised before. Then it goes to the same destination. */
export async function isPlaced(trx: Trx, siteId: string, studyInstanceUID: string): Promise<boolean> {
  const placed = trx.selectFrom('study').select('id').where('site_id', '=', siteId);
  const row = await placed
    .where('study_instance_uid', '=', studyInstanceUID)
    .where('copy_of', 'is', null)
    .where('destination_id', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Creates the study of one upload, with its copies. It is new, so nothing else can have it locked. A second upload of
 * the same study waits for the first: the destinations may change between the two, and both must go to the same ones.
 */
export async function createStudy(trx: Trx, study: NewStudy): Promise<StudyRow> {
  const { id, siteId, accountId, studyInstanceUID, policy, chosen, now } = study;
  await lockPlace(trx, siteId, studyInstanceUID);
  await holdDestinations(trx, siteId);
  const made = await trx
    .insertInto('study')
    .values({
      id,
      site_id: siteId,
      account_id: accountId,
      study_instance_uid: studyInstanceUID,
      destination_id: destinationFor(siteId, studyInstanceUID),
      state: 'receiving',
      revision: 1,
      policy_name: policy.name,
      policy_version: policy.version,
      wrapped_key: null,
      waiting_because: null,
      waiting_since: null,
      updated_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await insertCopies(trx, made, { chosen, now });
  return made;
}

/**
 * Fixed when the study is first promised: the destination that is primary then. Later uploads of the study get the same
 * one, because a PACS answers for what it was given. Null: there was none.
 */
const destinationFor = (siteId: string, studyInstanceUID: string): RawBuilder<string | null> =>
  sql`coalesce(
    (select s.destination_id from study s where s.site_id = ${siteId} and s.study_instance_uid = ${studyInstanceUID}
      and s.destination_id is not null and s.copy_of is null order by s.created_at, s.id limit 1),
    (select d.id from destination d where d.site_id = ${siteId} and d.is_primary))`;

/**
 * Finds and locks the study that results of an instance join: that of the first upload that brought the instance and
 * has it in the PACS. `source` null: of the first upload that has anything of the study there. Undefined: the study was
 * not sent through this gateway.
 */
export async function lockStudyOfResults(
  trx: Trx,
  siteId: string,
  { studyInstanceUID, source }: { readonly studyInstanceUID: string; readonly source: string | null },
): Promise<StudyRow | undefined> {
  return trx
    .selectFrom('study')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('study_instance_uid', '=', studyInstanceUID)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('instance')
          .select('instance.id')
          .whereRef('instance.study_id', '=', 'study.id')
          .where('instance.brought', '=', true)
          .where('instance.state', 'in', [...IN_PACS])
          .where(sql<boolean>`(${source}::text is null or instance.sop_instance_uid = ${source}::text)`),
      ),
    )
    .orderBy('created_at')
    .orderBy('id')
    .limit(1)
    .forUpdate()
    .executeTakeFirst();
}

/** Reasons for waiting that hold only in the study's present state. */
const OF_ITS_STATE: readonly Waiting[] = [
  'behind-another',
  'pacs-fails-on-some',
  'pacs-refuses-size',
  'required-destination',
];

/**
 * Moves a locked study on. Null: the event has no meaning in its present state, and nothing was changed. A study that
 * goes back to `receiving` after its receipt gets the next revision, because a receipt is never changed: a new one is
 * issued.
 */
export async function applyStudyEvent(
  trx: Trx,
  study: StudyRow,
  event: StudyEvent,
  now: Date,
): Promise<StudyRow | null> {
  const state = nextStudyState(study.state, event);
  if (state === null) return null;
  const again = state === 'receiving' && (await hasReceipt(trx, study));
  const revision = again ? study.revision + 1 : study.revision;
  await trx
    .updateTable('study')
    .set({ state, revision, updated_at: now })
    .where('id', '=', study.id)
    .execute();
  // A study that moves on no longer waits for what kept some of its instances back in the previous state.
  const { waiting_because } = study;
  if (waiting_because === null || !OF_ITS_STATE.includes(waiting_because))
    return { ...study, state, revision, updated_at: now };
  await clearWaiting(trx, study.id, waiting_because);
  return { ...study, state, revision, updated_at: now, waiting_because: null, waiting_since: null };
}

async function hasReceipt(trx: Trx, study: StudyRow): Promise<boolean> {
  const row = await trx
    .selectFrom('receipt')
    .select('id')
    .where('study_id', '=', study.id)
    .where('revision', '=', study.revision)
    .executeTakeFirst();
  return row !== undefined;
}

export async function setPolicy(
  trx: Trx,
  studyId: string,
  policy: { name: string; version: number },
): Promise<void> {
  await trx
    .updateTable('study')
    .set({ policy_name: policy.name, policy_version: policy.version })
    .where('id', '=', studyId)
    .execute();
}

/** Null removes the study's key. */
export async function setStudyKey(trx: Trx, studyId: string, wrappedKey: Uint8Array | null): Promise<void> {
  await trx.updateTable('study').set({ wrapped_key: wrappedKey }).where('id', '=', studyId).execute();
}

/**
 * Reasons for waiting for the PACS. A study that changes from one of these to another keeps the time since which it has
 * waited.
 */
export const FOR_THE_PACS: readonly Waiting[] = [...WHY_AWAY, 'pacs-fails-on-some', 'pacs-refuses-size'];

/**
 * Records why a study does not move, and since when. The time stays if the reason is the same, or if the study was
 * already waiting for the PACS. Returns true if the reason is new.
 */
export async function setWaiting(
  db: Db,
  studyId: string,
  because: Waiting | null,
  now: Date,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('study')
    .set({
      waiting_because: because,
      waiting_since:
        because !== null && FOR_THE_PACS.includes(because)
          ? sql<Date>`case when waiting_because in (${sql.join(FOR_THE_PACS)}) then waiting_since else ${now}::timestamptz end`
          : because && now,
    })
    .where('id', '=', studyId)
    .where((where) => where('waiting_because', 'is distinct from', because))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Counts one more failure of a stage that came to no outcome; returns the count. */
export async function countFailures(db: Db, studyId: string): Promise<number> {
  const counted = db
    .updateTable('study')
    .set((column) => ({ failures: column('failures', '+', 1) }))
    .where('id', '=', studyId)
    .returning('failures');
  return (await counted.executeTakeFirst())?.failures ?? 0;
}

export async function forgetFailures(db: Db, studyId: string): Promise<void> {
  await db.updateTable('study').set({ failures: 0 }).where('id', '=', studyId).execute();
  await clearWaiting(db, studyId, 'gateway-failed');
}

/** Removes this reason for waiting; any other one stays. */
export async function clearWaiting(db: Db, studyId: string, because: Waiting): Promise<void> {
  await db
    .updateTable('study')
    .set({ waiting_because: null, waiting_since: null })
    .where('id', '=', studyId)
    .where('waiting_because', '=', because)
    .execute();
}
