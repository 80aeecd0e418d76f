import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';
import { createPacsHttp } from './pacs-http.ts';
import { fieldsOf } from '../../testing/fields-of.ts';

const test = suite('bytes on their way to a PACS');
/** More than the system takes from a process while nobody reads. */
const LARGE_BYTES = 32 * 1024 ** 2;

test('stay until the system has them, and are given back then', async () => {
  const pieces = [5, 6, 7].map((byte) => new Uint8Array(LARGE_BYTES).fill(byte));
  const digest = createHash('sha256');
  for (const piece of pieces) digest.update(piece);
  const whileHeld: number[] = [];
  const server = createServer((request, response) => {
    const got = createHash('sha256');
    request.once('data', () => whileHeld.push(pieces[0]!.length));
    request.on('data', (piece: Buffer) => got.update(piece));
    request.on('end', () => response.end(got.digest('hex')));
  });
  const url = `http://127.0.0.1:${await listenOnLoopback(server)}/`;
  const http = createPacsHttp({ url, authorization: null });
  const answer = await http.exchange(
    url,
    {
      ...{ method: 'POST', accept: '*/*', contentType: 'application/dicom' },
      contentLength: LARGE_BYTES * pieces.length,
      body: (async function* () {
        yield* pieces;
      })(),
    },
    new AbortController().signal,
    async ({ body }) => (await Array.fromAsync(body)).join(''),
  );
  server.closeAllConnections();
  server.close();
  assert.is(answer, digest.digest('hex'));
  assert.equal(whileHeld, [LARGE_BYTES]);
  assert.equal(fieldsOf(pieces, 'length'), [0, 0, 0]);
});

test.run();
