/** `/admin/backups`: planned, made, fetched and opened, each as an event of the trail. */
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Backups } from '#shared/protocol/backups.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { audited } from '../testing/audited.ts';
import { ADMIN_PASSWORD, openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { until } from '#testing/gateway-under-test.ts';
import { MANIFEST } from './backup-entries.ts';
import { openBackup } from './backup-file.ts';

const test = suite('backups');
let gateway: TestGateway;
let token: string;
test.before(async () => {
  gateway = await openTestGateway();
  token = (await gateway.signIn()).accessToken;
});
test.after(() => gateway.close());

const shown = async (): Promise<Backups> =>
  (await (await gateway.call('GET', '/admin/backups', { token })).json()) as Backups;

test('are made for the key of the site, and open with it alone', async () => {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  assert.is((await gateway.call('POST', '/admin/backups', { token })).status, 409, 'nobody could open one');
  const asked = { recipient, everyHours: 24, keep: 3 };
  const put = async (body: object) => (await gateway.call('PUT', '/admin/backups', { token, body })).status;
  assert.is(await put(asked), 403, 'another key needs the password');
  assert.is(await put({ ...asked, password: 'another one' }), 403);
  assert.is(await put({ ...asked, password: ADMIN_PASSWORD }), 204);
  assert.is(await put({ ...asked, keep: 4 }), 204, 'the same key does not');
  assert.is((await gateway.call('POST', '/admin/backups', { token })).status, 202);
  await until('the backup to be there', async () => (await shown()).backups.length === 1);
  const { plan, backups, trouble } = await shown();
  assert.equal([plan, trouble], [{ ...asked, keep: 4 }, null]);
  const answer = await gateway.call('GET', `/admin/backups/${backups[0]!.name}`, { token });
  const names: string[] = [];
  for await (const { name } of openBackup(answer.body!, identity)) names.push(name);
  assert.is(names[0], MANIFEST);
  for (const there of ['tables/account/000001', 'keys/receipts.pem/000001', 'keys/wrap.key/000001'])
    assert.ok(names.includes(there), there);
  const { db } = gateway.database;
  assert.equal(fieldsOf(await audited(db, 'backup%'), 'event'), [
    'backups-planned',
    'backups-planned',
    'backup-asked',
    'backup-fetched',
  ]);
});

test('are no business of others', async () => {
  const { accessToken: other } = await gateway.userWith(['technician', 'radiologist', 'researcher']);
  for (const [method, path] of [
    ['GET', '/admin/backups'],
    ['POST', '/admin/backups'],
    ['GET', '/admin/backups/relaypacs-2026-12-01T080000.age'],
  ] as const)
    assert.is((await gateway.call(method, path, { token: other })).status, 403, `${method} ${path}`);
  assert.is((await gateway.call('GET', '/admin/backups/none.age', { token })).status, 404);
});

test.run();
