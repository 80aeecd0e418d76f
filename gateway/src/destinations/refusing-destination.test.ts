// test:all: minutes of a limit pass; ill-pacs.test.ts guards refusals by day
/**
 * A destination says what is wrong with it, and until when: it refuses every store, has a limit, or was mended while
 * studies waited for it.
 */
import { mkdir, mkdtemp, rm, symlink, unlink } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { UploadStatus } from '#shared/protocol/api.ts';
import type { Destination, DestinationExamination } from '#shared/protocol/destination.ts';
import { until } from '#testing/gateway-under-test.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { startLyingPacs } from '../testing/lying-dicomweb.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';
import { jsonOf, makeDestination } from '../testing/open-cases.ts';
import { askOf, sendStudy } from '../testing/open-film.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { disprovedBy } from './apply-measured.ts';
import { HONEST, type Conduct } from '../testing/web-conduct.ts';
import { findDestination, keepBatchSize } from './destination.store.ts';

const test = suite('a destination');
const MIB = 1024 * 1024;

let gateway: TestGateway;
let root: string;
let admin: { token: string };
test.before(async () => {
  root = await mkdtemp(join(tmpdir(), 'relay-folders-'));
  gateway = await openTestGateway({ env: { RELAY_FOLDER_ROOT: root } });
});
test.before.each(async () => {
  admin = { token: (await gateway.signIn()).accessToken };
});
test.after(async () => {
  await gateway.close();
  await rm(root, { recursive: true });
});

const makePrimary = async (of: object): Promise<string> => {
  const { id } = await makeDestination(gateway, admin, of);
  await jsonOf(gateway, `POST /admin/destinations/${id}/primary`, admin);
  return id;
};
const shown = async (id: string): Promise<Destination> => {
  const path = 'GET /admin/destinations';
  const { destinations } = await jsonOf<{ destinations: Destination[] }>(gateway, path, admin);
  return destinations.find((one) => one.id === id)!;
};
const examine = (id: string, scope: 'reach' | 'all' = 'all') =>
  jsonOf<DestinationExamination>(gateway, `POST /admin/destinations/${id}/test`, {
    ...admin,
    body: { scope },
  });
const statusOf = (token: string, uploadId: string) =>
  jsonOf<UploadStatus>(gateway, `GET /upload/${uploadId}/status`, { token });

const { instances } = syntheticStudy({ seed: 4115, instancesPerSeries: 2, rows: 8, columns: 8 });
const busy = (status: number): Conduct => ({
  ...HONEST,
  keeps: 'none',
  answers: { store: { status, body: 'busy' } },
});
const page = (status: number): Conduct => ({
  ...HONEST,
  keeps: 'none',
  answers: { store: { status, body: 'html' } },
});
const OUT_OF_RESOURCES = 0xa700;
const CONDUCTS: readonly (readonly [string, number | null, Conduct])[] = [
  [
    '400 in DICOM, naming nobody',
    400,
    { ...HONEST, declines: new Set(instances.map(({ identifiers }) => identifiers.sopInstanceUID)) },
  ],
  ['400 and a page', 400, page(400)],
  ['500 and a page', 500, page(500)],
  ['507: no room', 507, page(507)],
  ['200, naming each out of resources', null, busy(200)],
  ['409, naming each out of resources', null, busy(409)],
  ['403', 403, page(403)],
];

for (const [at, [name, status, conduct]] of CONDUCTS.entries())
  test(`that answers every store with ${name}: says so until it takes instances again`, async () => {
    const pacs = await startLyingPacs({ instances: studyOf(at), now: Date.now });
    try {
      const { accessToken: token } = await gateway.userWith(['technician']);
      const id = await makePrimary({ name: `night-${at}`, url: pacs.url });
      const refused = async () => (await shown(id)).refused;
      pacs.conduct = conduct;
      const uploadId = await sendStudy(askOf(gateway), token, studyOf(at));
      await until('the destination to say what it answers', async () => (await refused()) !== null);
      const said = await refused();
      const code = status === null ? OUT_OF_RESOURCES : null;
      assert.equal([said!.status, said!.code, said!.bytes], [status, code, null]);
      assert.ok(Math.abs(Date.parse(said!.at) - gateway.now().getTime()) < 60_000);
      pacs.conduct = HONEST;
      await gateway.database.db.updateTable('instance').set({ offered_minute: -1000 }).execute();
      await examine(id);
      await until('the study to arrive', async () => (await statusOf(token, uploadId)).state === 'closed');
      assert.is(await refused(), null);
    } finally {
      await pacs.close();
    }
  });

/** A study for each test: the gateway takes no study twice. */
const studyOf = (at: number) =>
  at === 0
    ? instances
    : syntheticStudy({ seed: 4115 + at, instancesPerSeries: 2, rows: 8, columns: 8 }).instances;

const LEARNED = { batch_bytes: 1_000_000, refused_bytes: 6_000_000, refused_at: new Date() };

test('a limit that was learned is dropped once a test measures that larger requests pass', async () => {
  const pacs = await startLyingPacs({ instances: [], now: Date.now });
  try {
    const { id, version } = await makeDestination(gateway, admin, { name: 'raised', url: pacs.url });
    await gateway.database.db.updateTable('destination').set(LEARNED).where('id', '=', id).execute();
    const tested = async (scope: 'reach' | 'all') => {
      await examine(id, scope);
      const { tuning, refused, version: now } = await shown(id);
      return [tuning.batchBytes, refused?.bytes ?? null, now];
    };
    assert.equal(await tested('reach'), [1_000_000, 6_000_000, version], 'a short look measures nothing');
    assert.equal(await tested('all'), [null, null, version + 1]);
  } finally {
    await pacs.close();
  }
});

test('a measured limit disproves no refusal of a larger request', () => {
  const settings = { lagMinutes: null, proof: null, batchBytes: null, bodyBytes: 8_000_000 };
  const by = (refused_bytes: number | null, code = 'bodies-limited') => {
    const finding = { code, title: '', result: 'warn', says: '', change: [] as string[] } as const;
    return disprovedBy({ settings, findings: [finding] }, { refused_bytes });
  };
  assert.equal(by(9_000_000), { limit: false, refusal: false });
  assert.equal(by(8_000_000), { limit: true, refusal: false });
  assert.equal(by(null, 'stored'), { limit: false, refusal: true });
});

/** A proxy with the usual settings: it says no as soon as too large a body is announced. */
async function openProxy(target: string) {
  const allowed = { bytes: MIB };
  const isTooLarge = ({ headers }: IncomingMessage): boolean =>
    Number(headers['content-length'] ?? 0) > allowed.bytes;
  const answer = (asked: IncomingMessage, response: ServerResponse): void => {
    if (isTooLarge(asked))
      return void response.writeHead(413, { connection: 'close' }).end('<html>413</html>');
    const { method, headers } = asked;
    const url = new URL(asked.url ?? '/', target);
    const onward = request(url, { method, headers: { ...headers, host: url.host } }, (came) => {
      response.writeHead(came.statusCode ?? 502, came.headers);
      came.pipe(response);
    });
    onward.on('error', () => response.destroy());
    asked.pipe(onward);
  };
  const server = createServer(answer);
  server.on('checkContinue', (asked: IncomingMessage, response: ServerResponse) => {
    if (!isTooLarge(asked)) response.writeContinue();
    delete asked.headers.expect;
    answer(asked, response);
  });
  const port = await listenOnLoopback(server);
  const { pathname } = new URL(target);
  const close = () => new Promise<unknown>((done) => server.close(done));
  return { allowed, url: `http://127.0.0.1:${port}${pathname}`, close };
}

test('with a limit that Test found says it after a reload, requests begin below it, and it goes once larger ones pass', async () => {
  const pacs = await startLyingPacs({ instances: [], now: Date.now });
  const proxy = await openProxy(pacs.url);
  try {
    const { id } = await makeDestination(gateway, admin, { name: 'behind', url: proxy.url });
    const listed = async () => {
      const { limit, refused, tuning, version } = await shown(id);
      return { limit: limit?.bytes ?? null, refused, batch: tuning.batchBytes, version };
    };
    await examine(id);
    const found = await listed();
    assert.equal([found.limit, found.refused, found.batch], [MIB, null, (MIB * 15) / 16]);
    const { db } = gateway.database;
    const rows = db.selectFrom('destination').select('site_id').where('id', '=', id);
    const row = await findDestination(db, (await rows.executeTakeFirstOrThrow()).site_id, id);
    gateway.wait(60_000);
    await examine(id);
    assert.is((await listed()).version, found.version, 'the connection stays while the limit does');
    const refusedAt = row.refused_at;
    await keepBatchSize(db, row, { bytes: MIB / 2, refusedBytes: row.refused_bytes, refusedAt });
    const later = await listed();
    assert.equal([later.limit, later.refused], [MIB, null], 'a smaller aim says nothing of it');
    proxy.allowed.bytes = 4 * MIB;
    await keepBatchSize(db, row, { bytes: MIB, refusedBytes: 2 * MIB, refusedAt: new Date() });
    await examine(id);
    const higher = await listed();
    assert.equal([higher.limit, higher.refused], [4 * MIB, null], 'measured above a refusal of before');
    proxy.allowed.bytes = 256 * MIB;
    await examine(id);
    const raised = await listed();
    assert.equal([raised.limit, raised.refused, raised.batch], [null, null, null]);
  } finally {
    await proxy.close();
    await pacs.close();
  }
});

test('that was mended gets the studies that wait for it as soon as its test is well', async () => {
  const { accessToken: token } = await gateway.userWith(['technician']);
  const id = await makePrimary({ kind: 'folder', name: 'night', url: 'night' });
  const { instances: film } = syntheticStudy({ seed: 15, instancesPerSeries: 1, rows: 8, columns: 8 });
  const uploadId = await sendStudy(askOf(gateway), token, film);
  const status = () => statusOf(token, uploadId);
  await until('the study to wait', async () => (await status()).waiting?.because === 'pacs-settings-wrong');
  const hourAgo = new Date(gateway.now().getTime() - 3_600_000);
  await gateway.database.db.updateTable('study').set({ waiting_since: hourAgo }).execute();
  gateway.lines.splice(0);
  await until('the longest pause', () => gateway.lines.some(({ seconds }) => seconds === 30));
  assert.is((await status()).waiting?.since, hourAgo.toISOString());
  const next = async () => {
    const { rows } = await sql<{ at: Date }>`select max(start_after) as at from jobs.job
      where name = 'forward'`.execute(gateway.database.db);
    return rows[0]!.at;
  };
  const putOffTo = await next();
  await mkdir(join(root, 'night'));
  assert.is.not((await examine(id)).verdict?.result, 'fail');
  await until('the study to arrive', async () => (await status()).state === 'closed');
  assert.ok((await next()) < putOffTo, 'its next attempt was brought forward');
});

test('that is a folder names the link for which a study waits, and gets the study once it is gone', async () => {
  const { accessToken: token } = await gateway.userWith(['technician']);
  const id = await makePrimary({ kind: 'folder', name: 'shared', url: 'shared' });
  const { instances: film } = syntheticStudy({ seed: 16, instancesPerSeries: 1, rows: 8, columns: 8 });
  const { studyInstanceUID } = film[0]!.identifiers;
  await mkdir(join(root, 'shared'));
  await symlink(tmpdir(), join(root, 'shared', studyInstanceUID));
  const uploadId = await sendStudy(askOf(gateway), token, film);
  const status = () => statusOf(token, uploadId);
  await until('the study to wait', async () => (await status()).waiting?.because === 'pacs-settings-wrong');
  const { verdict } = await examine(id);
  assert.is(verdict?.code, 'foreign-entry');
  assert.match(verdict!.says, `shared/${studyInstanceUID}`);
  await unlink(join(root, 'shared', studyInstanceUID));
  assert.is.not((await examine(id)).verdict?.result, 'fail');
  await until('the study to arrive', async () => (await status()).state === 'closed');
});

test.run();
