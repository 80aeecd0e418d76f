/** The doctor before servers that mean harm: every visit ends, and no word of theirs reaches a terminal raw. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask } from './ask.ts';
import { examinePacs, type PacsReport } from './examine-pacs.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

const signal = new AbortController().signal;
const clock = { now: () => 0, wait: async () => undefined };

async function visit(listener: RequestListener, run: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener);
  const port = await listenOnLoopback(server);
  try {
    await run(`http://127.0.0.1:${port}`);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
}

const examine = (url: string): Promise<PacsReport> =>
  examinePacs({ url: `${url}/pacs`, authorization: null, ca: null }, { scope: 'store', clock }, signal);

const test = suite('the doctor before a hostile server');

test('an answer without an end is read up to its limit', () =>
  visit(
    (_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, '[')));
      };
      response.on('drain', more);
      more();
    },
    async (url) => {
      const connection = { url, authorization: null, ca: null };
      const answer = await ask(connection, { url, maxBytes: 100_000 }, signal);
      assert.ok(answer.kind === 'answer');
      assert.equal([answer.body.length, answer.isWhole], [100_000, false]);
    },
  ));

test('an answer that is cut off counts as far as it came', () =>
  visit(
    (_, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('[]', () => response.destroy());
    },
    async (url) => {
      const answer = await ask({ url, authorization: null, ca: null }, { url }, signal);
      assert.ok(answer.kind === 'answer');
      assert.equal([answer.body.toString(), answer.isWhole], ['[]', false]);
      assert.equal((await examine(url)).isReached, true);
    },
  ));

test('its words are harmless in a terminal, and short', () =>
  visit(
    (_, response) => {
      response.writeHead(200, { 'content-type': `x/\u009b31m${'x'.repeat(5000)}` }).end('{}');
    },
    async (url) => {
      const { findings } = await examine(url);
      const told = findings.find(({ code }) => code === 'search-not-dicom');
      assert.ok(told);
      assert.match(told.says, 'type x/\\u009b31mxxx');
      assert.ok(told.says.length < 400);
      assert.not.match(JSON.stringify(findings), /[\u0000-\u001f\u007f-\u009f]/);
    },
  ));

test('names and UIDs of a search are neither told nor put into an address', () => {
  const asked: string[] = [];
  const uid = (Value: string) => ({ vr: 'UI', Value: [Value] });
  const row = {
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'DOE^PLANTED' }] },
    '0020000D': uid('1.2/../../admin?x=1'),
    '0020000E': uid('1.2.3'),
    '00080018': uid('1.2.4'),
  };
  return visit(
    (request, response) => {
      asked.push(request.url ?? '');
      request.resume();
      response.setHeader('content-type', 'application/dicom+json');
      response.end(JSON.stringify([row]));
    },
    async (url) => {
      const report = await examine(url);
      assert.is(report.findings.find(({ code }) => code === 'searches')?.result, 'ok');
      assert.not.match(JSON.stringify(report), 'PLANTED');
      assert.ok(asked.length > 10 && asked.every((path) => !path.includes('admin')));
    },
  );
});

test.run();
