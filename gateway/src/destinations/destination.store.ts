/** Destinations in the database. One of each site's is primary. A destination with promised studies stays. */
import { sql, type RawBuilder, type Selectable } from 'kysely';
import {
  destinationSettingsSchema,
  type DestinationSettings,
  type Tuning,
} from '#shared/protocol/destination.ts';
import { parseDimseAddress, type DimseAddress } from '#shared/protocol/dimse-address.ts';
import type { Need } from '#shared/protocol/forms.ts';
import { viewersSchema, type Viewer } from '#shared/protocol/viewer.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Db, Trx } from '../database/database.ts';
import type { DestinationTable } from '../database/destination-tables.ts';
import type { PlacedStudy } from '../database/tables.ts';
import type { BatchSize } from '../pipeline/pacs/batch-sizes.ts';
import type { StoreRefusal } from '../ports/pacs/pacs.ts';
import { isDeadLetter } from '../pipeline/stores/copy.store.ts';
import { NOT_TAKEN } from '#shared/protocol/reason-kinds.ts';
import { isUndecided } from '../pipeline/stores/instance.store.ts';
import { FOR_THE_PACS } from '../pipeline/stores/study.store.ts';

export type DestinationRow = Omit<Selectable<DestinationTable>, 'settings' | 'viewers'> & {
  readonly settings: DestinationSettings;
  readonly viewers: readonly Viewer[];
};

const toRow = (row: Selectable<DestinationTable>): DestinationRow => ({
  ...row,
  settings: destinationSettingsSchema.parse(row.settings),
  viewers: viewersSchema.parse({ viewers: row.viewers }).viewers,
});

export type StudyCounts = {
  readonly underWay: number;
  /**
   * Open studies that wait for the destination, since when, and the instances and bytes that the destination does not
   * have yet.
   */
  readonly waiting: number;
  readonly waitingSince: Date | null;
  readonly waitingInstances: number;
  readonly waitingBytes: number;
  /** Instances that the destination confirmed but did not list in time, and when the oldest of them was last sent. */
  readonly unlisted: number;
  readonly unlistedAt: Date | null;
  /** Studies that wait for a person to decide. */
  readonly held: number;
  /** Refused instances without a decision, of studies for which this is the first destination. */
  readonly notTaken: number;
  /** Open copies that are not being given up. */
  readonly copies: { readonly also: number; readonly required: number };
  /** Refused instances of studies for which this is a further destination, or that are held because of it. */
  readonly deadLetters: number;
  /** Studies that were given up at the destination before all of their instances were seen there. */
  readonly givenUp: number;
  readonly hasStudies: boolean;
};

const copiesUnderWay = (need: Need): RawBuilder<number> =>
  sql`(select count(*)::int from study s where s.destination_id = destination.id and s.need = ${need}
    and s.state <> 'closed' and s.given_up_at is null)`;

/** Study `s` waits for the destination. */
const waitsForIt = sql<boolean>`s.destination_id = destination.id and s.state not in ('closed', 'held')
  and s.waiting_because in (${sql.join(FOR_THE_PACS)})`;
/** Instance `i` is at the gateway, and is not yet known to be in the PACS. */
const isOutstanding = sql<boolean>`i.state in ('received', 'posting', 'posted')`;
/** Reconcile did not find instance `i` of study `s`, so it is being sent again. */
const isUnlisted = sql<boolean>`s.destination_id = destination.id and s.state not in ('closed', 'held')
  and i.losses > 0 and ${isOutstanding}`;

/** Somebody has to decide about instance `i` of original `s`, and not because of a further destination. */
const isUndecidedHere = sql<boolean>`s.destination_id = destination.id and s.copy_of is null and s.state in ('held', 'closed')
  and ${isUndecided('i')} and i.proof is null`;

/** Destinations, the primary one first, then by name. */
export async function listDestinations(
  db: Db,
  siteId: string,
): Promise<readonly (DestinationRow & StudyCounts)[]> {
  const rows = await db
    .selectFrom('destination')
    .selectAll()
    .select([
      sql<number>`(select count(*)::int from study s where s.destination_id = destination.id and s.state not in ('closed', 'held'))`.as(
        'underWay',
      ),
      sql<number>`(select count(*)::int from study s where ${waitsForIt})`.as('waiting'),
      sql<Date | null>`(select min(s.waiting_since) from study s where ${waitsForIt})`.as('waitingSince'),
      sql<number>`(select count(*)::int from study s join instance i on i.study_id = s.id where ${waitsForIt} and ${isOutstanding})`.as(
        'waitingInstances',
      ),
      sql<number>`(select coalesce(sum(i.bytes), 0)::bigint from study s join instance i on i.study_id = s.id where ${waitsForIt} and ${isOutstanding})`.as(
        'waitingBytes',
      ),
      sql<number>`(select count(*)::int from study s join instance i on i.study_id = s.id where ${isUnlisted})`.as(
        'unlisted',
      ),
      sql<Date | null>`(select min(i.posted_at) from study s join instance i on i.study_id = s.id where ${isUnlisted})`.as(
        'unlistedAt',
      ),
      sql<number>`(select count(*)::int from study s where s.destination_id = destination.id and s.copy_of is not null and s.state = 'held')
        + (select count(distinct s.id)::int from instance i join study s on s.id = i.study_id where ${isUndecidedHere})`.as(
        'held',
      ),
      sql<number>`(select count(*)::int from instance i join study s on s.id = i.study_id where ${isUndecidedHere}
        and i.reason in (${sql.join([...NOT_TAKEN])}))`.as('notTaken'),
      sql<number>`(select count(*)::int from study s join instance i on i.study_id = s.id where s.destination_id = destination.id
        and ${isDeadLetter('i', 's')})`.as('deadLetters'),
      sql<number>`(select count(*)::int from study s where s.destination_id = destination.id and s.given_up_at is not null
        and exists (select from instance i where i.study_id = s.id and i.reason = 'destination-given-up'))`.as(
        'givenUp',
      ),
      copiesUnderWay('also').as('also'),
      copiesUnderWay('required').as('required'),
      sql<boolean>`exists (select from study s where s.destination_id = destination.id)`.as('hasStudies'),
    ])
    .where('site_id', '=', siteId)
    .orderBy('is_primary', 'desc')
    .orderBy('name')
    .execute();
  return rows.map(({ also, required, waitingBytes, ...row }) => ({
    ...row,
    ...toRow(row),
    waitingBytes: Number(waitingBytes),
    copies: { also, required },
  }));
}

/** The destination with this id at the site. @throws Problem not-found. */
export async function findDestination(db: Db, siteId: string, id: string): Promise<DestinationRow> {
  const row = await db
    .selectFrom('destination')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw new Problem('not-found');
  return toRow(row);
}

/** The destination of the study; undefined: the site has no destination. */
export async function destinationOfStudy(db: Db, study: PlacedStudy): Promise<DestinationRow | undefined> {
  const { site_id: siteId, study_instance_uid: studyInstanceUID } = study;
  if (study.destination_id !== null) return findDestination(db, siteId, study.destination_id);
  const row = await db
    .selectFrom('destination')
    .innerJoin('study', 'study.destination_id', 'destination.id')
    .selectAll('destination')
    .where('study.site_id', '=', siteId)
    .where('study.study_instance_uid', '=', studyInstanceUID)
    .where('study.copy_of', 'is', null)
    .orderBy('study.created_at')
    .orderBy('study.id')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? primaryDestination(db, siteId) : toRow(row);
}

export async function primaryDestination(db: Db, siteId: string): Promise<DestinationRow | undefined> {
  const row = await db
    .selectFrom('destination')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('is_primary', '=', true)
    .executeTakeFirst();
  return row && toRow(row);
}

type CommittingDestination = { readonly id: string; readonly address: DimseAddress };

/** DIMSE destinations that are asked for storage commitment. */
export async function committingDestinations(
  db: Db,
  siteId: string,
): Promise<readonly CommittingDestination[]> {
  const rows = await db
    .selectFrom('destination')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('kind', '=', 'dimse')
    .execute();
  return rows.map(toRow).flatMap(({ id, url, settings }) => {
    const address = parseDimseAddress(url);
    return settings.commitment === true && address !== null ? [{ id, address }] : [];
  });
}

type DestinationContent = Pick<DestinationRow, 'id' | 'kind' | 'name' | 'url' | 'settings' | 'sealed'> & {
  readonly now: Date;
};

/** Assigns studies promised while the site had no destination to its first primary one. They stay with it. */
async function placeWaiting(trx: Trx, siteId: string, id: string): Promise<void> {
  await trx
    .updateTable('study')
    .set({ destination_id: id })
    .where('site_id', '=', siteId)
    .where('destination_id', 'is', null)
    .execute();
}

/** Inserts a destination. The first one of a site becomes primary. @throws Problem destination-exists. */
export async function insertDestination(
  trx: Trx,
  siteId: string,
  { id, kind, name, url, settings, sealed, now }: DestinationContent,
  fromEnvironment = false,
): Promise<void> {
  const isFirst = (await primaryDestination(trx, siteId)) === undefined;
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('destination')
    .values({
      id,
      site_id: siteId,
      kind,
      name,
      url,
      settings: JSON.stringify(settings),
      sealed,
      is_primary: isFirst,
      from_environment: fromEnvironment,
      changed_at: now,
    })
    .onConflict((conflict) => conflict.columns(['site_id', 'name']).doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows === 0n) throw new Problem('destination-exists');
  if (isFirst) await placeWaiting(trx, siteId, id);
}

const NO_LIMIT = { refused_bytes: null, refused_at: null, limit_measured: false };
/** What was learned about one PACS does not hold for another. */
const UNTUNED = {
  ...{ lag_minutes: null, proof: null, batch_bytes: null, ...NO_LIMIT },
  ...{ refusal_status: null, refusal_code: null, refusal_since: null },
};

/** @throws Problem destination-exists. */
export async function updateDestination(
  trx: Trx,
  siteId: string,
  { id, kind, name, url, settings, sealed, now }: DestinationContent,
  fromEnvironment = false,
): Promise<void> {
  const namesake = trx.selectFrom('destination').select('id').where('site_id', '=', siteId);
  const taken = await namesake.where('name', '=', name).where('id', '<>', id).executeTakeFirst();
  if (taken !== undefined) throw new Problem('destination-exists');
  const before = await findDestination(trx, siteId, id);
  const isElsewhere = before.url !== url || before.kind !== kind;
  await trx
    .updateTable('destination')
    .set((column) => ({
      kind,
      name,
      url,
      settings: JSON.stringify(settings),
      sealed,
      secret_from: null,
      from_environment: fromEnvironment,
      version: column('version', '+', 1),
      changed_at: now,
      ...(isElsewhere ? UNTUNED : {}),
    }))
    .where('id', '=', id)
    .execute();
}

/** Sets the viewers. This also works for the destination from the environment, which has no setting for viewers. */
export async function setViewers(
  trx: Trx,
  id: string,
  { viewers, now }: { readonly viewers: readonly Viewer[]; readonly now: Date },
): Promise<void> {
  const set = { viewers: JSON.stringify(viewers), changed_at: now };
  await trx.updateTable('destination').set(set).where('id', '=', id).execute();
}

/** Sets the tuning, also of the destination from the environment. The new version opens a new connection. */
export async function setTuning(
  trx: Trx,
  id: string,
  { lagMinutes, proof, batchBytes, now }: Tuning & { readonly now: Date },
): Promise<void> {
  await trx
    .updateTable('destination')
    .set((column) => ({
      ...{ lag_minutes: lagMinutes, proof, batch_bytes: batchBytes, ...NO_LIMIT },
      version: column('version', '+', 1),
      changed_at: now,
    }))
    .where('id', '=', id)
    .execute();
}

/** Stores the batch size that was learned, unless the destination has been changed in the meantime. */
export async function keepBatchSize(
  db: Db,
  { id, version }: Pick<DestinationRow, 'id' | 'version'>,
  { bytes, refusedBytes, refusedAt }: BatchSize,
): Promise<void> {
  await db
    .updateTable('destination')
    .set({ batch_bytes: bytes, refused_bytes: refusedBytes, refused_at: refusedAt })
    // A new `refusedAt` means that a request with instances has been refused, or has passed, since the test.
    .set({
      limit_measured: sql<boolean>`limit_measured and refused_at is not distinct from ${refusedAt}::timestamptz`,
    })
    .where('id', '=', id)
    .where('version', '=', version)
    .execute();
}

/** Stores a limit that *Test* found. The new version opens a connection with requests below it. */
export async function keepMeasuredLimit(
  db: Db,
  { id, version }: Pick<DestinationRow, 'id' | 'version'>,
  {
    bytes,
    refusedBytes,
    now,
  }: { readonly bytes: number | null; readonly refusedBytes: number; readonly now: Date },
): Promise<void> {
  await db
    .updateTable('destination')
    .set((column) => ({
      ...{ refused_bytes: refusedBytes, refused_at: now, limit_measured: true, batch_bytes: bytes },
      version: column('version', '+', 1),
    }))
    .where('id', '=', id)
    .where('version', '=', version)
    .execute();
}

/** Forgets a limit that has been raised since it was learned. The new version opens a connection without it. */
export async function forgetLimit(
  db: Db,
  { id, version }: Pick<DestinationRow, 'id' | 'version'>,
): Promise<void> {
  await db
    .updateTable('destination')
    .set((column) => ({
      ...{ batch_bytes: null, ...NO_LIMIT },
      version: column('version', '+', 1),
    }))
    .where('id', '=', id)
    .where('version', '=', version)
    .execute();
}

/** Stores the last refusal, and since when the destination takes no instances; null: it takes them. */
export async function keepRefusal(
  db: Db,
  { id, version }: Pick<DestinationRow, 'id' | 'version'>,
  { refusal, now }: { readonly refusal: StoreRefusal | null; readonly now: Date },
): Promise<void> {
  const since = sql<Date | null>`coalesce(refusal_since, ${now})`;
  const { status, code } = refusal ?? { status: null, code: null };
  await db
    .updateTable('destination')
    .set({ refusal_status: status, refusal_code: code, refusal_since: refusal === null ? null : since })
    .where('id', '=', id)
    .where('version', '=', version)
    .where((row) =>
      row.or([
        row('refusal_status', 'is distinct from', status),
        row('refusal_code', 'is distinct from', code),
      ]),
    )
    .execute();
}

/** Sets the worklist. This also works for the destination from the environment. */
export async function setWorklist(
  trx: Trx,
  id: string,
  { worklist, now }: { readonly worklist: string | null; readonly now: Date },
): Promise<void> {
  await trx.updateTable('destination').set({ worklist, changed_at: now }).where('id', '=', id).execute();
}

/** Makes the destination primary. Promised studies stay with the one they have. False: it was primary already. */
export async function makePrimary(trx: Trx, siteId: string, id: string): Promise<boolean> {
  const own = trx.updateTable('destination').where('site_id', '=', siteId);
  const before = await own
    .set({ is_primary: false })
    .where('is_primary', '=', true)
    .returning('id')
    .executeTakeFirst();
  await own.set({ is_primary: true }).where('id', '=', id).execute();
  return before?.id !== id;
}

/** Sets the need for studies that are promised from now on. False: it had this need already. */
export async function setNeed(trx: Trx, id: string, need: Need | null): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('destination')
    .set({ need })
    .where('id', '=', id)
    .where('need', 'is distinct from', need)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** @throws Problem destination-in-use: it is primary, or studies were promised to it; destination-in-rule. */
export async function deleteDestination(trx: Trx, { id, is_primary }: DestinationRow): Promise<void> {
  const study = trx.selectFrom('study').select('id').where('destination_id', '=', id).limit(1);
  if (is_primary || (await study.executeTakeFirst()) !== undefined) throw new Problem('destination-in-use');
  const named = JSON.stringify({ to: [{ destination: id }] });
  const rule = trx.selectFrom('rule').select('position').where(sql<boolean>`rule.rule @> ${named}::jsonb`);
  if ((await rule.limit(1).executeTakeFirst()) !== undefined) throw new Problem('destination-in-rule');
  await trx.deleteFrom('destination').where('id', '=', id).execute();
}
