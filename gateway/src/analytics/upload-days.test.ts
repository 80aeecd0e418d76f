/** Figures that are kept by day are those of the rows, whatever happens to an upload and whenever it is asked. */
import * as fc from 'fast-check';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Database } from '../database/database.ts';
import { countDirectly, linesOf } from '../testing/count-uploads-directly.ts';
import { insertTestAccount, insertTestDevice, insertTestUpload, siteOf } from '../testing/insert-figures.ts';
import { openTestDatabase } from '../testing/open-database.ts';
import { askedOf } from './asked.ts';
import { countOperations } from './count-operations.ts';
import { countChangedDaysOfAll } from './kept-days.ts';
import { uploadDays } from './upload-days.ts';

const test = suite('figures of uploads by day');
const NOW = new Date('2026-11-23T12:00:00Z');
const STUDIES = 6;
let database: Database;
let site: string;
const accounts: string[] = [];
const devices: (string | undefined)[] = [undefined];

test.before(async () => {
  database = await openTestDatabase();
  const { db } = database;
  site = await siteOf(db);
  for (const name of ['ana', 'ben', 'cleo']) accounts.push(await insertTestAccount(db, name));
  for (const account of accounts) devices.push(await insertTestDevice(db, account));
});
test.after(() => database.close());

const nth = fc.nat({ max: 1000 });
const state = fc.constantFrom(
  'stored',
  'coerced',
  'received',
  'refused',
  'quarantined',
  'left-out',
  'promised',
);
/** Whole parts of a hundred, so that no percentile lies in the middle of two milliseconds. */
const ms = fc.nat({ max: 5_000 }).map((many) => many * 40);
const modality = fc.constantFrom('DX', 'CT', 'MR' as const);

const sent = fc.record({
  kind: fc.constant('sent' as const),
  ...{
    study: fc.nat({ max: STUDIES }),
    account: nth,
    device: nth,
    toPacsMs: fc.option(ms, { nil: undefined }),
  },
  at: fc.integer({ min: 0, max: 5 * 24 * 60 }),
  instances: fc.array(
    fc.record({
      class: modality,
      bytes: nth,
      isRefused: fc.boolean(),
    }),
    { maxLength: 4 },
  ),
});
const change = fc.oneof(
  { weight: 4, arbitrary: sent },
  fc.record({ kind: fc.constant('instance' as const), of: nth, state }),
  fc.record({ kind: fc.constant('policy' as const), of: nth }),
  fc.record({ kind: fc.constant('receipt' as const), of: nth, ms, revision: fc.integer({ min: 2, max: 9 }) }),
  fc.record({ kind: fc.constant('unreceipted' as const), of: nth }),
  fc.record({
    kind: fc.constant('event' as const),
    of: nth,
    event: fc.constantFrom('study-waiting', 'instances-lost', 'receipt-issued'),
    because: fc.constantFrom('pacs-unreachable', 'required-destination'),
  }),
  fc.record({ kind: fc.constant('device' as const), of: nth, device: nth }),
  fc.record({
    kind: fc.constant('patient' as const),
    study: fc.nat({ max: STUDIES }),
    sex: fc.constantFrom('F', 'M'),
  }),
  fc.record({ kind: fc.constant('instances-gone' as const), of: nth }),
  fc.record({ kind: fc.constant('gone' as const), of: nth }),
  fc.record({ kind: fc.constant('counted' as const) }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

const pick = <T>(all: readonly T[], at: number): T => all[at % all.length]!;

async function apply(one: Change): Promise<void> {
  const { db } = database;
  if (one.kind === 'sent') return insert(one);
  if (one.kind === 'counted') return countChangedDaysOfAll(db, uploadDays);
  if (one.kind === 'patient') {
    await sql`insert into study_cohort values (${site}, ${`2.25.${one.study}`}, ${one.sex}, '20-29')
      on conflict (site_id, study_instance_uid) do update set sex = excluded.sex`.execute(db);
    return;
  }
  const uploads = await db.selectFrom('upload').select(['id', 'study_id']).orderBy('id').execute();
  if (uploads.length === 0) return;
  const { id, study_id } = pick(uploads, one.of);
  await changeUpload(one, { id, studyId: study_id });
}

async function insert({ study, account, device, at, toPacsMs, instances }: Change & { kind: 'sent' }) {
  const used = pick(devices, device);
  await insertTestUpload(database.db, {
    ...{ study: `2.25.${study}`, account: pick(accounts, account) },
    instances: instances.map(({ isRefused, ...one }) =>
      isRefused ? { ...one, refused: 'pacs-refused' } : one,
    ),
    ...(used === undefined ? {} : { device: used }),
    ...(toPacsMs === undefined ? {} : { toPacsMs }),
    at: new Date(Date.UTC(2026, 10, 1, 0, at)).toISOString(),
  });
}

type Changed = { readonly id: string; readonly studyId: string };

async function changeUpload(one: Change, { id, studyId }: Changed): Promise<void> {
  const { db } = database;
  const statements = {
    instance: (state: string) => sql`update instance set state = ${state},
      reason = ${state === 'quarantined' ? 'burned-in text' : null} where study_id = ${studyId} and bytes % 2 = 0`,
    policy: () =>
      sql`update instance set policy_name = 'gateway.results' where study_id = ${studyId} and bytes % 3 = 0`,
    receipt: (later: number, revision: number) => sql`insert into receipt
      select gen_random_uuid(), ${site}, ${studyId}, id, ${revision}, '', created_at + ${later} * interval '1 ms'
      from upload where id = ${id} on conflict do nothing`,
    event: (event: string, because: string) => sql`insert into audit
      select coalesce(max(seq), 0) + 1, ${site}, ${NOW}, ${event}, ${JSON.stringify({ studyId, because })}::jsonb, '',
        gen_random_uuid()::text from audit`,
    device: (device: string | undefined) =>
      sql`update upload set device_id = ${device ?? null} where id = ${id}`,
    unreceipted: () => sql`delete from receipt where upload_id = ${id}`,
    'instances-gone': () => sql`delete from instance where study_id = ${studyId}`,
    gone: () => sql`with a as (delete from instance where study_id = ${studyId}),
      b as (delete from receipt where upload_id = ${id}) delete from upload where id = ${id}`,
  };
  if (one.kind === 'instance') await statements.instance(one.state).execute(db);
  else if (one.kind === 'receipt') await statements.receipt(one.ms, one.revision).execute(db);
  else if (one.kind === 'event') await statements.event(one.event, one.because).execute(db);
  else if (one.kind === 'device') await statements.device(pick(devices, one.device)).execute(db);
  else if (one.kind in statements)
    await statements[one.kind as 'policy' | 'unreceipted' | 'instances-gone' | 'gone']().execute(db);
}

const question = fc.record(
  {
    from: fc.constantFrom('2026-11-01', '2026-11-03'),
    sex: fc.constantFrom('F' as const, 'unknown' as const),
    ageBand: fc.constantFrom('20-29' as const, 'unknown' as const),
    modality: fc.constantFrom('CT' as const, 'DX' as const),
  },
  { requiredKeys: [] },
);

test('figures are those of the rows, after any changes, and between them', async () => {
  const { db } = database;
  const changes = fc.array(fc.tuple(change, fc.option(question, { freq: 3 })), {
    minLength: 5,
    maxLength: 40,
  });
  const property = fc.asyncProperty(changes, async (sequence) => {
    await sql`truncate study, upload, instance, receipt, audit, study_cohort cascade`.execute(db);
    await sql`truncate upload_day, upload_day_changed`.execute(db);
    for (const [one, query] of [...sequence, [{ kind: 'counted' as const }, {}] as const]) {
      await apply(one);
      if (query === null) continue;
      const asked = askedOf({ to: '2026-11-07', from: '2026-11-01', ...query }, NOW);
      const told = await countOperations(db, site, asked);
      assert.equal(linesOf(told), await countDirectly(db, site, asked));
    }
  });
  await fc.assert(property, { seed: 16, numRuns: 40 });
});

test('uploads that are written while others ask are all counted afterwards', async () => {
  const { db } = database;
  const asked = askedOf({ from: '2026-11-01', to: '2026-11-07' }, NOW);
  const send = async (at: number): Promise<void> => {
    const instances = [{ bytes: 1 }, { bytes: 2 }];
    const account = pick(accounts, at);
    await insertTestUpload(db, {
      study: `2.25.9${at}`,
      account,
      at: `2026-11-0${1 + (at % 5)}T10:00:00Z`,
      instances,
    });
  };
  const asking = Array.from({ length: 12 }, async () => {
    for (let time = 0; time < 4; time += 1) await countOperations(db, site, asked);
  });
  await Promise.all([...asking, ...Array.from({ length: 20 }, (_, at) => send(at))]);
  assert.equal(linesOf(await countOperations(db, site, asked)), await countDirectly(db, site, asked));
  const left = await db.selectFrom('upload_day_changed').selectAll().execute();
  assert.is(left.length, 0, 'no mark is left');
});

test.run();
