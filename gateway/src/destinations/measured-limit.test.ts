/** The limit of a request that *Test* found at a destination stays with it, until larger requests pass. */
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Destination } from '#shared/protocol/destination.ts';
import { startLyingPacs } from '../testing/lying-dicomweb.ts';
import { jsonOf } from '../testing/open-cases.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { findDestination, keepBatchSize } from './destination.store.ts';

const test = suite('the limit of a request that Test found');
const MIB = 1024 * 1024;

let gateway: TestGateway;
test.before(async () => {
  gateway = await openTestGateway();
});
test.after(() => gateway.close());

/** As a proxy with its usual settings: it says no as soon as too large a body is announced. */
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
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  const { pathname } = new URL(target);
  const close = () => new Promise<unknown>((done) => server.close(done));
  return { allowed, url: `http://127.0.0.1:${port}${pathname}`, close };
}

test('is said after a reload, requests begin below it, and it goes once larger ones pass', async () => {
  const pacs = await startLyingPacs({ instances: [], now: Date.now });
  const proxy = await openProxy(pacs.url);
  try {
    const { accessToken: token } = await gateway.signIn();
    const web = { kind: 'dicomweb', name: 'behind', url: proxy.url, ca: null, certificate: null };
    const made = { token, status: 201, body: { ...web, authentication: { kind: 'none' } } };
    const { id } = await jsonOf<Destination>(gateway, 'POST /admin/destinations', made);
    const examine = () =>
      jsonOf(gateway, `POST /admin/destinations/${id}/test`, { token, body: { scope: 'all' } });
    const listed = async () => {
      const all = await jsonOf<{ destinations: Destination[] }>(gateway, 'GET /admin/destinations', {
        token,
      });
      const { limit, refused, tuning, version } = all.destinations.find((one) => one.id === id)!;
      return { limit: limit?.bytes ?? null, refused, batch: tuning.batchBytes, version };
    };
    await examine();
    const found = await listed();
    assert.equal([found.limit, found.refused, found.batch], [MIB, null, (MIB * 15) / 16]);
    const { db } = gateway.database;
    const rows = db.selectFrom('destination').select('site_id').where('id', '=', id);
    const row = await findDestination(db, (await rows.executeTakeFirstOrThrow()).site_id, id);
    gateway.wait(60_000);
    await examine();
    assert.is((await listed()).version, found.version, 'the connection stays while the limit does');
    const refusedAt = row.refused_at;
    await keepBatchSize(db, row, { bytes: MIB / 2, refusedBytes: row.refused_bytes, refusedAt });
    const later = await listed();
    assert.equal([later.limit, later.refused], [MIB, null], 'a smaller aim says nothing of it');
    proxy.allowed.bytes = 4 * MIB;
    await keepBatchSize(db, row, { bytes: MIB, refusedBytes: 2 * MIB, refusedAt: new Date() });
    await examine();
    const higher = await listed();
    assert.equal([higher.limit, higher.refused], [4 * MIB, null], 'measured above a refusal of before');
    proxy.allowed.bytes = 256 * MIB;
    await examine();
    const raised = await listed();
    assert.equal([raised.limit, raised.refused, raised.batch], [null, null, null]);
  } finally {
    await proxy.close();
    await pacs.close();
  }
});

test.run();
