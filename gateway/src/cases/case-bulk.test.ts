/** Several cases are changed at once: each by its own rules, and a case that refuses holds up no other. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { BulkOutcome } from '#shared/protocol/case-bulk.ts';
import type { Assignees, Case, CaseTimeline } from '#shared/protocol/cases.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { jsonOf, openTestCase } from '../testing/open-cases.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs } from '../testing/open-pacs.ts';

const test = suite('several cases at once');
let gateway: TestGateway;
let token: string;

test.before(async () => {
  gateway = await openTestGateway({ pacs: openTestPacs() });
  token = (await gateway.userWith(['radiologist'])).accessToken;
});
test.after(() => gateway.close());

const openOne = (title: string): Promise<Case> =>
  openTestCase(gateway, token, { title, expected: { accessionNumber: 'ACC-NEVER' } });
const read = (id: string): Promise<Case> => jsonOf(gateway, `GET /cases/${id}`, { token });
const bulk = async (changes: readonly Record<string, unknown>[]): Promise<BulkOutcome['cases']> =>
  (await jsonOf<BulkOutcome>(gateway, 'POST /cases/bulk', { token, body: { changes } })).cases;

test('changes each case, names those that refuse, and each event is there', async () => {
  const [first, second, late, closed] = await Promise.all(['a', 'b', 'c', 'd'].map(openOne));
  await jsonOf(gateway, `POST /cases/${closed!.id}/close`, { token, body: { version: 1 } });
  await jsonOf(gateway, `PATCH /cases/${late!.id}`, { token, body: { version: 1, title: 'Changed' } });
  const { accounts } = await jsonOf<Assignees>(gateway, 'GET /case-assignees', { token });
  const set = { priority: 'urgent', assigneeId: accounts[0]!.id, tags: ['round'] };
  const gone = randomUUID();
  const ids = [first!.id, late!.id, closed!.id, gone, second!.id];
  const versions = [1, 1, 2, 1, 1];
  const outcome = await bulk(ids.map((id, at) => ({ id, version: versions[at], set })));
  assert.equal(
    outcome.map(({ version, refused }) => refused ?? version),
    [2, 'case-changed', 'case-closed', 'not-found', 2],
  );
  for (const { id } of [first!, second!]) {
    const { priority, assignee, tags, version } = await read(id);
    assert.equal([priority, assignee?.id, tags, version], ['urgent', accounts[0]!.id, ['round'], 2]);
    const { events } = await jsonOf<CaseTimeline>(gateway, `GET /cases/${id}/timeline`, { token });
    assert.ok(events.some(({ event }) => event === 'case-changed'));
  }
  assert.is((await read(late!.id)).priority, 'routine');
});

test('closes and reopens with the versions that it answered, so that a person can undo it', async () => {
  const opened = await Promise.all(['e', 'f'].map(openOne));
  const closed = await bulk(opened.map(({ id }) => ({ id, version: 1, close: { reason: 'Settled' } })));
  for (const { id } of opened) assert.is((await read(id)).status, 'closed');
  const again = await bulk(closed.map(({ id, version }) => ({ id, version, reopen: { reason: 'Undone' } })));
  assert.equal(fieldsOf(again, 'version'), [3, 3]);
  for (const { id } of opened) {
    const { status, version } = await read(id);
    assert.equal([status, version], ['open', 3]);
  }
});

test('a failure that nobody expected ends the changes, and names those that are done', async () => {
  const [first, broken, last] = await Promise.all(['h', 'i', 'j'].map(openOne));
  const { db } = gateway.database;
  // No version follows the largest integer.
  const version = 2 ** 31 - 1;
  await db.updateTable('case_record').set({ version }).where('id', '=', broken!.id).execute();
  const set = { priority: 'urgent' };
  const bad = { id: broken!.id, version, set };
  const outcome = await bulk([{ id: first!.id, version: 1, set }, bad, { id: last!.id, version: 1, set }]);
  assert.equal(
    outcome.map((of) => of.refused ?? of.version),
    [2, 'unexpected', 'unexpected'],
  );
  assert.equal([(await read(first!.id)).priority, (await read(last!.id)).priority], ['urgent', 'routine']);
  assert.is((await gateway.call('POST', '/cases/bulk', { token, body: { changes: [bad] } })).status, 500);
});

test('takes no case twice, and no change of two kinds or none', async () => {
  const { id } = await openOne('g');
  const ask = async (changes: readonly unknown[]): Promise<number> =>
    (await gateway.call('POST', '/cases/bulk', { token, body: { changes } })).status;
  const set = { priority: 'low' };
  const once = { id, version: 1, set };
  assert.is(await ask([once, once]), 422);
  assert.is(await ask([{ ...once, close: {} }]), 422);
  assert.is(await ask([{ id, version: 1 }]), 422);
  assert.is(await ask([]), 422);
  assert.is((await read(id)).version, 1);
});

test.run();
