/**
 * Records reading as an event: who read images, reports, receipts or exports of which study, which study a search
 * listed, and who read the audit trail. There is one event, with counts, for each account (or API key of it), study
 * and quarter of an hour, so a radiologist who pages through a study makes one row, not a thousand. Each reading is
 * counted in a table before it is answered. When the quarter of an hour is over, a scheduled task writes the event
 * with the time of the first reading.
 */
import { sql } from 'kysely';
import type { ReadingTable } from '../database/audit-tables.ts';
import type { Db, Trx } from '../database/database.ts';
import { recordAudit, type AuditEvent } from './audit.ts';

/**
 * `searches`: a search showed that the study exists, with only numbers and dates; `named-searches`: it also showed a
 * patient's name or ID as the PACS has them. `headers`, `named-headers`: an image's header showed the same, without a
 * search. `viewer`: the study was opened in the built-in viewer, which searches in it on its own. `site-viewer`: the
 * address of one of the site's viewers was given; only that viewer knows what it showed.
 */
type Reading = ReadingTable['kind'];

/** `key`: the API key with which the account reads. */
export type Reader = {
  readonly id: string;
  readonly siteId: string;
  readonly key?: { readonly id: string };
};
type Tools = { readonly db: Db; readonly now: () => Date };

const PERIOD_MS = 15 * 60_000;
/** The number of events in one transaction, for which all other events wait. */
const AT_ONCE = 100;

/** The number of the quarter of an hour, counted from the epoch. */
export const periodOf = (now: Date): number => Math.floor(now.getTime() / PERIOD_MS);

/** `subject`: the UID of an instance or the id of a result, which counts once however often it is read. */
type ReadingOf = { readonly kind: Reading; readonly subject: string };

/** Call it before the answer is sent. `studyInstanceUID` null: the image came as a file and belongs to no study. */
export async function recordReading(
  { db, now }: Tools,
  reader: Reader,
  studyInstanceUID: string | null,
  read: Reading | ReadingOf,
): Promise<void> {
  const at = now();
  const { kind, subject } = typeof read === 'string' ? { kind: read, subject: '' } : read;
  await db
    .insertInto('reading')
    .values({
      site_id: reader.siteId,
      account_id: reader.id,
      key_id: reader.key?.id ?? '',
      study_instance_uid: studyInstanceUID ?? '',
      period: periodOf(at),
      kind,
      subject,
      count: 1,
      since: at,
      until: at,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['site_id', 'account_id', 'key_id', 'study_instance_uid', 'period', 'kind', 'subject'])
        .doUpdateSet({ count: sql`reading.count + 1`, until: at }),
    )
    .execute();
}

/**
 * Writes the events of every period except the current one. A period may be in the future if the clock was set back.
 */
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
      .returning(['kind', 'subject', 'count', 'since', 'until'])
      .execute();
    // Another gateway has written the event.
    if (rows.length === 0) continue;
    // If the clock was ahead, the time of the reading would keep the event at the top of the trail.
    for (const { event, from } of eventsOf(one, rows))
      await recordAudit(trx, one.site_id, event, from > now ? now : from);
  }
  return over.length;
}

type Place = { readonly account_id: string; readonly key_id: string; readonly study_instance_uid: string };
type Counted = {
  readonly kind: Reading;
  readonly subject: string;
  readonly count: number;
  readonly since: Date;
  readonly until: Date;
};
type Dated = { readonly event: AuditEvent; readonly from: Date };

/** The kinds of reading that the event `records-read` counts. */
const RECORDS: readonly Reading[] = [
  'images',
  'reports',
  'receipts',
  'exports',
  'viewer',
  'site-viewer',
  'headers',
  'named-headers',
];

/** Makes separate events for readings of a study, searches that found it, and readings of the trail. */
function eventsOf(of: Place, rows: readonly Counted[]): Dated[] {
  const who = { accountId: of.account_id, ...(of.key_id !== '' && { keyId: of.key_id }) };
  const studyInstanceUID = of.study_instance_uid || null;
  const things = (kind: Reading): number => thingsIn(rows.filter((row) => row.kind === kind));
  const times = (kind: Reading): number =>
    rows.reduce((sum, row) => (row.kind === kind ? sum + row.count : sum), 0);
  return [
    ...dated(rows, RECORDS, (span) => ({
      ...{ event: 'records-read', ...who, studyInstanceUID, ...span },
      ...{ images: things('images'), reports: things('reports') },
      ...{ receipts: things('receipts'), exports: things('exports') },
      ...(times('viewer') > 0 && { viewer: true }),
      ...(times('site-viewer') > 0 && { siteViewer: true }),
      ...(times('named-headers') > 0 && { named: true }),
    })),
    ...dated(rows, ['searches', 'named-searches'], (span) => ({
      ...{ event: 'study-found', ...who, studyInstanceUID, ...span },
      searches: times('searches') + times('named-searches'),
      named: times('named-searches') > 0,
    })),
    ...dated(rows, ['trail'], (span) => ({
      ...{ event: 'audit-read', accountId: of.account_id, ...span, pages: times('trail') },
    })),
  ];
}

/** Counts the named subjects that were read. If none is named, reading the whole study counts as one. */
function thingsIn(rows: readonly Counted[]): number {
  const named = rows.filter(({ subject }) => subject !== '').length;
  return named === 0 ? Math.min(1, rows.length) : named;
}

type Span = { readonly from: string; readonly until: string };

/** Makes one event of the rows of these kinds, or none. */
function dated(
  rows: readonly Counted[],
  kinds: readonly Reading[],
  toEvent: (span: Span) => AuditEvent,
): Dated[] {
  const some = rows.filter(({ kind }) => kinds.includes(kind));
  if (some.length === 0) return [];
  const from = new Date(Math.min(...some.map(({ since }) => since.getTime())));
  const until = new Date(Math.max(...some.map((row) => row.until.getTime())));
  return [{ from, event: toEvent({ from: from.toISOString(), until: until.toISOString() }) }];
}

/** Whether there are readings of studies that are not in the trail yet. */
export async function areReadingsPending(db: Db, siteId: string): Promise<boolean> {
  const one = await db
    .selectFrom('reading')
    .select('kind')
    .where('site_id', '=', siteId)
    .where('kind', '<>', 'trail')
    .limit(1)
    .executeTakeFirst();
  return one !== undefined;
}
