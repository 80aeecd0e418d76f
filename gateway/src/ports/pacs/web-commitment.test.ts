/** Storage commitment over DICOMweb: what the gateway asks a PACS, and what it believes of the answer. */
import { createServer, type IncomingMessage } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';
import { createLatePacs } from './late-pacs.ts';
import { PacsDoesNotCommit, PacsUnreachable, type Pacs } from './pacs.ts';
import { createStowPacs } from './stow-pacs.ts';

type Reply = { readonly status: number; readonly body?: string };
type Asked = {
  readonly method: string;
  readonly path: string;
  readonly headers: object;
  readonly body: string;
};

const test = suite('storage commitment over DICOMweb');
const { signal } = new AbortController();
const asked: Asked[] = [];
let reply: Reply = { status: 200 };
let url = '';
let pacs: Pacs;

const server = createServer((request: IncomingMessage, response) => {
  void Array.fromAsync(request).then((pieces) => {
    const { method = '', url: path = '', headers } = request;
    if (path.includes('/studies')) return void response.end('[]');
    asked.push({ method, path, headers, body: Buffer.concat(pieces).toString() });
    response.writeHead(reply.status).end(reply.body);
  });
});
test.before(async () => {
  url = `http://127.0.0.1:${await listenOnLoopback(server)}/dicomweb`;
  pacs = createLatePacs({ url, authorization: null, commitment: true });
});
test.before.each(() => void asked.splice(0));
test.after(() => {
  server.closeAllConnections();
  server.close();
});

const TRANSACTION = '2.25.4711';
const WISH = {
  transactionUID: TRANSACTION,
  instances: ['1.2.1', '1.2.2'].map((sopInstanceUID) => ({ sopClassUID: '1.2.840.10008', sopInstanceUID })),
};
const named = (uid: string, reason?: number) => ({
  '00081155': { vr: 'UI', Value: [uid] },
  ...(reason !== undefined && { '00081197': { vr: 'US', Value: [reason] } }),
});
const result = (kept: readonly string[], failed: readonly (readonly [string, number?])[] = []) => ({
  '00081198': { vr: 'SQ', Value: failed.map(([uid, reason]) => named(uid, reason)) },
  '00081199': { vr: 'SQ', Value: kept.map((uid) => named(uid)) },
});

/** The PACS answers so: what was read of it. */
async function told(status: number, body?: unknown, check = false) {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  reply = { status, ...(text !== undefined && { body: text }) };
  const work = check ? pacs.checkCommitment!(TRANSACTION, signal) : pacs.askCommitment!(WISH, signal);
  return work.then(
    (report) => report && { committed: [...report.committed], failed: [...report.failed] },
    (error: unknown) =>
      error instanceof PacsDoesNotCommit
        ? 'does not commit'
        : error instanceof PacsUnreachable
          ? 'unreachable'
          : error,
  );
}

test('asks about each instance under the transaction of the address', async () => {
  assert.equal(await told(200, result(['1.2.1', '1.2.2'])), { committed: ['1.2.1', '1.2.2'], failed: [] });
  const [{ method, path, headers, body }] = asked as [Asked];
  assert.equal([method, path], ['POST', `/dicomweb/commitment-requests/${TRANSACTION}`]);
  const { 'content-type': type, accept } = headers as Record<string, string>;
  assert.equal([type, accept], ['application/dicom+json', 'application/dicom+json']);
  const item = (uid: string) => ({
    '00081150': { vr: 'UI', Value: ['1.2.840.10008'] },
    '00081155': { vr: 'UI', Value: [uid] },
  });
  assert.equal(JSON.parse(body), { '00081199': { vr: 'SQ', Value: [item('1.2.1'), item('1.2.2')] } });
});

test('believes the failure of an instance that is named as kept and as failed', async () => {
  const both = result(['1.2.1', '1.2.2'], [['1.2.1', 0x0112], ['1.2.3']]);
  assert.equal(await told(200, both), {
    committed: ['1.2.2'],
    failed: [
      ['1.2.1', 0x0112],
      ['1.2.3', 0x0110],
    ],
  });
  assert.equal(await told(200, [both], true), await told(200, both), 'a list of one Data Set');
  const items =
    '<Item number="1"><DicomAttribute tag="00081155" vr="UI"><Value>1.2.1</Value></DicomAttribute></Item>';
  const xml = `<NativeDicomModel><DicomAttribute tag="00081199" vr="SQ">${items}</DicomAttribute></NativeDicomModel>`;
  assert.equal(await told(200, xml), { committed: ['1.2.1'], failed: [] });
});

test('waits for the result where it is told to, and asks for it by the transaction', async () => {
  assert.is(await told(202), null);
  assert.is(await told(202, result(['1.2.1']), true), null, 'a result before it is one');
  assert.equal([asked[1]!.method, asked[1]!.path], ['GET', `/dicomweb/commitment-requests/${TRANSACTION}`]);
  assert.equal(await told(200, result(['1.2.1']), true), { committed: ['1.2.1'], failed: [] });
  for (const status of [404, 410])
    assert.equal(await told(status, result(['1.2.1']), true), { committed: [], failed: [] }, `${status}`);
});

test('takes nothing else for a result', async () => {
  const others = ['<html>It works</html>', '', '{}', '[]', 'null', '{"00081190":{"vr":"UR"}}', '["x"]'];
  for (const check of [false, true]) {
    for (const body of others) assert.is(await told(200, body, check), 'does not commit', `${check} ${body}`);
    for (const status of [201, 204, 400, 405, 415, 500, 501])
      assert.is(
        await told(status, status === 204 ? undefined : result(['1.2.1']), check),
        'does not commit',
        `${status}`,
      );
    for (const status of [401, 403, 429, 503])
      assert.is(await told(status, result(['1.2.1']), check), 'unreachable', `${status}`);
    const long = `${JSON.stringify(result(['1.2.1']))}${' '.repeat(32 * 1024 * 1024)}`;
    assert.is(await told(200, long, check), 'unreachable', 'too long');
  }
  assert.is(await told(404), 'does not commit');
  assert.is(await told(409, result(['1.2.1'])), 'unreachable', 'a transaction that was used before');
});

test('that a PACS does not offer is found by a question about an instance that nobody has', async () => {
  const probed = async (status: number): Promise<unknown> => {
    reply = { status, body: JSON.stringify(result([], [['1.2.1', 0x0112]])) };
    return pacs.probe(signal).catch((error: unknown) => error);
  };
  assert.is(await probed(200), undefined);
  assert.is(await probed(202), undefined);
  for (const status of [404, 405, 501]) assert.instance(await probed(status), PacsDoesNotCommit);
  assert.is(new Set(asked.map(({ path }) => path)).size, 5, 'each under a transaction of its own');
});

test('is not asked for where nobody wants it', async () => {
  const without = createStowPacs({ url, authorization: null });
  assert.equal([without.askCommitment, without.checkCommitment], [undefined, undefined]);
  await without.probe(signal);
  assert.equal(asked, []);
});

test.run();
