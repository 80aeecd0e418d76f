/** Large bodies: what is deep, many or a bomb is refused before anything is made of it. */
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MANIFEST_BYTES_LIMIT } from '#shared/protocol/manifest.ts';
import type { Problem } from '#shared/protocol/problem.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { turnsWithin } from '../testing/turns-within.ts';
import { A_TURN } from '../threads/in-turns.ts';
import { joinPieces, parseInPieces, parsePosted, unpackedSize, type PostedKind } from './parse-posted.ts';

const { instances } = syntheticStudy({ seed: 95, instancesPerSeries: 2, rows: 8, columns: 8 });
const manifest = toManifest(instances);

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text));
async function codeOf(text: string, kind: PostedKind = 'manifest'): Promise<string> {
  return parsePosted(bytesOf(text), kind, false).then(() => 'read', sayProblem);
}
const sayProblem = (error: Problem): string => `${error.code} ${error.detail ?? ''}`.trim();

const test = suite('large bodies');

test('a manifest is read, plain and as gzip', async () => {
  const text = JSON.stringify(manifest);
  for (const [bytes, isGzip] of [
    [bytesOf(text), false],
    [new Uint8Array(gzipSync(text)), true],
  ] as const)
    assert.equal(await parsePosted(bytes, 'manifest', isGzip), manifest);
});

test('the instances come from the thread in pieces, which are put together in turns of the event loop', async () => {
  const [one] = manifest.instances;
  const digests = Array.from({ length: 20_000 }, (_, at) => at.toString(16).padStart(64, '0'));
  const many = { ...manifest, instances: digests.map((digest) => ({ ...one!, digest })) };
  for (const posted of [many, manifest]) {
    const pieces = await parseInPieces(bytesOf(JSON.stringify(posted)), 'manifest', false);
    assert.is(pieces.instances.length, Math.ceil(posted.instances.length / A_TURN));
    let joined: unknown = null;
    const turns = await turnsWithin(async () => {
      joined = await joinPieces('manifest', pieces);
    });
    assert.ok(turns >= pieces.instances.length - 1, String(turns));
    assert.equal(joined, posted);
  }
});

test('nested and many values are refused before they are parsed: these are no JSON at all', async () => {
  assert.is(await codeOf('['.repeat(5_500_000)), 'invalid-request Invalid: json (nested too deeply).');
  assert.is(await codeOf('[]'.repeat(1_100_000)), 'invalid-request Invalid: json (too many values).');
  assert.is(await codeOf(`[${'1,'.repeat(1_100_000)}`), 'invalid-request Invalid: json (too many values).');
});

test('many different names are refused before they are parsed, and the same ones as often as they come are not', async () => {
  const object = (count: number, nameOf: (at: number) => string) =>
    `{${Array.from({ length: count }, (_, at) => `"${nameOf(at)}" : 0`).join()}}`;
  const tooMany = 'invalid-request Invalid: json (too many different names).';
  assert.is(await codeOf(object(800_000, (at) => `x${at}`)), tooMany);
  const spread = Array.from({ length: 5_000 }, (_, at) => `{"x${at}":"a:b"}`).join();
  assert.is(await codeOf(`[${spread}]`), tooMany);
  assert.match(await codeOf(object(900_000, (at) => `x${at % 3_999}`)), /^invalid-request Invalid: (?!json)/);
});

test('brackets, commas and quotes within a text do not count', async () => {
  const text = JSON.stringify({ ...manifest, note: `${'[{,'.repeat(400_000)}\\"\\\\` });
  assert.is(await codeOf(text), 'read');
});

test('too many instances are refused before the schema looks at each of them', async () => {
  const many = JSON.stringify({ instances: Array.from({ length: 20_001 }, () => 0) });
  assert.is(await codeOf(many), 'too-many-instances');
  assert.is(await codeOf(many, 'decision'), 'invalid-request Invalid: instances (expected: at most 20000).');
});

test('a body that is no JSON, or not the one that was asked for, is refused', async () => {
  assert.is(await codeOf('{"instances": ['), 'bad-request');
  assert.match(await codeOf('null'), /^invalid-request /);
  assert.match(await codeOf('{}'), /^invalid-request /);
});

test('gzip grows to the limit of its ratio, and to the limit of all, and no further', async () => {
  const zeros = (length: number) => new Uint8Array(gzipSync(Buffer.alloc(length, 0x20)));
  const outcomeOf = (bytes: Uint8Array<ArrayBuffer>) =>
    parsePosted(bytes, 'manifest', true).then(
      () => 'read',
      (error: Problem) => error.code,
    );
  assert.is(await outcomeOf(zeros(200_000)), 'bad-request', 'a small one may shrink as it likes');
  assert.is(await outcomeOf(zeros(2_000_000)), 'body-too-large');
  assert.is(await outcomeOf(zeros(MANIFEST_BYTES_LIMIT + 1)), 'body-too-large');
});

test('gzip is held as what its end says, and is refused where it is more', async () => {
  const honest = new Uint8Array(gzipSync(JSON.stringify(manifest)));
  assert.is(unpackedSize(honest), JSON.stringify(manifest).length);
  const lying = honest.with(-4, 1).with(-3, 0).with(-2, 0).with(-1, 0);
  assert.is(unpackedSize(lying), 1);
  assert.is(await parsePosted(lying, 'manifest', true).then(() => 'read', sayProblem), 'bad-request');
  assert.is(unpackedSize(honest.with(-1, 255)), 256 * 1024, 'and no more than it may unpack to');
  assert.is(unpackedSize(Uint8Array.of(31)), 0);
});

test.run();
