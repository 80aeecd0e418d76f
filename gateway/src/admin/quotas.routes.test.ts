/** `/admin/quotas`: an administrator sees what every account has announced, and sets how much it may. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';

type Shown = {
  readonly site: unknown;
  readonly accounts: readonly { id: string; username: string; own: unknown; quota: unknown; used: unknown }[];
};

const test = suite('quotas');
let gateway: TestGateway;
test.before(async () => {
  gateway = await openTestGateway({ start: false });
});
test.after(() => gateway.close());

test('are set for everybody and for one account, are shown with their use, and stand in the audit', async () => {
  const { accessToken: token } = await gateway.signIn();
  const { user } = await gateway.userWith(['technician']);
  const put = async (path: string, body: unknown) =>
    (await gateway.call('PUT', path, { token, body })).status;
  const shown = async (): Promise<Shown> =>
    (await (await gateway.call('GET', '/admin/quotas', { token })).json()) as Shown;
  const site = { uploads: 5, instances: 50, bytes: 1_000, patients: 5 };
  const own = { uploads: 7, instances: 70, bytes: 2_000, patients: 7 };
  const nothing = { uploads: 0, instances: 0, bytes: 0, patients: 0 };
  const ofUser = async () => {
    const { username: _, id, ...rest } = (await shown()).accounts.find((one) => one.id === user.id)!;
    assert.is(id, user.id);
    return rest;
  };
  assert.is(await put('/admin/quotas', site), 204);
  assert.equal((await shown()).site, site);
  assert.equal(await ofUser(), { own: null, quota: site, used: nothing });
  assert.is(await put(`/admin/quotas/${user.id}`, { quota: own }), 204);
  assert.equal(await ofUser(), { own, quota: own, used: nothing });
  assert.is(await put(`/admin/quotas/${user.id}`, { quota: null }), 204);
  assert.equal(await ofUser(), { own: null, quota: site, used: nothing });
  assert.is(await put('/admin/quotas/00000000-0000-4000-8000-000000000000', { quota: own }), 404);
  assert.is(await put('/admin/quotas', { uploads: -1, instances: 1, bytes: 1, patients: 1 }), 422);
  assert.is(await put('/admin/quotas', { uploads: 1, bytes: 1, patients: 1 }), 422, 'of instances too');
  const rows = await gateway.database.db
    .selectFrom('audit')
    .select('event')
    .where('event', '=', 'quota-changed')
    .execute();
  assert.is(rows.length, 3);
});

test('are no business of others', async () => {
  const { accessToken: technician } = await gateway.userWith(['technician']);
  assert.is((await gateway.call('GET', '/admin/quotas', { token: technician })).status, 403);
  const { accessToken: auditor } = await gateway.userWith(['auditor']);
  assert.is((await gateway.call('GET', '/admin/quotas', { token: auditor })).status, 200);
  const body = { uploads: 1, instances: 1, bytes: 1, patients: 1 };
  assert.is((await gateway.call('PUT', '/admin/quotas', { token: auditor, body })).status, 403);
});

test.run();
