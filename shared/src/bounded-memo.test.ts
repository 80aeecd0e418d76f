/** A memo takes no more memory than it may, whoever writes what it remembers. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BoundedMemo, bytesOfTexts } from './bounded-memo.ts';

const test = suite('a bounded memo');

const LIMIT = 1_000;
/** Entries of so many bytes. */
const memoOf = (limit = LIMIT) => new BoundedMemo<string, number>(limit, (_, bytes) => bytes);

test('remembers what fits, and forgets all of it when more comes', () => {
  const memo = memoOf();
  for (const key of ['a', 'b', 'c', 'd']) memo.set(key, LIMIT / 4);
  assert.equal(
    ['a', 'b', 'c', 'd'].map((key) => memo.get(key)),
    [250, 250, 250, 250],
  );
  memo.set('e', 1);
  assert.equal(
    ['a', 'b', 'c', 'd', 'e'].map((key) => memo.get(key)),
    [undefined, undefined, undefined, undefined, 1],
  );
});

test('does not keep an entry larger than itself, nor loses others to it', () => {
  const memo = memoOf();
  memo.set('small', 10);
  memo.set('large', LIMIT + 1);
  assert.is(memo.get('large'), undefined);
  assert.is(memo.get('small'), 10);
});

test('counts an entry once, however often it is written, and no longer once it is deleted', () => {
  const memo = memoOf();
  memo.set('other', LIMIT / 2);
  for (let times = 0; times < 5; times += 1) memo.set('same', LIMIT / 2);
  assert.is(memo.get('other'), LIMIT / 2);
  memo.delete('same');
  memo.delete('same');
  memo.set('new', LIMIT / 2);
  assert.is(memo.get('other'), LIMIT / 2);
  assert.is(memo.get('same'), undefined);
});

test('counts every character of a text as the longest form takes it', () => {
  assert.is(bytesOfTexts('abc', 'defg') - bytesOfTexts(), 14);
  assert.ok(bytesOfTexts() > 0, 'any number of empty texts is not free');
});

test.run();
