import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import type { ByteSource } from '../dicom/data-set.ts';
import { sha256OfBlob, sha256OfStream } from './digest.ts';
import {
  createBoundary,
  packedBytes,
  packParcel,
  ParcelError,
  readParcel,
  type ParcelPart,
} from './parcel.ts';

const EXPLICIT_LE = '1.2.840.10008.1.2.1';

function sourceOf(blob: Blob): ByteSource & { reads: number[] } {
  const reads: number[] = [];
  return {
    size: blob.size,
    reads,
    async read(offset, length) {
      reads.push(length);
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    },
  };
}

async function pack(contents: readonly Uint8Array<ArrayBuffer>[]): Promise<Blob> {
  const parts = contents.map(async (content, i) => {
    const bytes = new Blob([content]);
    return {
      sopInstanceUID: `1.2.3.${i + 1}`,
      digest: await sha256OfBlob(bytes),
      transferSyntaxUID: EXPLICIT_LE,
      bytes,
    };
  });
  return packParcel(createBoundary(), await Promise.all(parts));
}

async function read(blob: Blob): Promise<ParcelPart[]> {
  const parts: ParcelPart[] = [];
  for await (const part of readParcel(sourceOf(blob))) parts.push(part);
  return parts;
}

async function refused(blob: Blob): Promise<boolean> {
  try {
    await read(blob);
    return false;
  } catch (error) {
    if (!(error instanceof ParcelError)) throw error;
    return true;
  }
}

test('packed instances are unpacked bit for bit, for any bytes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 12 }),
      async (contents) => {
        const parcel = await pack(contents as Uint8Array<ArrayBuffer>[]);
        const parts = await read(parcel);
        assert.is(packedBytes(parts.map((part) => ({ ...part, bytes: part.range.length }))), parcel.size);
        assert.is(parts.length, contents.length);
        for (const [i, part] of parts.entries()) {
          const bytes = parcel.slice(part.range.offset, part.range.offset + part.range.length);
          assert.is(part.sopInstanceUID, `1.2.3.${i + 1}`);
          assert.equal(new Uint8Array(await bytes.arrayBuffer()), contents[i]);
          assert.is(await sha256OfBlob(bytes), part.digest);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('a coded part says so and has its coded length; its digest is the instance’s', async () => {
  const bytes = new Blob([new Uint8Array(1000)]);
  const part = {
    sopInstanceUID: '1.2.3.1',
    digest: await sha256OfBlob(bytes),
    transferSyntaxUID: EXPLICIT_LE,
    bytes,
  };
  const coding = { encoding: 'x-jls', bytes: new Blob(['coded']) } as const;
  const parcel = packParcel(createBoundary(), [
    { ...part, coding },
    { ...part, sopInstanceUID: '1.2.3.2' },
  ]);
  const [coded, plain] = await read(parcel);
  assert.is(coded!.contentEncoding, 'x-jls');
  assert.is(coded!.digest, part.digest);
  assert.is(
    await parcel.slice(coded!.range.offset, coded!.range.offset + coded!.range.length).text(),
    'coded',
  );
  assert.is(plain!.contentEncoding, null);
  const sizes = [
    { ...part, bytes: 1000, coding: { encoding: 'x-jls', bytes: 5 } } as const,
    { ...part, sopInstanceUID: '1.2.3.2', bytes: 1000 },
  ];
  assert.is(packedBytes(sizes), parcel.size);
  assert.ok(
    await refused(new Blob([(await parcel.text()).replace('x-jls', 'x-abc')])),
    'an unknown coding cannot be undone',
  );
});

test('reading parses only headers and skips an instance of many megabytes', async () => {
  const parcel = await pack([new Uint8Array(20 * 1024 * 1024), new Uint8Array(10)]);
  const source = sourceOf(parcel);
  for await (const part of readParcel(source)) assert.ok(part);
  assert.ok(source.reads.reduce((sum, length) => sum + length, 0) < 20_000);
});

test('a parcel cut at any place is refused, as is one with bytes after its end', async () => {
  const parcel = await pack([new Uint8Array([1, 2, 3]), new Uint8Array([4])]);
  const withoutBreak = parcel.size - '\r\n'.length;
  for (let end = 0; end < parcel.size; end += 1)
    assert.is(await refused(parcel.slice(0, end)), end !== withoutBreak, `cut at ${end}`);
  assert.ok(await refused(new Blob([parcel, 'x'])));
  assert.ok(await refused(new Blob([parcel.slice(0, withoutBreak), 'x'])));
  assert.not(await refused(parcel));
});

test('a parcel without a line break at its end is whole (RFC 2046)', async () => {
  const parcel = await pack([new Uint8Array([1, 2, 3]), new Uint8Array([4])]);
  const parts: number[] = [];
  for await (const { range } of readParcel(sourceOf(parcel.slice(0, -2)))) parts.push(range.length);
  assert.equal(parts, [3, 1]);
});

test('a part whose headers lie or repeat is refused', async () => {
  const parcel = await (await pack([new Uint8Array([1, 2, 3])])).text();
  const changed = (from: string | RegExp, to: string) => refused(new Blob([parcel.replace(from, to)]));
  assert.ok(await changed('Content-Length: 3', 'Content-Length: 4'));
  assert.ok(await changed('Content-Length: 3', 'Content-Length: 999999999999'));
  assert.ok(await changed('Content-Length: 3', 'Content-Length: -3'));
  assert.ok(await changed('Content-Length: 3', 'Content-Length: 3\r\nContent-Length: 3'));
  assert.ok(await changed('1.2.3.1', '../../etc/passwd'));
  assert.ok(await changed(EXPLICIT_LE, '1.2.x'));
  assert.ok(await changed(/sha-256=:./, 'sha-256=:!'));
  assert.ok(await changed('Content-Type', `X-Long: ${'x'.repeat(5000)}\r\nContent-Type`));
});

test('a stream and a blob of the same bytes have the same digest', async () => {
  const blob = new Blob([crypto.getRandomValues(new Uint8Array(60_000))]);
  assert.is(await sha256OfStream(blob.stream()), await sha256OfBlob(blob));
});

test.run();
