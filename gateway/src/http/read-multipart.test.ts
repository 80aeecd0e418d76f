import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import { Problem } from '#shared/protocol/problem.ts';
import { readLimited, readMultipart, type MultipartLimits } from './read-multipart.ts';

const TYPE = 'multipart/form-data; boundary=XbX';
const LIMITS: MultipartLimits = {
  parts: 3,
  bytes: 10_000,
  partBytes: (at) => (at === 0 ? 10 : 100),
  quietMs: 60_000,
};

/** The bytes in pieces of this size, as a slow connection brings them. */
async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const head = (field: string): string =>
  `Content-Disposition: form-data; name="${field}"; filename="DOE^JANE.dcm"\r\nContent-Type: application/dicom\r\n\r\n`;

function bodyOf(parts: readonly (readonly [string, Uint8Array])[], boundary = 'XbX'): Buffer {
  const written = parts.flatMap(([field, bytes]) => [
    Buffer.from(`--${boundary}\r\n${head(field)}`),
    bytes,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...written, Buffer.from(`--${boundary}--\r\n`)]);
}

async function readAll(
  body: Uint8Array,
  { size = 7, type = TYPE, limits = LIMITS } = {},
): Promise<[string, string][]> {
  const parts: [string, string][] = [];
  for await (const { field, chunks } of readMultipart(type, inPieces(body, size), limits))
    parts.push([field, Buffer.concat(chunks).toString('latin1')]);
  return parts;
}

async function codeOf(reading: Promise<unknown>): Promise<string> {
  return reading.then(
    () => 'read',
    (error: unknown) => (error instanceof Problem ? error.code : String(error)),
  );
}

test('parts come as they were written, however the body is cut and whatever they hold', async () => {
  // Letters of the delimiter, so that what looks like its beginning stands everywhere.
  const content = fc
    .array(fc.constantFrom(...Buffer.from('\r\n-XbXa')), { maxLength: 60 })
    .map((bytes) => Uint8Array.from(bytes));
  await fc.assert(
    fc.asyncProperty(fc.tuple(content, content), fc.integer({ min: 1, max: 80 }), async (contents, size) => {
      fc.pre(contents.every((bytes) => !`\r\n${Buffer.from(bytes).toString()}`.includes('\r\n--XbX')));
      const parts = contents.map((bytes, at) => [`f${at}`, bytes] as const);
      const expected = parts.map(([field, bytes]) => [field, Buffer.from(bytes).toString('latin1')]);
      assert.equal(
        await readAll(bodyOf(parts), { size, limits: { ...LIMITS, partBytes: () => 100 } }),
        expected,
      );
    }),
    { numRuns: 300 },
  );
});

test('a preamble, an epilogue, a quoted boundary and padding behind a delimiter are read past', async () => {
  const body = Buffer.from(`ignored\r\n--a b \t\r\n${head('policy')}{}\r\n--a b--\r\nignored too`);
  assert.equal(await readAll(body, { type: 'multipart/form-data; charset=utf-8; boundary="a b"' }), [
    ['policy', '{}'],
  ]);
});

test('each limit holds from both sides', async () => {
  const parts = (count: number, bytes = 1) =>
    bodyOf(Array.from({ length: count }, () => ['f', new Uint8Array(bytes)] as const));
  assert.is((await readAll(parts(3))).length, 3);
  assert.is(await codeOf(readAll(parts(4))), 'body-too-large');
  assert.is(await codeOf(readAll(parts(1, 10))), 'read');
  assert.is(await codeOf(readAll(parts(1, 11))), 'body-too-large');
  const second = (bytes: number) =>
    readAll(
      bodyOf([
        ['f', new Uint8Array(1)],
        ['g', new Uint8Array(bytes)],
      ]),
    );
  assert.is(await codeOf(second(100)), 'read');
  assert.is(await codeOf(second(101)), 'body-too-large');
  const whole = parts(2);
  assert.is(await codeOf(readAll(whole, { limits: { ...LIMITS, bytes: whole.length } })), 'read');
  assert.is(
    await codeOf(readAll(whole, { size: whole.length, limits: { ...LIMITS, bytes: whole.length - 1 } })),
    'body-too-large',
  );
  const longHead = (bytes: number) =>
    readAll(Buffer.from(`--XbX\r\nX-Long: ${'x'.repeat(bytes)}\r\n${head('f')}\r\n--XbX--`), {
      limits: { ...LIMITS, bytes: 100_000 },
    });
  assert.is(await codeOf(longHead(7_000)), 'read');
  assert.is(await codeOf(longHead(9_000)), 'body-too-large');
});

test('a body that is cut off, has no names or is not a form is refused, and a stalled one is given up', async () => {
  const whole = bodyOf([['f', new Uint8Array(5)]]);
  for (let length = 0; length < whole.length - 4; length += 1)
    assert.is(await codeOf(readAll(whole.subarray(0, length))), 'bad-request', String(length));
  const textBehind = Buffer.from(`--XbX text\r\n${head('f')}x\r\n--XbX--`);
  assert.is(await codeOf(readAll(textBehind)), 'bad-request', 'text behind a boundary');
  assert.is(
    await codeOf(readAll(Buffer.from('--XbX\r\nContent-Type: text/plain\r\n\r\nx\r\n--XbX--'))),
    'bad-request',
  );
  for (const type of ['', 'multipart/form-data', 'multipart/related; boundary=XbX', 'application/json']) {
    assert.is(await codeOf(readAll(whole, { type })), 'unsupported-media-type', type);
  }
  const still = (async function* () {
    yield whole.subarray(0, 20);
    await new Promise(() => undefined);
  })();
  const reading = (async () => {
    for await (const part of readMultipart(TYPE, still, { ...LIMITS, quietMs: 5 }))
      assert.unreachable(part.field);
  })();
  assert.is(await codeOf(reading), 'bad-request');
  const trickling = (async function* () {
    for (;;) yield await new Promise<Uint8Array>((resolve) => setImmediate(() => resolve(new Uint8Array())));
  })();
  const never = (async () => {
    for await (const part of readMultipart(TYPE, trickling, { ...LIMITS, totalMs: 5 }))
      assert.unreachable(part.field);
  })();
  assert.is(await codeOf(never), 'bad-request', 'a trickling body ends too');
});

test('parts have memory of their own, and that of the pieces is given back', async () => {
  const part = new Uint8Array(8 * 64 * 1024).fill(7);
  const pieces: Uint8Array[] = [];
  const body = (async function* () {
    for await (const piece of inPieces(bodyOf([['file', part]]), 64 * 1024)) {
      pieces.push(new Uint8Array(piece));
      yield pieces.at(-1)!;
    }
  })();
  const limits = { ...LIMITS, bytes: 2 * part.length, partBytes: () => part.length };
  for await (const { chunks } of readMultipart(TYPE, body, limits)) {
    assert.ok(Buffer.concat(chunks).equals(part));
    // The last may be a part of a block.
    assert.ok(chunks.slice(0, -1).every(({ buffer, length }) => buffer.byteLength === length));
  }
  assert.ok(pieces.slice(0, -1).every(({ length }) => length === 0));
});

test('others have their turn while a body comes in pieces of one byte', async () => {
  const count = 20_000;
  const atOnce = (async function* () {
    for (let at = 0; at < count; at += 1) yield Uint8Array.of(1);
  })();
  let turns = 0;
  let isOver = false;
  const take = (): void => {
    turns += 1;
    if (!isOver) setImmediate(take);
  };
  setImmediate(take);
  let bytes = 0;
  for await (const piece of readLimited(atOnce, { bytes: count, quietMs: 60_000 })) bytes += piece.length;
  isOver = true;
  assert.is(bytes, count);
  assert.ok(turns >= count / 300, `${turns} turns`);
});

test.run();
