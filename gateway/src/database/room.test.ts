/** Room for the database's log: kept back while there is some, given up when the disk is full, taken again. */
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openTestGateway } from '../testing/open-gateway.ts';
import { whyNotStarted } from '../why-not-started.ts';
import { FLOOR_BYTES, openRoom, RESERVE_BYTES } from './room.ts';

const test = suite('a full disk');
const MB = 1024 ** 2;
let folder = '';
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'relay-room-'));
});
test.after.each(() => rmSync(folder, { recursive: true, force: true }));

test('takes the reserve while there is room, gives it up to the database, and takes it again', async () => {
  let free = 1024 * MB;
  const room = openRoom({ folder, isReserved: true, freeBytes: async () => free });
  const path = join(folder, 'reserve');
  const steps: [number, boolean, boolean][] = [
    [1024 * MB, true, false],
    [FLOOR_BYTES - 1, true, true],
    [40 * MB, true, true],
    [5 * MB, false, true],
    // Only what the reserve gave back: it stays given up.
    [5 * MB + RESERVE_BYTES, false, true],
    [FLOOR_BYTES + RESERVE_BYTES + MB, true, false],
  ];
  for (const [now, isKept, isLow] of steps) {
    free = now;
    await room.look();
    assert.equal([now, existsSync(path), await room.isLow()], [now, isKept, isLow]);
  }
  const { size, blocks } = statSync(path);
  assert.ok(size === RESERVE_BYTES && blocks * 512 >= size, 'it takes its room on the disk');
});

test('keeps nothing back for a database elsewhere', async () => {
  const room = openRoom({ folder, isReserved: false, freeBytes: async () => 1024 * MB });
  await room.look();
  assert.not.ok(existsSync(join(folder, 'reserve')));
});

test('is answered 507 wherever something new would be taken, and said by ready; reading and signing in go on', async () => {
  let isFull = false;
  const gateway = await openTestGateway({ isFull: async () => isFull });
  const { accessToken: token } = await gateway.signIn();
  const statuses = async (): Promise<Record<string, number>> => {
    const asked: [string, string, unknown?][] = [
      ['POST', '/upload/init', {}],
      ['POST', '/upload/files'],
      ['PATCH', '/upload/files/00000000-0000-4000-8000-000000000000'],
      ['POST', '/infer', {}],
      ['POST', '/infer/batch', {}],
      ['POST', '/predict'],
      ['POST', '/models'],
      ['POST', '/admin/users', { username: 'x', password: 'correct horse battery', roles: [] }],
      ['PUT', '/admin/rules/inference', {}],
      ['GET', '/health/ready'],
      ['GET', '/health'],
      ['GET', '/health/live'],
      ['GET', '/uploads'],
      ['GET', '/audit/verify'],
      ['GET', '/auth/me'],
    ];
    const told = asked.map(async ([method, path, body]) => {
      const { status } = await gateway.call(method, path, { token, ...(body === undefined ? {} : { body }) });
      return [`${method} ${path}`, status] as const;
    });
    return Object.fromEntries(await Promise.all(told));
  };
  const before = await statuses();
  assert.is(before['GET /health/ready'], 200);
  assert.not.ok(Object.values(before).includes(507));
  isFull = true;
  const full = await statuses();
  for (const [route, status] of Object.entries(full)) {
    const isReading = route.startsWith('GET') && route !== 'GET /health/ready';
    assert.is(status, isReading ? 200 : 507, route);
  }
  assert.ok((await gateway.signIn()).accessToken, 'people still sign in');
  const said = (await (await gateway.call('GET', '/health/ready')).json()) as { code: string };
  assert.is(said.code, 'storage-full');
  const { disk, status } = (await (await gateway.call('GET', '/health')).json()) as Record<string, string>;
  assert.equal([disk, status], ['full', 'degraded']);
  isFull = false;
  assert.equal(await statuses(), before);
  await gateway.close();
});

test('is said in words when the gateway cannot start, like every other reason', async () => {
  for (const code of ['ENOSPC', 'EDQUOT', '53100']) {
    const said = await whyNotStarted(Object.assign(new Error('PLANTED'), { code }), folder);
    assert.match(said, `The disk of ${folder} is full`);
    assert.not.match(said, /PLANTED|[{}]/);
  }
  const denied = Object.assign(new Error("EACCES: permission denied, open '/data/keys'"), {
    code: 'EACCES',
    errno: -13,
  });
  assert.match(await whyNotStarted(denied, folder), "permission denied, open '/data/keys'");
  const unknown = await whyNotStarted(Object.assign(new Error('PLANTED'), { code: '57014' }), folder);
  assert.match(unknown, 'Error 57014');
  assert.not.match(unknown, /PLANTED|[{}]/);
  assert.is(await whyNotStarted(new Error('Choose another port.'), null), 'Choose another port.');
});

test.run();
