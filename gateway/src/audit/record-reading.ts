/**
 * Reading is an event: who read images, reports, receipts or exports of which study, or the audit trail. One event for
 * an account or an API key of it, a study and a quarter of an hour, with counts: a radiologist who pages through a
 * study is one row, not a thousand. Each reading is counted in a table, before it is answered; the clock writes the
 * event when the quarter of an hour is over.
 */
import { sql } from 'kysely';
import type { Db, Trx } from '../database/database.ts';
import { recordAudits, type AuditEvent } from './audit.ts';

export const READINGS = ['images', 'reports', 'receipts', 'exports', 'trail'] as const;
export type Reading = (typeof READINGS)[number];

/** `key`: the API key by which the account reads. */
export type Reader = {
  readonly id: string;
  readonly siteId: string;
  readonly key?: { readonly id: string };
};
type Tools = { readonly db: Db; readonly now: () => Date };

const PERIOD_MS = 15 * 60_000;
/** Events in one transaction: other events wait for it. */
const AT_ONCE = 100;

/** The number of the quarter of an hour. */
export const periodOf = (now: Date): number => Math.floor(now.getTime() / PERIOD_MS);

/** Before the answer is sent. `studyInstanceUID` null: the image came as a file and belongs to no study. */
export async function recordReading(
  { db, now }: Tools,
  reader: Reader,
  studyInstanceUID: string | null,
  kind: Reading,
): Promise<void> {
  await db
    .insertInto('reading')
    .values({
      site_id: reader.siteId,
      account_id: reader.id,
      key_id: reader.key?.id ?? '',
      study_instance_uid: studyInstanceUID ?? '',
      period: periodOf(now()),
      kind,
      count: 1,
      since: now(),
    })
    .onConflict((conflict) =>
      conflict
        .columns(['site_id', 'account_id', 'key_id', 'study_instance_uid', 'period', 'kind'])
        .doUpdateSet({ count: sql`reading.count + 1` }),
    )
    .execute();
}

/** Writes the events of every period but the present one, also of one in the future: the clock was set. */
export async function closeReadings({ db, now }: Tools): Promise<void> {
  let closed: number;
  do {
    closed = await db.transaction().execute((trx) => closeSome(trx, now()));
  } while (closed === AT_ONCE);
}

async function closeSome(trx: Trx, now: Date): Promise<number> {
  const over = await trx
    .selectFrom('reading')
    .select(['site_id', 'account_id', 'key_id', 'study_instance_uid', 'period'])
    .distinct()
    .where('period', '<>', periodOf(now))
    .limit(AT_ONCE)
    .execute();
  for (const one of over) {
    const rows = await trx
      .deleteFrom('reading')
      .where('site_id', '=', one.site_id)
      .where('account_id', '=', one.account_id)
      .where('key_id', '=', one.key_id)
      .where('study_instance_uid', '=', one.study_instance_uid)
      .where('period', '=', one.period)
      .returning(['kind', 'count', 'since'])
      .execute();
    // Another gateway has written it.
    if (rows.length === 0) continue;
    await recordAudits(trx, one.site_id, eventsOf(one, rows), now);
  }
  return over.length;
}

type Place = { readonly account_id: string; readonly key_id: string; readonly study_instance_uid: string };
type Counted = { readonly kind: Reading; readonly count: number; readonly since: Date };

/** Readings of a study and readings of the trail are events of their own. */
function eventsOf(of: Place, rows: readonly Counted[]): AuditEvent[] {
  const accountId = of.account_id;
  const countOf = (kind: Reading): number => rows.find((row) => row.kind === kind)?.count ?? 0;
  const from = (some: readonly Counted[]): string =>
    new Date(Math.min(...some.map(({ since }) => since.getTime()))).toISOString();
  const records = rows.filter(({ kind }) => kind !== 'trail');
  const trail = rows.filter(({ kind }) => kind === 'trail');
  const events: AuditEvent[] = [];
  if (records.length > 0)
    events.push({
      event: 'records-read',
      accountId,
      ...(of.key_id !== '' && { keyId: of.key_id }),
      studyInstanceUID: of.study_instance_uid || null,
      from: from(records),
      images: countOf('images'),
      reports: countOf('reports'),
      receipts: countOf('receipts'),
      exports: countOf('exports'),
    });
  if (trail.length > 0)
    events.push({ event: 'audit-read', accountId, from: from(trail), pages: countOf('trail') });
  return events;
}
