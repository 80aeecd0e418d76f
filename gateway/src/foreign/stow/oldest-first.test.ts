/** Bodies of one account that come at once: the oldest is whole first, and none waits for bytes that are not here. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createOldestFirst, type OldestFirst } from './oldest-first.ts';

const test = suite('bodies that come at once');
const PIECES = 5;

async function* ready(name: string): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < PIECES; at += 1) yield Buffer.from(name);
}

/** A body whose first piece is here, the others once `come` resolves. */
async function* slow(name: string, come: Promise<void>): AsyncGenerator<Uint8Array> {
  yield Buffer.from(name);
  await come;
  yield* ready(name);
}

/** Takes every piece as a blob does, which waits for the disk. */
async function take(inTurn: OldestFirst, body: AsyncIterable<Uint8Array>, taken: string[], account = 'a') {
  for await (const piece of inTurn(account, body)) {
    await new Promise(setImmediate);
    taken.push(Buffer.from(piece).toString());
  }
}

test('the oldest is taken first, whatever has come of the others', async () => {
  const taken: string[] = [];
  const inTurn = createOldestFirst(() => 0);
  await Promise.all(['1', '2', '3'].map((name) => take(inTurn, ready(name), taken)));
  assert.is(taken.join(''), '111112222233333');
});

test('a body whose bytes are not here yet holds up no younger one', async () => {
  const taken: string[] = [];
  const inTurn = createOldestFirst(() => 0);
  const come = Promise.withResolvers<void>();
  const older = take(inTurn, slow('1', come.promise), taken);
  await take(inTurn, ready('2'), taken);
  assert.is(taken.join(''), '122222');
  come.resolve();
  await older;
  assert.is(taken.join(''), '12222211111');
});

test('one that has waited for five seconds has a turn, however much comes of the older ones', async () => {
  const taken: string[] = [];
  let now = 0;
  const inTurn = createOldestFirst(() => now);
  const stop = Promise.withResolvers<void>();
  let isOver = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    while (!isOver) yield Buffer.from('1');
  }
  async function* young(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('2');
    stop.resolve();
    yield Buffer.from('2');
  }
  const older = take(inTurn, endless(), taken);
  const younger = take(inTurn, young(), taken);
  const pass = async (ms: number) => {
    now += ms;
    const before = taken.length;
    while (taken.length < before + PIECES) await new Promise(setImmediate);
  };
  await pass(0);
  await pass(4_999);
  assert.not.ok(taken.includes('2'), 'it waits, as long as nobody gives it up');
  await pass(1);
  assert.is(taken.filter((name) => name === '2').length, 1, 'one piece, and it waits again');
  await stop.promise;
  isOver = true;
  await Promise.all([older, younger]);
});

test('one that ends, or breaks off, lets the next one go on, and accounts do not wait for each other', async () => {
  const taken: string[] = [];
  const inTurn = createOldestFirst(() => 0);
  for await (const _ of inTurn('a', ready('1'))) break;
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('2');
    throw new Error('cut');
  }
  const [cut] = await Promise.allSettled([
    take(inTurn, broken(), taken),
    take(inTurn, ready('3'), taken),
    take(inTurn, ready('4'), taken, 'b'),
  ]);
  assert.is(cut.status, 'rejected');
  assert.is([...taken].sort().join(''), '23333344444');
  assert.ok(taken.indexOf('4') < taken.lastIndexOf('3'));
});

test.run();
