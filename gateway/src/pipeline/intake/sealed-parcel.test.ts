/**
 * A sealed parcel comes in over a link that is cut and corrupts, into a gateway that is killed between any
 * two writes.
 */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createOpener, sealedSize, SEAL_TAG_BYTES, SEALED_RECORD_BYTES } from '#shared/transfer/seal.ts';
import { parcelKey } from '../../ports/blobs/blob-cipher.ts';
import type { Blobs } from '../../ports/blobs/blobs.ts';
import { openFileBlobs } from '../../ports/blobs/file-blobs.ts';
import { sealedBytes } from '../../testing/pack-parcel.ts';
import { tailOf } from '../stores/parcel-blobs.ts';
import { every } from './parcel-spool.ts';
import {
  readSealedState,
  sealedOffset,
  toSealedParcel,
  writeSealed,
  type SealedParcel,
  type TailRule,
} from './sealed-parcel.ts';

const RECORD = SEALED_RECORD_BYTES + SEAL_TAG_BYTES;
const STUDY_KEY = randomBytes(32);
const pair = generateKeyPairSync('x25519');
const publicJwk = {
  kid: 'k',
  kty: 'OKP' as const,
  crv: 'X25519' as const,
  x: pair.publicKey.export({ format: 'jwk' }).x ?? '',
};
const privateKey = pair.privateKey.toCryptoKey('X25519', false, ['deriveBits']) as CryptoKey;

class Killed extends Error {}

/** The process dies in the write after so many: a part of it is on the disk, and nothing after it. */
function killing(blobs: Blobs, writes: number, part: number): Blobs {
  let left = writes;
  const write = async <T>(whole: () => Promise<T>, half: () => Promise<unknown>): Promise<T> => {
    left -= 1;
    if (left >= 0) return whole();
    if (left === -1) await half();
    throw new Killed();
  };
  const nothing = async (): Promise<void> => undefined;
  return {
    ...blobs,
    create: (id) => write(() => blobs.create(id), nothing),
    truncate: (id, key, size) => write(() => blobs.truncate(id, key, size), nothing),
    remove: (id) => write(() => blobs.remove(id), nothing),
    async append(id, key, at, pieces) {
      let written = 0;
      // Each piece is a write of its own.
      for await (const piece of pieces) {
        const put = (bytes: Uint8Array) => blobs.append(id, key, at + written, only(bytes));
        written += await write(
          () => put(piece),
          () => put(piece.subarray(0, Math.floor(part * piece.length))),
        );
      }
      return written;
    },
  };
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.slice(at, at + 65_536);
}

function ruleOf(mayKeep: boolean, dueWith: number): TailRule {
  let asked = 0;
  return {
    isDue() {
      if (!mayKeep || dueWith === 0) return false;
      asked += 1;
      return asked % dueWith === 0;
    },
    mayKeep: () => mayKeep,
  };
}

class Device {
  readonly plain: Uint8Array;
  readonly name = randomUUID();
  parcel!: SealedParcel;
  #sealed!: Awaited<ReturnType<typeof sealedBytes>>;

  constructor(plain: Uint8Array) {
    this.plain = plain;
  }

  async open(blobs: Blobs): Promise<this> {
    this.#sealed = await sealedBytes(this.plain, publicJwk, this.name);
    this.parcel = toSealedParcel(randomUUID(), this.#sealed.bytes.length, STUDY_KEY);
    await blobs.create(this.parcel.id);
    return this;
  }

  async offset(blobs: Blobs): Promise<number> {
    return sealedOffset(this.parcel, (await readSealedState(blobs, this.parcel))!);
  }

  /**
   * Sends so many bytes from where the gateway is; `spoil` turns a bit of the one at this place among them.
   * `dueWith`: the bytes of an incomplete record are written after every so many pieces; 0: at the end. The
   * offset that it is told, or null: 460.
   */
  async send(
    blobs: Blobs,
    count: number,
    {
      spoil = null,
      mayKeep = true,
      dueWith = 0,
    }: { spoil?: number | null; mayKeep?: boolean; dueWith?: number } = {},
  ): Promise<number | null> {
    const from = (await readSealedState(blobs, this.parcel))!;
    const at = sealedOffset(this.parcel, from);
    const piece = this.#sealed.bytes.slice(at, at + count);
    if (spoil !== null && piece.length > 0) piece[spoil % piece.length]! ^= 0x10;
    const opener = await createOpener(privateKey, this.#sealed.seal.enc, this.name, from.held);
    const { state, isDamaged } = await writeSealed(blobs, this.parcel, from, {
      opener,
      body: inPieces(piece),
      rule: ruleOf(mayKeep, dueWith),
    });
    return isDamaged ? null : sealedOffset(this.parcel, state);
  }

  async stored(blobs: Blobs): Promise<Buffer> {
    const blob = (await blobs.open(this.parcel.id, parcelKey(STUDY_KEY, this.parcel.id)))!;
    return Buffer.from(await blob.read(0, blob.size).finally(() => blob.close()));
  }
}

const test = suite<{ folder: string; blobs: Blobs }>('a sealed parcel on its way');
test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'relay-sealed-'));
  context.blobs = await openFileBlobs(context.folder);
});
test.after.each((context) => rm(context.folder, { recursive: true }));

test('arrives in pieces of any size, lies opened, and leaves no tail', async ({ blobs }) => {
  const device = await new Device(randomBytes(2 * SEALED_RECORD_BYTES + 5000)).open(blobs);
  let offset = 0;
  for (const size of [1, 15, 700_000, 20_000, 1_500_000, 99, 5_000_000]) {
    const expected = Math.min(offset + size, device.parcel.bytes);
    offset = (await device.send(blobs, size))!;
    assert.is(offset, expected, 'every byte is kept');
    assert.is(await device.offset(blobs), expected);
  }
  assert.ok((await device.stored(blobs)).equals(device.plain));
  assert.equal(await blobs.ids(), [device.parcel.id]);
});

test('has sizes that end with a record, or one byte after it', async ({ blobs }) => {
  for (const size of [
    1,
    SEALED_RECORD_BYTES - 1,
    SEALED_RECORD_BYTES,
    SEALED_RECORD_BYTES + 1,
    2 * SEALED_RECORD_BYTES,
  ]) {
    const device = await new Device(randomBytes(size)).open(blobs);
    assert.is(device.parcel.bytes, sealedSize(size));
    await device.send(blobs, device.parcel.bytes - 1);
    assert.is(await device.offset(blobs), device.parcel.bytes - 1, `${size}: the last byte is awaited`);
    await device.send(blobs, 1);
    assert.ok((await device.stored(blobs)).equals(device.plain), `${size}`);
  }
  assert.throws(() => toSealedParcel('x', RECORD + 3, STUDY_KEY), RangeError);
});

test('goes back to the start of an invalid record, and keeps the records before it', async ({ blobs }) => {
  const device = await new Device(randomBytes(3 * SEALED_RECORD_BYTES)).open(blobs);
  await device.send(blobs, RECORD + 400_000);
  // Within the tail it cannot be known yet.
  assert.is(await device.send(blobs, 1000, { spoil: 7 }), RECORD + 401_000);
  assert.is(await device.send(blobs, RECORD), null);
  assert.is(await device.offset(blobs), RECORD);
  assert.is(await device.send(blobs, 3 * RECORD), device.parcel.bytes);
  assert.ok((await device.stored(blobs)).equals(device.plain));
});

test('with a wrong checksum keeps the valid records, and forgets the rest of that piece', async ({
  blobs,
}) => {
  const device = await new Device(randomBytes(3 * SEALED_RECORD_BYTES)).open(blobs);
  await device.send(blobs, 1000);
  await device.send(blobs, 500, { mayKeep: false });
  assert.is(await device.offset(blobs), 1000, 'within one record');
  await device.send(blobs, RECORD, { mayKeep: false });
  assert.is(await device.offset(blobs), RECORD, 'beyond it');
});

test('neither lies in the clear nor as the device sealed it, while it waits for the rest of a record', async ({
  blobs,
  folder,
}) => {
  const device = await new Device(Buffer.alloc(SEALED_RECORD_BYTES, 'DOE^JANE ')).open(blobs);
  await device.send(blobs, 600_000);
  const tail = await readFile(join(folder, tailOf(device.parcel.id)));
  const { bytes } = await sealedBytes(device.plain, publicJwk, device.name);
  assert.not.ok(tail.includes('DOE^JANE') || tail.includes(Buffer.from(bytes.subarray(5000, 5032))));
});

test('is on the disk while the rest of a record is still awaited: a killed process loses the last bytes, not all of the record', async ({
  blobs,
}) => {
  const device = await new Device(randomBytes(2 * SEALED_RECORD_BYTES)).open(blobs);
  // Records of 16 pieces and a bit: created, emptied and written twice in the first, then the process dies.
  const dead = await device
    .send(killing(blobs, 4, 0), 10 * 65_536, { dueWith: 4 })
    .catch((error: unknown) => error);
  assert.instance(dead, Killed);
  assert.is(await device.offset(blobs), 8 * 65_536);
  assert.is(await device.send(blobs, 3 * RECORD, { dueWith: 4 }), device.parcel.bytes);
  assert.ok((await device.stored(blobs)).equals(device.plain));
});

test('has the part of a record that came written once in so much time, not with each piece', () => {
  let now = 0;
  const isDue = every(250, () => now);
  const due: number[] = [];
  for (; now <= 1000; now += 50) if (isDue()) due.push(now);
  assert.equal(due, [250, 500, 750, 1000]);
});

type Step = {
  readonly count: number;
  readonly spoil: number | null;
  readonly killAfter: number | null;
  readonly part: number;
  readonly dueWith: number;
};
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    count: fc.oneof(fc.integer({ min: 1, max: 300_000 }), fc.integer({ min: 1, max: 3 * RECORD })),
    spoil: fc.option(fc.nat(), { freq: 3 }),
    killAfter: fc.option(fc.integer({ min: 0, max: 7 })),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    dueWith: fc.integer({ min: 0, max: 3 }),
  }),
  { maxLength: 8 },
);

test('I12: whatever is cut, corrupted or killed, and wherever, what came stays and the end is what was sealed', async ({
  blobs,
}) => {
  const property = fc.asyncProperty(fc.integer({ min: 1, max: 2_500_000 }), steps, async (size, all) => {
    const device = await new Device(randomBytes(size)).open(blobs);
    let told = 0;
    let isSpoiled = false;
    for (const { count, spoil, killAfter, part, dueWith } of all) {
      const disk = killAfter === null ? blobs : killing(blobs, killAfter, part);
      const answer = await device
        .send(disk, count, { spoil, dueWith })
        .catch((error: unknown) => (error instanceof Killed ? 'killed' : Promise.reject(error)));
      isSpoiled ||= spoil !== null;
      const offset = await device.offset(blobs);
      // A damaged record is dropped back to its start, and no further.
      const least = isSpoiled ? Math.floor(told / RECORD) * RECORD : told;
      if (typeof answer === 'number')
        assert.is(offset, answer, 'the gateway holds as much as it told the device');
      assert.ok(
        offset >= (told === device.parcel.bytes ? told : least),
        `never back over what was received: ${offset} after ${told}`,
      );
      if (answer === null) isSpoiled = false;
      told = offset;
    }
    for (let i = 0; i < 4 && (await device.offset(blobs)) < device.parcel.bytes; i += 1)
      await device.send(blobs, device.parcel.bytes);
    assert.is(await device.offset(blobs), device.parcel.bytes);
    assert.ok((await device.stored(blobs)).equals(device.plain));
    for (const id of [device.parcel.id, tailOf(device.parcel.id)]) await blobs.remove(id);
  });
  await fc.assert(property, { numRuns: Number(process.env['RELAY_TEST_RUNS'] ?? 30) });
});

test.run();
