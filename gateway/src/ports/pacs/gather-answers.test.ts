/** Answers that their server cut into single bytes: the same bytes, in few pieces, of which no turn takes many. */
import { createServer, type Server } from 'node:net';
import type { Dispatcher } from 'undici';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';
import { failsWith } from '../../testing/failing.ts';
import { turnsWithin } from '../../testing/turns-within.ts';
import { gatherAnswers, PIECES_A_TURN } from './gather-answers.ts';
import { createPacsAgent, fetchBy } from './pacs-agent.ts';
import { createPacsHttp } from './pacs-http.ts';
import { PacsUnreachable } from './pacs.ts';

const test = suite('an answer in small chunks');
const servers: Server[] = [];
test.after(() => {
  for (const server of servers) server.close();
});

const { signal } = new AbortController();
const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const BYTES = 60_000;
const ONES = Buffer.from(Array.from({ length: BYTES }, (_, at) => at & 0xff));

/** The address of a server that answers all at once, and `isCut` ends the connection before the last chunk. */
async function listen(isCut = false): Promise<string> {
  const chunks = Array.from(ONES, (byte) => Buffer.concat([Buffer.from('1\r\n'), Buffer.of(byte, 13, 10)]));
  const head = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
  const answer = Buffer.concat([head, ...chunks, Buffer.from(isCut ? '' : '0\r\n\r\n')]);
  const server = createServer((socket) => {
    socket.once('data', () => (isCut ? socket.end(answer) : socket.write(answer)));
    socket.on('error', () => undefined);
  });
  servers.push(server);
  return `http://127.0.0.1:${await listenOnLoopback(server)}/`;
}

const ask = (url: string): Promise<Uint8Array[]> =>
  createPacsHttp({ url, authorization: null }).exchange(url, { accept: '*/*' }, signal, ({ body }) =>
    Array.fromAsync(body),
  );

test('comes as few pieces over many turns of the event loop, whoever asks', async () => {
  const fetch = fetchBy(createPacsAgent());
  const asking = { ask, fetch: async (url: string) => Array.fromAsync((await fetch(url)).body!) };
  for (const [name, get] of Object.entries(asking)) {
    const url = await listen();
    let pieces: Uint8Array[] = [];
    const turns = await turnsWithin(async () => {
      pieces = await get(url);
    });
    assert.ok(Buffer.concat(pieces).equals(ONES), name);
    const most = Math.ceil(BYTES / PIECES_A_TURN);
    assert.ok(pieces.length <= 2 * most, `${name}: ${pieces.length} pieces`);
    const kept = new Set(pieces.map(({ buffer }) => buffer));
    const keptBytes = [...kept].reduce((sum, { byteLength }) => sum + byteLength, 0);
    assert.ok(keptBytes <= 8 * BYTES, `${name}: ${keptBytes} bytes kept`);
    assert.ok(turns >= most - 1, `${name}: ${turns} turns`);
  }
});

test('is known to be cut where it ends early', async () => {
  await failsWith(ask(await listen(true)), PacsUnreachable);
});

/** Undici's side of an answer: it gives no piece while it is paused. */
class Source implements Dispatcher.DispatchController {
  aborted = false;
  paused = false;
  reason = null;
  abort(): void {}
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
}

test('waits for a reader who reads nothing', async () => {
  const source = new Source();
  const read: Buffer[] = [];
  const readers: Dispatcher.DispatchController[] = [];
  const dispatch = gatherAnswers((_options, handler) => {
    handler.onRequestStart!(source, null);
    for (const byte of ONES) {
      if (source.paused) break;
      handler.onResponseData!(source, Buffer.of(byte));
    }
    return true;
  });
  dispatch({} as Dispatcher.DispatchOptions, {
    onResponseData(reader, piece) {
      readers.push(reader);
      read.push(piece);
      reader.pause();
    },
  });
  assert.equal([source.paused, read.length], [true, 0], 'the turn has had enough');
  await nextTurn();
  assert.equal([source.paused, Buffer.concat(read).length], [true, PIECES_A_TURN], 'so has the reader');
  readers[0]!.resume();
  assert.is(source.paused, false);
});

test.run();
