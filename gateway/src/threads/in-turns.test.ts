/** Large work leaves the event loop its turns. */
import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { A_TURN, digestInTurns, inTurns } from './in-turns.ts';

const test = suite('work in turns');

/** How often the event loop comes round until the work is done. */
async function turnsOf(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await work();
  isOver = true;
  return turns;
}

test('comes round after each part of many things', async () => {
  const done: number[] = [];
  const things = Array.from({ length: 4 * A_TURN }, (_, at) => at);
  assert.ok((await turnsOf(() => inTurns(things, (thing) => done.push(thing)))) >= 3);
  assert.equal(done, things);
});

test('comes round while a large file is digested, and the digest is that of the whole', async () => {
  const file = Buffer.alloc(33 * 1024 * 1024, 7);
  let digest = '';
  const turns = await turnsOf(async () => {
    digest = await digestInTurns([file, Buffer.from('end')]);
  });
  assert.is(digest, createHash('sha256').update(file).update('end').digest('hex'));
  assert.ok(turns >= 8, `${turns} turns`);
});

test.run();
