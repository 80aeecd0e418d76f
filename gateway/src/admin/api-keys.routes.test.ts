import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DAY_MS } from '#shared/day.ts';
import { API_KEY_SCOPES, type ApiKeyList, apiKeyListSchema } from '#shared/protocol/api-key.ts';
import type { ManifestAnswer } from '#shared/protocol/manifest.ts';
import { maySend, type Sender } from '../pipeline/stores/upload-owner.ts';
import { closeReadings } from '../audit/record-reading.ts';
import { until } from '#testing/gateway-under-test.ts';
import { createTestKey, makeTestKey } from '../testing/open-api-key.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { askOf, sendStudy } from '../testing/open-film.ts';
import { testFilm } from '../testing/open-subject.ts';
import { toManifest } from '../testing/pack-parcel.ts';

const test = suite('an API key');
let gateway: TestGateway;
test.before(async () => {
  gateway = await openTestGateway({ pacs: openTestPacs() });
});
test.after(() => gateway.close());

const statusOf = async (token: string, path = '/auth/me'): Promise<number> =>
  (await gateway.call('GET', path, { token })).status;
const admin = async (): Promise<string> => (await gateway.signIn()).accessToken;
const page = async (query: string): Promise<ApiKeyList> => {
  const answer = await gateway.call('GET', `/admin/api-keys${query}`, { token: await admin() });
  return apiKeyListSchema.parse(await answer.json());
};
const listed = async (id: string) =>
  [...(await page('')).keys, ...(await page('?ended=1')).keys].find((key) => key.id === id);
const codeIn = async (answer: Response): Promise<string> => ((await answer.json()) as { code: string }).code;
const asTechnician = async () => (await gateway.userWith(['technician'])).user.id;

test('sends a study for its account, and follows it to its receipt', async () => {
  const { user, accessToken } = await gateway.userWith(['technician']);
  const key = await createTestKey(gateway, { accountId: user.id, scopes: ['upload'] });
  const id = await sendStudy(askOf(gateway), key, [testFilm({ seed: 11 })]);
  assert.is(await statusOf(key, `/upload/${id}/status`), 200);
  assert.is(await statusOf(accessToken, `/upload/${id}/status`), 200, 'its account sees it as well');
});

test('may have a policy that its account may send under, and no other', async () => {
  const { user } = await gateway.userWith(['auditor']);
  const make = async (accountId: string, policy: string) => {
    const body = { name: 'a script', accountId, scopes: ['upload'], expiresInDays: 1, policy };
    return gateway.call('POST', '/admin/api-keys', { token: await admin(), body });
  };
  const accountId = await asTechnician();
  const made = await make(accountId, 'identified');
  const { id, policy } = (await made.json()) as { id: string; policy: string };
  assert.equal([made.status, policy, (await listed(id))?.policy], [201, 'identified', 'identified']);
  for (const refused of [await make(user.id, 'identified'), await make(accountId, 'no-such-policy')])
    assert.equal([refused.status, await codeIn(refused)], [403, 'policy-not-allowed']);
});

test('is named by the audit trail in what it sends and reads; its account reads nothing new in its own receipt', async () => {
  const { user, accessToken } = await gateway.userWith(['technician']);
  const auditor = await gateway.userWith(['auditor']);
  const { id: keyId, key } = await makeTestKey(gateway, { accountId: user.id });
  const upload = await sendStudy(askOf(gateway), key, [testFilm({ seed: 12 })]);
  const receipt = (token: string) => statusOf(token, `/upload/${upload}/receipt`);
  await until('the study to be in the PACS', async () => (await receipt(key)) !== 404);
  const read = [key, accessToken, auditor.accessToken].map(receipt);
  assert.equal(await Promise.all(read), [200, 200, 200]);
  await closeReadings({ db: gateway.database.db, now: () => new Date(Date.now() + 3_600_000) });
  const readers = [user.id, auditor.user.id];
  const own = sql<boolean>`(fields->>'uploadId' = ${upload} or fields->>'accountId' = any(${readers}))`;
  const trail = await gateway.database.db
    .selectFrom('audit')
    .select(['event', 'fields'])
    .where('event', 'in', ['upload-opened', 'upload-completed', 'records-read'])
    .where(own)
    .execute();
  assert.equal(
    trail
      .map(({ event, fields: { keyId: by, accountId, receipts } }) =>
        [event, by === keyId, accountId === auditor.user.id, receipts].join(' '),
      )
      .sort(),
    [
      'records-read false true 1',
      'records-read true false 1',
      'upload-completed true false ',
      'upload-opened true false ',
    ],
  );
});

const READING = [
  'get /auth/me',
  'get /dicom-web/instances',
  'get /dicom-web/series',
  'get /dicom-web/studies',
  'get /dicom-web/studies/{studyInstanceUID}',
  'get /dicom-web/studies/{studyInstanceUID}/instances',
  'get /dicom-web/studies/{studyInstanceUID}/metadata',
  'get /dicom-web/studies/{studyInstanceUID}/rendered',
  'get /dicom-web/studies/{studyInstanceUID}/series',
  'get /dicom-web/studies/{studyInstanceUID}/series/{seriesInstanceUID}',
  'get /dicom-web/studies/{studyInstanceUID}/series/{seriesInstanceUID}/instances',
  'get /dicom-web/studies/{studyInstanceUID}/series/{seriesInstanceUID}/instances/{sopInstanceUID}',
  'get /dicom-web/studies/{studyInstanceUID}/series/{seriesInstanceUID}/instances/{sopInstanceUID}/bulkdata/{path}',
  'get /dicom-web/studies/{studyInstanceUID}/series/{seriesInstanceUID}/instances/{sopInstanceUID}/frames/{frames}',
  'get /dicom-web/studies/{studyInstanceUID}/series/{seriesInstanceUID}/instances/{sopInstanceUID}/frames/{frames}/rendered',
  'get /dicom-web/studies/{studyInstanceUID}/series/{seriesInstanceUID}/instances/{sopInstanceUID}/metadata',
  'get /dicom-web/studies/{studyInstanceUID}/series/{seriesInstanceUID}/instances/{sopInstanceUID}/rendered',
  'get /dicom-web/studies/{studyInstanceUID}/series/{seriesInstanceUID}/metadata',
  'get /dicom-web/studies/{studyInstanceUID}/series/{seriesInstanceUID}/rendered',
  'get /studies',
  'get /studies/{studyInstanceUID}/destinations',
  'get /studies/{studyInstanceUID}/receipt.pdf',
  'get /studies/{studyInstanceUID}/timeline',
  'get /upload/{id}/receipt',
  'get /upload/{id}/status',
  'get /uploads',
];

test('reaches only the routes of its scopes, and none that administers, whatever its account may do', async () => {
  const { user } = await gateway.signIn();
  const contract = (await (await gateway.call('GET', '/openapi.json')).json()) as {
    paths: Record<string, Record<string, { security?: Record<string, string[]>[] }>>;
  };
  const reachedBy = async (scope: (typeof API_KEY_SCOPES)[number]): Promise<string[]> => {
    const token = await createTestKey(gateway, { accountId: user.id, scopes: [scope] });
    const reached = [];
    for (const [path, operations] of Object.entries(contract.paths))
      for (const [method, { security = [] }] of Object.entries(operations)) {
        if (security.length === 0) continue;
        const where = path.replaceAll(/\{\w+\}/g, '00000000-0000-4000-8000-000000000000');
        const headers = { 'tus-resumable': '1.0.0' };
        const answer = await gateway.call(method.toUpperCase(), where, { token, headers });
        await answer.body?.cancel();
        const isServed = answer.status !== 403;
        const isTold = security.some(({ apiKey }) => apiKey?.includes(scope));
        assert.is(isServed, isTold, `${method} ${path} with ${scope}: ${answer.status}`);
        if (isServed) reached.push(`${method} ${path}`);
      }
    return reached.sort();
  };
  assert.equal(await reachedBy('metrics'), ['get /auth/me', 'get /metrics']);
  assert.equal(await reachedBy('read'), READING);
  assert.equal(await reachedBy('upload'), [
    'delete /upload/files/{id}',
    'get /auth/me',
    'get /dicom-web/commitment-requests/{transactionUID}',
    'get /upload/{id}/receipt',
    'get /upload/{id}/status',
    'head /upload/files/{id}',
    'patch /upload/files/{id}',
    'post /dicom-web/commitment-requests/{transactionUID}',
    'post /dicom-web/studies',
    'post /dicom-web/studies/{studyInstanceUID}',
    'post /upload/files',
    'post /upload/files/{id}',
    'post /upload/init',
    'post /upload/{id}/complete',
    'post /worklist/import',
  ]);
});

test('that may only send sees nothing that its administrator may watch', async () => {
  const owner = await gateway.userWith(['technician']);
  const token = owner.accessToken;
  const body = toManifest([testFilm({ seed: 12 })]);
  const promised = await gateway.call('POST', '/upload/init', { token, body });
  const { uploadId } = (await promised.json()) as ManifestAnswer;
  const { user } = await gateway.signIn();
  const sends = await createTestKey(gateway, { accountId: user.id, scopes: ['upload'] });
  const reads = await createTestKey(gateway, { accountId: user.id, scopes: ['read'] });
  assert.is(await statusOf(sends, `/upload/${uploadId}/status`), 404);
  assert.is(await statusOf(reads, `/upload/${uploadId}/status`), 200);
  const stranger = await createTestKey(gateway, { accountId: await asTechnician() });
  assert.is(await statusOf(stranger, `/upload/${uploadId}/status`), 404);
});

test('ends when it is revoked, and revoking it twice is as good as once', async () => {
  const { id, key } = await makeTestKey(gateway, { accountId: await asTechnician() });
  assert.is(await statusOf(key), 200);
  for (let i = 0; i < 2; i += 1) {
    const answer = await gateway.call('DELETE', `/admin/api-keys/${id}`, { token: await admin() });
    assert.is(answer.status, 204);
    assert.is(await statusOf(key), 401);
  }
  assert.is((await listed(id))?.state, 'revoked');
});

test('that is revoked while a parcel travels lets nothing of it take effect', async () => {
  const { user } = await gateway.userWith(['technician']);
  const { id } = await makeTestKey(gateway, { accountId: user.id });
  const other = await makeTestKey(gateway, { accountId: user.id });
  const { db } = gateway.database;
  const sender = { accountId: user.id, deviceId: null, epoch: 0 };
  const may = (of: Sender, now = new Date(gateway.now())) => maySend(db, of, now);
  assert.ok(await may({ ...sender, keyId: id }));
  await gateway.call('DELETE', `/admin/api-keys/${id}`, { token: await admin() });
  assert.not(await may({ ...sender, keyId: id }));
  assert.ok(await may({ ...sender, keyId: other.id }));
  assert.not(await may({ ...sender, keyId: other.id }, new Date('2099-01-01')), 'it ended meanwhile');
  assert.ok(await may(sender), 'its account may');
});

test('ends at its hour, even between two requests', async () => {
  const { id, key } = await makeTestKey(gateway, { accountId: await asTechnician(), expiresInDays: 1 });
  gateway.wait(DAY_MS - 1);
  assert.is(await statusOf(key), 200);
  gateway.wait(1);
  assert.is(await statusOf(key), 401);
  assert.is((await listed(id))?.state, 'expired');
});

test('ends when its account is disabled, and does not come back with it', async () => {
  const { user } = await gateway.userWith(['technician']);
  const key = await createTestKey(gateway, { accountId: user.id });
  assert.is(await statusOf(key), 200);
  for (const disabled of [true, false]) {
    await gateway.call('PATCH', `/admin/users/${user.id}`, { token: await admin(), body: { disabled } });
    assert.is(await statusOf(key), 401);
  }
});

test('ends with the sessions of its account', async () => {
  const { user, accessToken } = await gateway.userWith(['technician']);
  const { id, key } = await makeTestKey(gateway, { accountId: user.id });
  assert.is(await statusOf(key), 200);
  await gateway.call('DELETE', '/auth/sessions?which=all', { token: accessToken });
  assert.is(await statusOf(key), 401);
  assert.is((await listed(id))?.state, 'account-ended');
});

test('lives on with other roles of its account, which count at its next use', async () => {
  const { user } = await gateway.userWith(['technician']);
  const { id, key } = await makeTestKey(gateway, { accountId: user.id });
  const { db } = gateway.database;
  const sender = { accountId: user.id, deviceId: null, epoch: 0, keyId: id };
  const become = async (role: string): Promise<void> => {
    const body = { roles: [role] };
    await gateway.call('PATCH', `/admin/users/${user.id}`, { token: await admin(), body });
  };
  await become('researcher');
  assert.equal([await statusOf(key), (await listed(id))?.state], [200, 'active']);
  assert.ok(await maySend(db, sender, new Date(gateway.now())), 'a parcel that travels goes on');
  await become('auditor');
  const refused = await gateway.call('POST', '/upload/init', { token: key, body: {} });
  assert.equal([refused.status, await codeIn(refused)], [403, 'not-allowed']);
  assert.not(await maySend(db, sender, new Date(gateway.now())), 'auditors send nothing');
  const body = { password: 'another password' };
  await gateway.call('PUT', `/admin/users/${user.id}/password`, { token: await admin(), body });
  assert.equal([await statusOf(key), (await listed(id))?.state], [401, 'account-ended']);
});

test('is told what it lacks: a right of its own, or that no key may do this, or that it has ended', async () => {
  const { user } = await gateway.userWith(['technician']);
  const reads = await makeTestKey(gateway, { accountId: user.id, scopes: ['read'] });
  const sends = await createTestKey(gateway, { accountId: user.id, scopes: ['upload'] });
  const told = async (method: string, path: string, token: string) => {
    const answer = await gateway.call(method, path, { token });
    const { code, detail } = (await answer.json()) as { code: string; detail?: string };
    return [answer.status, code, detail];
  };
  const lacks = (what: string) => [403, 'key-lacks-scope', `This API key may not ${what}.`];
  assert.equal(await told('POST', '/dicom-web/studies', reads.key), lacks('send studies'));
  assert.equal(await told('GET', '/dicom-web/studies', sends), lacks('read'));
  const upload = '/upload/00000000-0000-4000-8000-000000000000';
  assert.equal(await told('DELETE', upload, sends), [403, 'not-for-keys', undefined]);
  await gateway.call('DELETE', `/admin/api-keys/${reads.id}`, { token: await admin() });
  assert.equal(await told('GET', '/auth/me', reads.key), [401, 'key-ended', undefined]);
});

type Operation = {
  readonly 'x-roles'?: unknown;
  readonly security?: readonly { readonly apiKey?: string[] }[];
};

/** Every route that somebody must be signed in for, with the scopes of keys that it takes. */
async function closedRoutes(): Promise<
  readonly { method: string; path: string; takes: readonly string[] }[]
> {
  const answer = await gateway.call('GET', '/openapi.json');
  const { paths } = (await answer.json()) as { paths: Record<string, Record<string, Operation>> };
  return Object.entries(paths).flatMap(([path, of]) =>
    Object.entries(of).flatMap(([method, { security = [], 'x-roles': roles }]) => {
      if (roles === 'public') return [];
      const takes = security.flatMap(({ apiKey = [] }) => apiKey);
      return [{ method: method.toUpperCase(), path: path.replaceAll(/\{\w+\}/g, () => randomUUID()), takes }];
    }),
  );
}

test('is told that its scope is missing, or that no key may do this, before anything about roles', async () => {
  const routes = await closedRoutes();
  assert.ok(routes.some(({ takes }) => takes.length > 0) && routes.some(({ takes }) => takes.length === 0));
  for (const role of ['technician', 'auditor'] as const) {
    const { user } = await gateway.userWith([role]);
    const keys = new Map<string, string>();
    for (const scope of API_KEY_SCOPES)
      keys.set(scope, await createTestKey(gateway, { accountId: user.id, scopes: [scope] }));
    for (const { method, path, takes } of routes) {
      const wrong = API_KEY_SCOPES.filter((scope) => !takes.includes(scope));
      for (const scope of wrong) {
        const answer = await gateway.call(method, path, { token: keys.get(scope)! });
        const code = takes.length === 0 ? 'not-for-keys' : 'key-lacks-scope';
        // An answer to HEAD has no body.
        const said = method.toUpperCase() === 'HEAD' ? code : await codeIn(answer);
        assert.equal([answer.status, said], [403, code], `${method} ${path}: ${role}, ${scope}`);
      }
    }
  }
});

test('with the scope is told of its account’s roles', async () => {
  const key = await createTestKey(gateway, { accountId: await asTechnician(), scopes: ['metrics'] });
  const answer = await gateway.call('GET', '/metrics', { token: key });
  assert.equal([answer.status, await codeIn(answer)], [403, 'not-allowed']);
});

test('cannot be guessed', async () => {
  const key = await createTestKey(gateway, { accountId: await asTechnician() });
  const flipped = key.slice(0, -2) + (key.endsWith('A') ? 'BB' : 'AA');
  const other = await openTestGateway({ start: false });
  try {
    const { key: foreign } = await makeTestKey(other, { accountId: (await other.signIn()).user.id });
    for (const guess of ['rk_', `rk_${'A'.repeat(43)}`, flipped, key.slice(0, -1), `${key}A`, foreign])
      assert.is(await statusOf(guess), 401, guess);
  } finally {
    await other.close();
  }
  assert.is(await statusOf(key), 200);
});

test('is shown once: neither the database nor the log nor a later answer holds it', async () => {
  const { id, key } = await makeTestKey(gateway, { accountId: await asTechnician() });
  await statusOf(key);
  const rows = await gateway.database.db.selectFrom('api_key').selectAll().execute();
  const trail = await gateway.database.db.selectFrom('audit').selectAll().execute();
  assert.ok(rows.some((row) => row.id === id));
  const kept = JSON.stringify([rows, trail, gateway.lines, await listed(id)]);
  assert.not.ok(kept.includes(key.slice(3, 30)));
});

test('says when it was last used, to the minute, and who made it leaves a trace', async () => {
  const { id, key } = await makeTestKey(gateway, { accountId: await asTechnician() });
  assert.is((await listed(id))?.lastUsedAt, null);
  const used: (string | null | undefined)[] = [];
  for (const ms of [0, 30_000, 40_000]) {
    gateway.wait(ms);
    await statusOf(key);
    used.push((await listed(id))?.lastUsedAt);
  }
  assert.is(used[0], used[1]);
  assert.is(Date.parse(used[2]!) - Date.parse(used[0]!), 70_000);
  await gateway.call('DELETE', `/admin/api-keys/${id}`, { token: await admin() });
  const trail = await gateway.database.db
    .selectFrom('audit')
    .select('event')
    .where('event', 'like', 'api-key-%')
    .where(sql`fields->>'keyId'`, '=', id)
    .orderBy('seq')
    .execute();
  assert.equal(
    trail.map(({ event }) => event),
    ['api-key-made', 'api-key-revoked'],
  );
});

test('is made for accounts that exist and are enabled, for two years at most', async () => {
  const accountId = await asTechnician();
  const token = await admin();
  const ask = async (change: object): Promise<number> => {
    const body = { name: 'x', accountId, scopes: ['upload'], expiresInDays: 1, ...change };
    return (await gateway.call('POST', '/admin/api-keys', { token, body })).status;
  };
  assert.is(await ask({ expiresInDays: 731 }), 422);
  assert.is(await ask({ scopes: [] }), 422);
  assert.is(await ask({ scopes: ['admin'] }), 422);
  assert.is(await ask({ accountId: '00000000-0000-4000-8000-000000000000' }), 404);
  await gateway.call('PATCH', `/admin/users/${accountId}`, { token, body: { disabled: true } });
  assert.is(await ask({}), 404);
});

test('is found on one of the pages, apart from those that have ended', async () => {
  const { user } = await gateway.signIn();
  const { id } = await makeTestKey(gateway, { accountId: user.id });
  const { db } = gateway.database;
  const row = await db
    .selectFrom('api_key')
    .select(['site_id', 'account_id', 'epoch', 'scopes', 'created_by', 'created_at', 'expires_at'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  // All of one moment: their order is by their ids.
  const many = (count: number, more: object) =>
    Array.from({ length: count }, () => ({ ...row, name: 'many', digest: randomUUID(), ...more }));
  const added = [...many(220, {}), ...many(120, { revoked_at: new Date() })];
  const made = await db.insertInto('api_key').values(added).returning(['id', 'revoked_at']).execute();
  for (const isEnded of [false, true]) {
    const keys = [];
    let next: string | null = null;
    do {
      const after: string = next === null ? '' : `after=${next}`;
      const answer: ApiKeyList = await page(`?${isEnded ? 'ended=1&' : ''}${after}`);
      keys.push(...answer.keys);
      next = answer.next;
    } while (next !== null);
    assert.is(new Set(keys.map((key) => key.id)).size, keys.length, 'none twice');
    assert.ok(keys.every(({ state }) => (state === 'active') !== isEnded));
    const named = new Set(keys.map((key) => key.id));
    assert.ok(made.every((one) => named.has(one.id) === ((one.revoked_at !== null) === isEnded)));
  }
});

test('that asks too often is refused alone: its account and its other keys are not', async () => {
  const limited = await openTestGateway({ start: false, env: { RELAY_RATE_LIMIT: '20' } });
  try {
    const { user, accessToken } = await limited.userWith(['technician']);
    const busy = await createTestKey(limited, { accountId: user.id });
    const calm = await createTestKey(limited, { accountId: user.id });
    const ask = async (token: string) => (await limited.call('GET', '/auth/me', { token })).status;
    const answers = [];
    for (let i = 0; i < 90; i += 1) answers.push(await ask(busy));
    assert.is(answers.filter((status) => status === 200).length, 20);
    assert.is(await ask(calm), 200);
    assert.is(await ask(accessToken), 200);
  } finally {
    await limited.close();
  }
});

test.run();
