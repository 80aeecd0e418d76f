/** Figures of uploads, over rows whose counts and percentiles are known. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Database } from '../database/database.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { openTestDatabase } from '../testing/open-database.ts';
import { insertTestAccount, insertTestDevice, insertTestUpload, siteOf } from '../testing/insert-figures.ts';
import { listStudies } from '../studies/list-studies.ts';
import { askedOf } from './asked.ts';
import { countOperations } from './count-operations.ts';

const test = suite('figures of uploads');
const NOW = new Date('2026-11-23T12:00:00Z');
const NOVEMBER = { from: '2026-11-01', to: '2026-11-30' };
/** Percentiles: numpy.percentile([1000, 2000, 4000, 9000], [50, 95]) is [3000, 8250]. */
const TIMES = [1000, 2000, 4000, 9000];
let database: Database;
let site: string;
let ana: string;
let tablet: string;

test.before(async () => {
  database = await openTestDatabase();
  const { db } = database;
  site = await siteOf(db);
  ana = await insertTestAccount(db, 'ana');
  const ben = await insertTestAccount(db, 'ben');
  tablet = await insertTestDevice(db, ana);
  const wait = { event: 'study-waiting', because: 'pacs-unreachable' };
  for (const [number, toPacsMs] of TIMES.entries())
    await insertTestUpload(db, {
      ...{ study: `2.25.${number}`, account: ana, device: tablet, at: `2026-11-0${number + 1}T07:59:59Z` },
      toPacsMs,
      instances: [{ bytes: 10 }, { bytes: 5, class: 'CT' }],
      events:
        number === 0 ? [wait, { event: 'instances-lost' }, { ...wait, because: 'required-destination' }] : [],
    });
  // The first one again, by somebody else; nothing of it got in.
  await insertTestUpload(db, {
    ...{ study: '2.25.0', account: ben, at: '2026-11-30T23:59:59.999Z', toPacsMs: 5 },
    instances: [{ bytes: 10, refused: 'pacs-refused' }],
  });
  // Cancelled before anything of it arrived, and one that is still on its way.
  for (const [study, state] of [
    ['2.25.7', 'left-out'],
    ['2.25.8', 'promised'],
  ] as const)
    await insertTestUpload(db, {
      ...{ study, account: ben, at: '2026-11-05T12:00:00Z' },
      instances: [{ bytes: 1000, state }, { state }],
    });
  for (const at of ['2026-10-31T23:59:59.999Z', '2026-12-01T00:00:00Z'])
    await insertTestUpload(db, { study: '2.25.9', account: ben, at, instances: [{}] });
});
test.after(() => database.close());

const figures = (query: object = NOVEMBER) => countOperations(database.db, site, askedOf(query, NOW));

test('counts studies, uploads, instances and bytes, and how long they took, in the days that were asked for', async () => {
  const { total, days, hours } = await figures();
  const { shows, ...sums } = total;
  assert.equal(sums, {
    ...{ studies: 4, uploads: 5, instances: 9, bytes: 70, retries: 2 },
    toPacsMs: { p50: 3000, p95: 8250 },
  });
  assert.equal(fieldsOf(days, 'day', 'studies', 'retries'), [
    ['2026-11-01', 1, 2],
    ['2026-11-02', 1, 0],
    ['2026-11-03', 1, 0],
    ['2026-11-04', 1, 0],
    ['2026-11-30', 1, 0],
  ]);
  assert.equal(hours.map(({ hour, uploads }) => [hour, uploads]).sort(), [
    [23, 1],
    [7, 4],
  ]);
  assert.is(days.at(-1)!.toPacsMs, null, 'nothing of it is in the PACS');
  assert.ok(shows);
});

test('groups them by account, device and modality, and refusals by reason', async () => {
  const { accounts, devices, modalities, refusals } = await figures();
  assert.equal(fieldsOf(accounts, 'username', 'studies', 'bytes'), [
    ['ana', 4, 60],
    ['ben', 1, 10],
  ]);
  assert.equal(fieldsOf(devices, 'device', 'username', 'uploads'), [
    [tablet, 'ana', 4],
    [null, 'ben', 1],
  ]);
  assert.equal(fieldsOf(modalities, 'modality', 'studies', 'instances', 'bytes'), [
    ['CT', 4, 4, 20],
    ['DX', 4, 5, 50],
  ]);
  assert.equal(refusals, [{ state: 'refused', reason: 'pacs-refused', instances: 1, studies: 1 }]);
});

test('names the list that shows what was counted, no more and no less', async () => {
  const { total, days, accounts, devices } = await figures();
  for (const { shows, studies } of [total, ...days, ...accounts, ...devices]) {
    const query = new URL(shows!, 'http://x').searchParams;
    const device = query.get('device');
    const found = await listStudies(database.db, {
      ...{ siteId: site, accountId: null, text: undefined, standing: undefined, from: undefined },
      ...{ until: undefined, after: undefined, limit: 200 },
      sent: {
        arrived: query.has('arrived'),
        ...{ from: new Date(query.get('sentFrom')!), until: new Date(query.get('sentTo')!) },
        accountId: query.get('account') ?? undefined,
        device: device === null ? undefined : device === 'none' ? null : device,
      },
    });
    assert.is(found.studies.length, studies, shows!);
  }
});

test('counts one modality, or one cohort, alone', async () => {
  const ct = await figures({ ...NOVEMBER, modality: 'CT' });
  assert.equal([ct.total.studies, ct.total.uploads, ct.total.bytes], [4, 4, 20]);
  assert.equal([ct.total.shows, ct.modalities.length, ct.refusals], [null, 1, []]);
  const women = await figures({ ...NOVEMBER, sex: 'F' });
  assert.equal([women.total.studies, women.days, women.total.toPacsMs], [0, [], null]);
  assert.is((await figures({ ...NOVEMBER, sex: 'unknown', ageBand: 'unknown' })).total.studies, 4);
});

test('answers of nothing', async () => {
  const { total, ...rest } = await figures({ from: '2020-01-01', to: '2020-01-01' });
  assert.equal([total.studies, total.bytes, total.toPacsMs], [0, 0, null]);
  for (const list of ['days', 'hours', 'accounts', 'devices', 'modalities', 'refusals'] as const)
    assert.equal(rest[list], []);
});

test('takes 366 days, the last 30 where nothing is asked, and no more', () => {
  assert.equal(askedOf({}, NOW).from, '2026-10-25');
  assert.equal(askedOf({ from: '2026-01-31' }, NOW).to, '2026-03-01');
  assert.equal(askedOf({ from: '2024-01-01', to: '2024-12-31' }, NOW).until, new Date('2025-01-01'));
  assert.equal(askedOf({ from: '2026-11-23', to: '2026-11-23' }, NOW).to, '2026-11-23');
  for (const query of [
    { from: '2024-01-01', to: '2025-01-01' },
    { from: '2026-11-24', to: '2026-11-23' },
  ])
    assert.throws(() => askedOf(query, NOW), /366 days at most/);
});

test.run();
