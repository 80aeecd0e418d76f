/** The events that somebody looks for, compared with a walk over all rows; and how many rows are read for them. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AUDIT_EVENTS, codedEvent, outcomeOf } from '#shared/protocol/audit-events.ts';
import { seededRandom } from '#testing/synthetic-study.ts';
import type { Database } from '../database/database.ts';
import { openTestDatabase } from '../testing/open-database.ts';
import { findEvents, type AuditFilter, type AuditPlace, type AuditRow } from './find-events.ts';

const test = suite('the events that are looked for');
let database: Database;
let siteId = '';
let otherSite = '';
const anna = randomUUID();
const bert = randomUUID();
const CASE = randomUUID();
const DEVICE = randomUUID();
const STUDY = {
  ...{ ids: [randomUUID(), randomUUID()], studyInstanceUID: '1.2.3' },
  ...{ caseIds: [randomUUID()], exportIds: [randomUUID()] },
};
const NAMES = Object.keys(AUDIT_EVENTS);
const START = Date.parse('2026-05-01T00:00:00Z');

test.before(async () => {
  database = await openTestDatabase();
  const { db } = database;
  siteId = (await db.selectFrom('site').select('id').executeTakeFirstOrThrow()).id;
  otherSite = (await db.insertInto('site').values({ name: 'o' }).returning('id').executeTakeFirstOrThrow())
    .id;
});
test.before.each(async () => {
  await database.db.deleteFrom('audit').execute();
});
test.after(() => database.close());

type Made = Pick<AuditRow, 'at' | 'event' | 'fields' | 'site_id'>;

async function insert(made: readonly Made[]): Promise<void> {
  const rows = made.map((row, nth) => ({
    ...{ ...row, seq: nth + 1, fields: JSON.stringify(row.fields) },
    ...{ previous_hash: String(nth), hash: String(nth + 1) },
  }));
  for (let from = 0; from < rows.length; from += 1_000)
    await database.db
      .insertInto('audit')
      .values(rows.slice(from, from + 1_000))
      .execute();
}

/** Rows of two sites; several in one millisecond, and some out of their order, as where a clock was set. */
function randomRows(random: () => number, count: number): Made[] {
  const one = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  return Array.from({ length: count }, () => {
    const fields: Record<string, unknown> = {};
    if (random() < 0.5) fields['by'] = one([anna, bert, null]);
    if (random() < 0.5) fields['accountId'] = one([anna, bert]);
    if (random() < 0.3) Object.assign(fields, { studyId: one([...STUDY.ids, randomUUID()]) });
    if (random() < 0.3) fields['studyInstanceUID'] = one(['1.2.3', '1.2.3.4', null]);
    if (random() < 0.2) fields['caseId'] = one([CASE, ...STUDY.caseIds, randomUUID()]);
    if (random() < 0.1) fields['studies'] = one([[], ['1.2.3.4', '1.2.3'], ['1.2.33']]);
    if (random() < 0.3) fields['refused'] = one([0, 1, 2.5, '3', null, [4]]);
    if (random() < 0.2) fields['deviceId'] = one([DEVICE, randomUUID()]);
    if (random() < 0.1) fields['devices'] = one([[], [randomUUID(), DEVICE]]);
    if (random() < 0.1) fields['exportId'] = one([...STUDY.exportIds, randomUUID()]);
    const at = new Date(START + Math.floor(random() * 40) * 1_000);
    return {
      at,
      event: random() < 0.1 ? 'of-a-later-version' : random() < 0.2 ? 'study-forwarded' : one(NAMES),
      fields,
      site_id: one([siteId, siteId, otherSite]),
    };
  });
}

/** Read slowly from all rows. */
const fits = ({ site_id, at, event, fields }: AuditRow, filter: AuditFilter): boolean => {
  const { from, until, person, kind, outcome, study, caseId, device } = filter;
  const isOfStudy =
    study === undefined ||
    study.ids.includes(String(fields['studyId'])) ||
    study.caseIds.includes(String(fields['caseId'])) ||
    study.exportIds.includes(String(fields['exportId'])) ||
    (Array.isArray(fields['studies']) && fields['studies'].includes(study.studyInstanceUID)) ||
    (!('studyId' in fields) && fields['studyInstanceUID'] === study.studyInstanceUID);
  return (
    site_id === filter.siteId &&
    (from === undefined || at >= from) &&
    (until === undefined || at < until) &&
    (person === undefined || fields['by'] === person || fields['accountId'] === person) &&
    (kind === undefined || codedEvent(event)?.kind === kind) &&
    (outcome === undefined || outcomeOf(event, fields) > 0) &&
    isOfStudy &&
    (caseId === undefined || fields['caseId'] === caseId) &&
    (device === undefined ||
      fields['deviceId'] === device ||
      (Array.isArray(fields['devices']) && fields['devices'].includes(device)))
  );
};

async function readAll(filter: AuditFilter, limit: number): Promise<number[]> {
  const seqs: number[] = [];
  for (let before: AuditPlace | null = null; ; ) {
    const rows: readonly AuditRow[] = await findEvents(database.db, filter, before, limit);
    seqs.push(...rows.map(({ seq }) => seq));
    if (rows.length < limit) return seqs;
    before = rows.at(-1)!;
  }
}

test('are all of them, each once, the newest first, whatever the filters and the length of a page', async () => {
  const random = seededRandom(11);
  await insert(randomRows(random, 400));
  const rows = await database.db.selectFrom('audit').selectAll().execute();
  const maybe = <T>(value: T): T | undefined => (random() < 0.5 ? value : undefined);
  let found = 0;
  for (let round = 0; round < 60; round += 1) {
    const filter: AuditFilter = {
      siteId,
      from: maybe(new Date(START + Math.floor(random() * 20) * 1_000)),
      until: maybe(new Date(START + (20 + Math.floor(random() * 20)) * 1_000)),
      person: maybe(anna),
      kind: maybe((['studies', 'settings', 'sign-ins'] as const)[round % 3]!),
      outcome: random() < 0.3 ? 'failed' : undefined,
      study: random() < 0.2 ? STUDY : undefined,
      caseId: random() < 0.2 ? CASE : undefined,
      device: random() < 0.2 ? DEVICE : undefined,
    };
    const expected = rows
      .filter((row) => fits(row, filter))
      .sort((a, b) => b.at.getTime() - a.at.getTime() || b.seq - a.seq)
      .map(({ seq }) => seq);
    found += expected.length;
    assert.equal(await readAll(filter, 1 + Math.floor(random() * 30)), expected, JSON.stringify(filter));
  }
  assert.ok(found > 1_000, `${found} events in all`);
});

/** The rows that PostgreSQL takes from the table and its indexes for a page. */
async function rowsRead(filter: AuditFilter, before: AuditPlace | null): Promise<number> {
  const { db } = database;
  const read = async (): Promise<number> => {
    await sql`select pg_stat_force_next_flush()`.execute(db);
    const { rows } = await sql<{ count: number }>`
      select (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as count from pg_stat_user_tables
      where relname = 'audit'`.execute(db);
    return rows[0]!.count;
  };
  return db.connection().execute(async (connection) => {
    const earlier = await read();
    await findEvents(connection, filter, before, 50);
    await sql`select pg_stat_force_next_flush()`.execute(connection);
    await sql`select 1`.execute(connection);
    return (await read()) - earlier;
  });
}

test('are found without reading the trail: a page of each event at most, however rare they are', async () => {
  const random = seededRandom(12);
  const many = randomRows(random, 30_000).map((row, nth) => ({
    ...row,
    at: new Date(START + nth * 1_000),
    site_id: siteId,
    fields: { by: bert, accountId: bert },
    event: nth % 2 === 0 ? 'login' : 'parcel-received',
  }));
  many[100] = { ...many[100]!, event: 'user-added', fields: { by: anna, accountId: bert } };
  await insert(many);
  await sql`analyze audit`.execute(database.db);
  const middle = { at: many[15_000]!.at, seq: 15_001 };
  const nobodys = {
    ...{ ids: [randomUUID()], studyInstanceUID: '1.9' },
    ...{ caseIds: [randomUUID()], exportIds: [randomUUID()] },
  };
  const cases: Record<string, AuditFilter> = {
    'no filter': { siteId },
    'a kind that is rare': { siteId, kind: 'accounts' },
    'a kind that is common': { siteId, kind: 'studies' },
    'a person with one event': { siteId, person: anna },
    'a person with all others': { siteId, person: bert },
    'a person and a rare kind': { siteId, person: bert, kind: 'accounts' },
    'failures, of which there are none': { siteId, outcome: 'failed' },
    'a period in the middle': { siteId, until: middle.at },
    'nobody’s study': { siteId, study: nobodys },
    'nobody’s device': { siteId, device: DEVICE },
  };
  for (const [name, filter] of Object.entries(cases))
    for (const before of [null, middle]) {
      const read = await rowsRead(filter, before);
      assert.ok(read <= 1_000, `${name}: ${read} rows of 30 000`);
    }
});

test.run();
