/** Studies that wait for a destination carry on as soon as an administrator has mended and tested it. */
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { UploadStatus } from '#shared/protocol/api.ts';
import type { Destination, DestinationExamination } from '#shared/protocol/destination.ts';
import { until } from '#testing/gateway-under-test.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { jsonOf } from '../testing/open-cases.ts';
import { askOf, sendStudy } from '../testing/open-film.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';

const test = suite('a destination that was mended');

let root = '';
let gateway: TestGateway;
test.before(async () => {
  root = await mkdtemp(join(tmpdir(), 'relay-folders-'));
  gateway = await openTestGateway({ env: { RELAY_FOLDER_ROOT: root } });
});
test.after(async () => {
  await gateway.close();
  await rm(root, { recursive: true });
});

test('gets the studies that wait for it as soon as its test is well', async () => {
  const { accessToken: admin } = await gateway.signIn();
  const { accessToken: token } = await gateway.userWith(['technician']);
  const folder = { kind: 'folder', name: 'night', url: 'night', ca: null, certificate: null };
  const body = { ...folder, authentication: { kind: 'none' } };
  const { id } = await jsonOf<Destination>(gateway, 'POST /admin/destinations', {
    ...{ token: admin, status: 201, body },
  });
  await jsonOf(gateway, `POST /admin/destinations/${id}/primary`, { token: admin });
  const { instances } = syntheticStudy({ seed: 15, instancesPerSeries: 1, rows: 8, columns: 8 });
  const uploadId = await sendStudy(askOf(gateway), token, instances);
  const status = () => jsonOf<UploadStatus>(gateway, `GET /upload/${uploadId}/status`, { token });
  await until('the study to wait', async () => (await status()).waiting?.because === 'pacs-settings-wrong');
  const hourAgo = new Date(gateway.now().getTime() - 3_600_000);
  await gateway.database.db.updateTable('study').set({ waiting_since: hourAgo }).execute();
  await until('the longest pause', () => gateway.lines.some(({ seconds }) => seconds === 30));
  assert.is((await status()).waiting?.since, hourAgo.toISOString());
  const next = async () => {
    const { rows } = await sql<{ at: Date }>`select max(start_after) as at from jobs.job
      where name = 'forward'`.execute(gateway.database.db);
    return rows[0]!.at;
  };
  const putOffTo = await next();
  await mkdir(join(root, 'night'));
  const test = { token: admin, body: { scope: 'all' } };
  const found = await jsonOf<DestinationExamination>(gateway, `POST /admin/destinations/${id}/test`, test);
  assert.is.not(found.verdict?.result, 'fail');
  await until('the study to arrive', async () => (await status()).state === 'closed');
  assert.ok((await next()) < putOffTo, 'its next attempt was brought forward');
});

test.run();
