/** The body of a store request, as it reads the instances that are in it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '#testing/sha256.ts';
import { telling, type WantedDigests } from '../digests.ts';
import { storeRequestBody } from './multipart.ts';
import { DigestMismatch, InstanceUnreadable } from './pacs.ts';

const { signal } = new AbortController();
const test = suite('the body of a store request');

/** Instances of two pieces each. `open`: how many of them are being read, which none ends but its reader. */
function threeInstances() {
  const log = { begun: [] as number[], open: 0 };
  const instances = [0, 1, 2].map((nr) => {
    const pieces = [`one of ${nr}`, `two of ${nr}`].map((text) => Buffer.from(text));
    return {
      ...{
        sopInstanceUID: `1.${nr}`,
        seriesInstanceUID: '1.2',
        sopClassUID: '1.2',
        transferSyntaxUID: '1.2',
      },
      ...{ digest: sha256(Buffer.concat(pieces)), bytes: Buffer.concat(pieces).length },
      async *open(_: AbortSignal, wanted?: WantedDigests) {
        log.begun.push(nr);
        log.open += 1;
        try {
          yield* telling(pieces, wanted);
        } finally {
          log.open -= 1;
        }
      },
    };
  });
  return { log, instances };
}

test('reads the next instance while one is taken, and no further', async () => {
  const { log, instances } = threeInstances();
  const { stream, contentLength } = storeRequestBody(instances);
  const body: Uint8Array[] = [];
  for await (const piece of stream(signal)) {
    body.push(piece);
    const text = Buffer.from(piece).toString();
    if (text === 'one of 0') assert.equal(log.begun, [0, 1]);
    if (text === 'two of 1') assert.equal(log.begun, [0, 1, 2]);
  }
  assert.is(Buffer.concat(body).length, contentLength);
  assert.is(log.open, 0);
});

test('ends what it reads where nobody takes it to its end', async () => {
  const { log, instances } = threeInstances();
  for await (const piece of storeRequestBody(instances).stream(signal))
    if (Buffer.from(piece).toString() === 'one of 0') break;
  assert.equal([log.begun, log.open], [[0, 1], 0]);
});

test('gives no instance whole whose digest is another one, or which nobody tells', async () => {
  for (const broken of ['other', 'not told'] as const) {
    const { log, instances } = threeInstances();
    const [first, second, third] = instances;
    const spoiled =
      broken === 'other'
        ? { ...second!, digest: sha256(Buffer.from('other')) }
        : { ...second!, open: (until: AbortSignal) => second!.open(until) };
    const given: string[] = [];
    const error = await (async () => {
      for await (const piece of storeRequestBody([first!, spoiled, third!]).stream(signal))
        given.push(Buffer.from(piece).toString());
    })().catch((reason: unknown) => reason);
    assert.ok(error instanceof InstanceUnreadable && error.cause instanceof DigestMismatch, broken);
    assert.is(error.sopInstanceUID, '1.1');
    assert.ok(given.includes('two of 0') && given.includes('one of 1'));
    assert.not(given.includes('two of 1'), broken);
    assert.is(log.open, 0);
  }
});
test.run();
