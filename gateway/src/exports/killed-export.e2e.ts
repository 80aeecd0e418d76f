// test:all: a kill in a rare moment; exports/run-export.test guards that a job begins again
/** SIGKILL while an export reads images: the next life makes the file again from the start, whole and once. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case } from '#shared/protocol/cases.ts';
import type { Export } from '#shared/protocol/exports.ts';
import { listArchive } from '#shared/ingest/archive.ts';
import { skipped } from '#testing/environment.ts';
import { createGatewayUnderTest, until, type GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { startRecordingProxy, type RecordingProxy } from '#testing/recording-proxy.ts';
import { findOrthanc, startOrthanc } from '../../../scripts/system/orthanc.ts';
import { freePort } from '../../../scripts/system/ports.ts';
import { ADMIN_PASSWORD, upload } from '../testing/killed-study.ts';
import { testFilm } from '../testing/open-subject.ts';

const CASES = 8;
const SEED = 7400;

const test = suite('exports of a gateway that is killed');

type World = { readonly gateway: GatewayUnderTest; readonly proxy: RecordingProxy; readonly data: string };

async function call(
  gateway: GatewayUnderTest,
  request: string,
  token: string,
  body?: object,
): Promise<Response> {
  const [method = '', path = ''] = request.split(' ');
  return fetch(`${gateway.api}${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
async function signIn(gateway: GatewayUnderTest): Promise<string> {
  const body = { username: 'admin', password: ADMIN_PASSWORD };
  const answer = await call(gateway, 'POST /auth/login', '', body);
  return ((await answer.json()) as { accessToken: string }).accessToken;
}

/** Films in the PACS, and a case of each. */
async function openCases({ gateway }: World, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const films = Array.from({ length: CASES }, (_, at) =>
    testFilm({ seed: SEED + at, rows: 512, columns: 512 }),
  );
  for (const [at, { bytes }] of films.entries()) await writeFile(join(folder, `${at}.dcm`), bytes);
  const sent = await upload(folder, gateway.api);
  assert.is(sent.code, 0, sent.stderr);
  const token = await signIn(gateway);
  for (const { identifiers } of films) {
    const body = { title: 'A film', studies: [identifiers.studyInstanceUID] };
    const answer = await call(gateway, 'POST /cases', token, body);
    assert.ok(((await answer.json()) as Case).number > 0);
  }
}

/** Asked for, killed while it reads an image for which it has read others before, and ready in the next life. */
async function killInExport({ gateway, proxy, data }: World, template: string): Promise<[Export, Buffer]> {
  const id = randomUUID();
  const asked = { id, template, selection: { filter: {} }, purpose: 'A test' };
  const before = proxy.seen['read-back'];
  const token = await signIn(gateway);
  assert.is((await call(gateway, 'POST /exports', token, asked)).status, 201);
  await until('some images to be read', () => proxy.seen['read-back'] > before + 1);
  const held = proxy.hold('read-back');
  await held.reached;
  const running = (await (await call(gateway, `GET /exports/${id}`, token)).json()) as Export;
  assert.is(running.state, 'running');
  await gateway.kill();
  held.release();
  await gateway.start();
  const again = await signIn(gateway);
  const early = await call(gateway, `GET /exports/${id}/file`, again);
  assert.ok(early.status === 409 || early.status === 200, `${early.status}: nothing or the whole file`);
  const ready = await until('the export to be ready', async () => {
    const now = (await (await call(gateway, `GET /exports/${id}`, again)).json()) as Export;
    return now.state === 'ready' && now;
  });
  const file = Buffer.from(await (await call(gateway, `GET /exports/${id}/file`, again)).arrayBuffer());
  assert.equal([ready.rows, ready.done, ready.bytes], [CASES, CASES, file.length]);
  assert.is(createHash('sha256').update(file).digest('hex'), ready.sha256);
  assert.is(
    (await readdir(join(data, 'keys', 'exports'))).length,
    await countReady(gateway, again),
    'a key a file',
  );
  return [ready, file];
}

async function countReady(gateway: GatewayUnderTest, token: string): Promise<number> {
  const { exports } = (await (await call(gateway, 'GET /exports', token)).json()) as { exports: Export[] };
  return exports.filter(({ state }) => state === 'ready').length;
}

const orthancHere = await findOrthanc();
if (orthancHere === null) skipped('exports of a gateway that is killed', 'no Orthanc');
else
  test('a report and a set are made again from the start: whole, once, and nothing is left of the first', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'relay-killed-exports-'));
    const orthanc = await startOrthanc({ folder: join(folder, 'pacs'), port: await freePort() });
    const proxy = await startRecordingProxy(orthanc.url);
    const data = join(folder, 'data');
    const gateway = createGatewayUnderTest({
      ...{ port: await freePort(), webPort: await freePort(), dataDir: data, adminPassword: ADMIN_PASSWORD },
      pacs: { url: proxy.url, authorization: orthanc.authorization },
    });
    const world = { gateway, proxy, data };
    try {
      await gateway.start();
      await openCases(world, join(folder, 'films'));
      const [, report] = await killInExport(world, 'report-limited');
      assert.is(report.toString('latin1').split('/Subtype /Image').length - 1, CASES);
      const [, set] = await killInExport(world, 'instances-limited');
      const members = await listArchive(new Blob([new Uint8Array(set)]));
      const images = members.filter(({ path }) => path.startsWith('PAT'));
      assert.is(new Set(images.map(({ path }) => path)).size, CASES);
      assert.is(images.length, CASES);
      const answer = await call(gateway, 'GET /exports', await signIn(gateway));
      assert.is(((await answer.json()) as { exports: Export[] }).exports.length, 2);
    } finally {
      await gateway.stop();
      await proxy.stop();
      await orthanc.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });

test.run();
