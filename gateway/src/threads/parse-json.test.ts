/** Names are counted before anything is made of them, each once. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Problem } from '#shared/protocol/problem.ts';
import { parseJson } from './parse-json.ts';

const test = suite('JSON of others');
const parse = (text: string): unknown => parseJson(new TextEncoder().encode(text));

function codeOf(text: string): string {
  try {
    parse(text);
    return 'parsed';
  } catch (error) {
    return (error as Problem).code;
  }
}

test('a name is read once, however many colons follow it', () => {
  const original = Buffer.prototype.toString;
  let reads = 0;
  Buffer.prototype.toString = function read(this: Buffer, ...args: Parameters<Buffer['toString']>) {
    reads += 1;
    return original.apply(this, args);
  };
  try {
    assert.is(codeOf(`{"${'a'.repeat(8000)}"${':'.repeat(8000)}`), 'bad-request');
  } finally {
    Buffer.prototype.toString = original;
  }
  assert.is(reads, 1);
});

test('colons in texts, spaces before a colon, and names that repeat are JSON', () => {
  assert.equal(parse('{"a" : ":", "b":[{"a":1},{"a":"\\":"}]}'), { a: ':', b: [{ a: 1 }, { a: '":' }] });
  for (const text of ['{:1}', '[1:2]', '{"a"::1}', '{"a":1,:2}'])
    assert.is(codeOf(text), 'bad-request', text);
});

test.run();
