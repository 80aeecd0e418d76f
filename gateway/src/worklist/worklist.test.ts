/** Orders through the real routes: imported whole or not at all, read by those who send, sealed, and forgotten. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Order, OrderImport, Worklist } from '#shared/protocol/worklist.ts';
import { ORDERS_KEPT_DAYS, WORKLIST_LIMIT } from '#shared/protocol/worklist.ts';
import { openKeys } from '../keys.ts';
import { createStudyKeys } from '../pipeline/stores/study-key.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { createTestKey } from '../testing/open-api-key.ts';
import { jsonOf } from '../testing/open-cases.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { forgetExpired } from './order.store.ts';

const test = suite('orders');
const DAY = '2026-11-23';
const NAME = 'Kitsune^Yamada';
const HEADER = 'Patient name;Patient ID;Scheduled on;Accession number;Sex;Birth date;Room';
const LIST = [
  HEADER,
  `${NAME};PID-1;20261123;ACC-1;f;1970-01-31;3`,
  `Other^Otto;PID-2;${DAY};ACC-2;M;;`,
].join('\r\n');

const EMPTY: Worklist = { orders: [], isSetUp: false, silent: [], isCut: false };

let gateway: TestGateway;
let folder: string;
let technician: { readonly token: string };

test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relaypacs-orders-'));
  gateway = await openTestGateway({ folder });
  technician = { token: (await gateway.userWith(['technician'])).accessToken };
});
test.after(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

async function bring(csv: string | Buffer, query = '', as = technician): Promise<OrderImport> {
  const answer = await gateway.call('POST', `/worklist/import${query}`, {
    ...as,
    form: new Uint8Array(Buffer.from(csv)),
    headers: { 'content-type': 'text/csv' },
  });
  assert.is(answer.status, 200, await answer.clone().text());
  return (await answer.json()) as OrderImport;
}
const listOf = (query = `from=${DAY}&to=${DAY}`): Promise<Worklist> =>
  jsonOf<Worklist>(gateway, `GET /worklist?${query}`, technician);

test('a list with a fault is not imported, and each fault names its row and column', async () => {
  const bad = [
    HEADER,
    `${NAME};;20261123;ACC-1;X;1970-13-01;`,
    `A^B;P;${DAY};ACC-7;;;`,
    `A^B;P;${DAY};ACC-7;;;`,
  ];
  const { faults, ...counts } = await bring(bad.join('\n'));
  assert.equal(counts, { valid: 1, imported: 0, moreFaults: 0 });
  assert.equal(faults, [
    { row: 2, column: 'patientId', fault: 'missing' },
    { row: 2, column: 'birthDate', fault: 'invalid' },
    { row: 2, column: 'sex', fault: 'invalid' },
    { row: 4, column: null, fault: 'repeated' },
  ]);
  assert.equal((await bring('Patient name,Room\r\nA^B,3\r\n')).faults, [
    { row: 1, column: 'patientId', fault: 'missing' },
    { row: 1, column: 'scheduledOn', fault: 'missing' },
  ]);
  const { faults: broken } = await bring(`${HEADER}\r\n"${NAME};PID`);
  assert.equal(fieldsOf(broken, 'fault'), ['broken']);
  assert.equal(await listOf(), EMPTY);
});

test('a list in another character set is not imported with broken names', async () => {
  const list = [HEADER, `Müller^Ärne;PID-9;${DAY};ACC-9;;;`].join('\n');
  const { faults, imported } = await bring(Buffer.from(list, 'latin1'));
  assert.equal([faults, imported], [[{ row: 2, column: 'patientName', fault: 'invalid' }], 0]);
});

test('a dry run imports nothing; then the list is there, by day and by patient', async () => {
  assert.equal(await bring(LIST, '?dryRun=true'), { valid: 2, imported: 0, faults: [], moreFaults: 0 });
  assert.equal((await listOf()).orders, []);
  assert.is((await bring(LIST)).imported, 2);
  const { orders, isSetUp } = await listOf();
  assert.is(isSetUp, true);
  assert.equal(fieldsOf(orders, 'patientName', 'accessionNumber', 'sex'), [
    [NAME, 'ACC-1', 'F'],
    ['Other^Otto', 'ACC-2', 'M'],
  ]);
  assert.equal((await listOf('from=2026-11-24&to=2026-11-30')).orders, []);
  assert.is((await listOf(`from=${DAY}&to=${DAY}&patientId=PID-2`)).orders[0]!.accessionNumber, 'ACC-2');
});

const listOfMany = (ids: readonly number[], day: string): string =>
  [HEADER, ...ids.map((id) => `Many^Orders;MANY-${id};${day};MANY-${id};;;`)].join('\n');

test('the orders of one patient are found among more than a list shows', async () => {
  const day = '2026-12-24';
  const ids = Array.from({ length: WORKLIST_LIMIT + 100 }, (_, at) => at);
  assert.is((await bring(listOfMany(ids, day))).imported, ids.length);
  const all = await listOf(`from=${day}&to=${day}`);
  assert.equal([all.orders.length, all.isCut], [WORKLIST_LIMIT, true]);
  const shown = new Set(all.orders.map(({ patientId }) => patientId));
  const left = ids.filter((id) => !shown.has(`MANY-${id}`));
  assert.is(left.length, 100);
  for (const id of left.slice(0, 5)) {
    const { orders, isCut } = await listOf(`from=${day}&to=${day}&patientId=MANY-${id}`);
    assert.equal([orders.map(({ patientId }) => patientId), isCut], [[`MANY-${id}`], false]);
  }
});

test('two lists with the same orders are imported at the same time, in whatever order they name them', async () => {
  const day = '2026-12-25';
  const ids = Array.from({ length: 2000 }, (_, at) => 10_000 + at);
  const lists = [ids, ids.toReversed()].map((list) => listOfMany(list, day));
  await bring(lists[0]!);
  const brought = await Promise.all(lists.map((list) => bring(list)));
  assert.equal(fieldsOf(brought, 'imported'), [ids.length, ids.length]);
});

test('an order that is imported again replaces the one before', async () => {
  await bring([HEADER, `${NAME};PID-1;20261125;ACC-1;F;1970-01-31;3`].join('\n'));
  const moved = await listOf('from=2026-11-20&to=2026-11-30');
  assert.equal(fieldsOf(moved.orders, 'accessionNumber', 'scheduledOn'), [
    ['ACC-2', DAY],
    ['ACC-1', '2026-11-25'],
  ]);
});

test('nothing that names a patient lies in the database, or in the audit trail', async () => {
  const { db } = gateway.database;
  for (const table of ['order_list', 'imported_order', 'order_choice', 'audit']) {
    const { rows } = await sql<{ row: string }>`select t::text as row from ${sql.table(table)} t`.execute(db);
    const all = rows.map(({ row }) => row).join('\n');
    for (const secret of [NAME, 'Kitsune', 'PID-1', 'ACC-1', Buffer.from(NAME).toString('hex')])
      assert.not.ok(all.includes(secret), `${table}: ${secret}`);
  }
  const trail = await db.selectFrom('audit').select('event').distinct().orderBy('event').execute();
  const events = trail.map(({ event }) => event).filter((event) => event.startsWith('orders-'));
  assert.equal(events, ['orders-imported', 'orders-read']);
});

test('a key that sends may import orders and not read them, and nobody reads a year', async () => {
  const statusOf = async (as: { token: string }, to = DAY): Promise<number> =>
    (await gateway.call('GET', `/worklist?from=${DAY}&to=${to}`, as)).status;
  const { id: accountId } = await jsonOf<{ id: string }>(gateway, 'GET /auth/me', technician);
  const key = await createTestKey(gateway, { accountId, scopes: ['upload', 'read'] });
  assert.is(await statusOf({ token: key }), 403);
  assert.is((await bring(LIST, '?dryRun=true', { token: key })).valid, 2);
  assert.is(await statusOf(technician, '2027-11-23'), 422);
});

test('the first time of a choice stays', async () => {
  const order = (await listOf('from=2026-11-20&to=2026-11-30')).orders[0]!;
  const choose = (studyInstanceUID: string, of: Order): Promise<{ chosenAt: string }> =>
    jsonOf(gateway, 'POST /worklist/choices', { ...technician, body: { studyInstanceUID, order: of } });
  const first = await choose('1.2.3', order);
  gateway.wait(60_000);
  assert.equal(await choose('1.2.3', order), first);
  assert.not.equal(await choose('1.2.4', order), first);
  assert.not.equal(await choose('1.2.3', { ...order, accessionNumber: 'ACC-9' }), first);
});

test('a list is forgotten with its key', async () => {
  const keysOf = (): readonly string[] =>
    readdirSync(join(folder, 'keys', 'orders'), { recursive: true }) as string[];
  const count = keysOf().length;
  gateway.wait(ORDERS_KEPT_DAYS * 24 * 3_600_000);
  technician = { token: (await gateway.userWith(['technician'])).accessToken };
  assert.equal(await listOf('from=2026-11-20&to=2026-11-30'), EMPTY);
  const { wrapKey } = openKeys(join(folder, 'keys'), () => 0);
  const listKeys = createStudyKeys(wrapKey, join(folder, 'keys', 'orders'));
  await forgetExpired({ db: gateway.database.db, listKeys, now: gateway.now });
  assert.ok(keysOf().length < count);
  const left = await gateway.database.db.selectFrom('imported_order').select('sealed').execute();
  assert.equal(left, []);
});

test.run();
