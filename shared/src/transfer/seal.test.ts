import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import type { SealingKey } from '../protocol/api.ts';
import { parseBase64, toBase64 } from './digest.ts';
import {
  createOpener,
  createSealer,
  openedSize,
  SEAL_TAG_BYTES,
  SEALED_RECORD_BYTES,
  sealedSize,
  SealKeyError,
} from './seal.ts';

const PARCEL = '0b6f0f4e-6c3b-4a0e-9d0a-111111111111';
const OTHER = '0b6f0f4e-6c3b-4a0e-9d0a-222222222222';
const SEALED_RECORD = SEALED_RECORD_BYTES + SEAL_TAG_BYTES;

type Pair = { key: SealingKey; privateKey: CryptoKey };

async function makeKey(extractable = false): Promise<Pair> {
  const pair = (await crypto.subtle.generateKey('X25519', extractable, ['deriveBits'])) as CryptoKeyPair;
  const { x } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  return { key: { kid: 'k', kty: 'OKP', crv: 'X25519', x: x! }, privateKey: pair.privateKey };
}

/** Bytes that differ from record to record. */
function bytesOf(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 4096) bytes.fill((at >> 12) % 251, at, at + 4096);
  return bytes;
}

async function sealAll(
  key: SealingKey,
  plain: Uint8Array,
  parcel = PARCEL,
): Promise<{ enc: string; records: Uint8Array<ArrayBuffer>[] }> {
  const sealer = await createSealer(key, parcel);
  const count = Math.max(1, Math.ceil(plain.length / SEALED_RECORD_BYTES));
  const records: Uint8Array<ArrayBuffer>[] = [];
  for (let k = 0; k < count; k += 1) {
    records.push(
      await sealer.seal(
        plain.subarray(k * SEALED_RECORD_BYTES, (k + 1) * SEALED_RECORD_BYTES),
        k,
        k === count - 1,
      ),
    );
  }
  return { enc: sealer.enc, records };
}

test('sealed data is opened bit for bit, at any size', async () => {
  const { key, privateKey } = await makeKey();
  for (const size of [0, 1, 2 * SEALED_RECORD_BYTES, 2 * SEALED_RECORD_BYTES + 1, SEALED_RECORD_BYTES - 1]) {
    const plain = bytesOf(size);
    const { enc, records } = await sealAll(key, plain);
    assert.is(
      records.reduce((sum, record) => sum + record.length, 0),
      sealedSize(size),
    );
    assert.is(openedSize(sealedSize(size)), size);
    const opener = await createOpener(privateKey, enc, PARCEL);
    for (const [k, record] of records.entries()) {
      const opened = await opener.open(record, k === records.length - 1);
      assert.equal(opened, plain.subarray(k * SEALED_RECORD_BYTES, (k + 1) * SEALED_RECORD_BYTES));
    }
    assert.is(await opener.open(records[0]!, true), null, 'nothing comes after the last record');
  }
});

test('a device seals where WebCrypto has no X25519', async () => {
  const { key, privateKey } = await makeKey();
  const plain = bytesOf(5);
  const subtle = crypto.subtle as { generateKey: unknown; importKey: unknown; deriveBits: unknown };
  const { generateKey, importKey, deriveBits } = crypto.subtle;
  const isX25519 = (algorithm: unknown): boolean => JSON.stringify(algorithm).includes('X25519');
  const refusing =
    (method: (...given: never[]) => Promise<unknown>, place: number) =>
    (...given: never[]) =>
      isX25519(given[place])
        ? Promise.reject(new DOMException('no X25519', 'NotSupportedError'))
        : method.apply(crypto.subtle, given);
  Object.assign(subtle, {
    generateKey: refusing(generateKey, 0),
    importKey: refusing(importKey, 2),
    deriveBits: refusing(deriveBits, 0),
  });
  const sealed = await sealAll(key, plain).finally(() => {
    for (const name of ['generateKey', 'importKey', 'deriveBits'] as const) delete subtle[name];
  });
  const opener = await createOpener(privateKey, sealed.enc, PARCEL);
  assert.equal(await opener.open(sealed.records[0]!, true), plain);
});

test('a size that no sealed parcel can have is refused at once', () => {
  fc.assert(fc.property(fc.nat(5 * SEALED_RECORD_BYTES), (size) => openedSize(sealedSize(size)) === size));
  for (const size of [0, 1, SEAL_TAG_BYTES - 1, SEALED_RECORD + 1, SEALED_RECORD + SEAL_TAG_BYTES, -5])
    assert.is(openedSize(size), null, String(size));
});

test('an opener that is created later continues at the record where the first one stopped', async () => {
  const { key, privateKey } = await makeKey();
  const plain = bytesOf(3 * SEALED_RECORD_BYTES + 10);
  const { enc, records } = await sealAll(key, plain);
  for (let from = 0; from < records.length; from += 1) {
    const opener = await createOpener(privateKey, enc, PARCEL, from);
    for (let k = from; k < records.length; k += 1) {
      assert.equal(
        await opener.open(records[k]!, k === 3),
        plain.subarray(k * SEALED_RECORD_BYTES, (k + 1) * SEALED_RECORD_BYTES),
      );
    }
  }
});

test('a changed byte is found wherever it is, and the record can be brought again', async () => {
  const { key, privateKey } = await makeKey();
  const { enc, records } = await sealAll(key, bytesOf(50));
  const record = records[0]!;
  const opener = await createOpener(privateKey, enc, PARCEL);
  for (let at = 0; at < record.length; at += 1) {
    const changed = record.slice();
    changed[at]! ^= 1 << (at % 8);
    assert.is(await opener.open(changed, true), null, `byte ${at}`);
  }
  for (let end = 0; end < record.length; end += 1)
    assert.is(await opener.open(record.subarray(0, end), true), null, `cut at ${end}`);
  assert.equal(await opener.open(record, true), bytesOf(50));
});

test('a record that was moved, left out, doubled or brought from another parcel does not hold, nor does a false end', async () => {
  const { key, privateKey } = await makeKey();
  const { enc, records } = await sealAll(key, bytesOf(3 * SEALED_RECORD_BYTES));
  const [first, second, third] = records as [Uint8Array, Uint8Array, Uint8Array];
  const foreign = await sealAll(key, bytesOf(3 * SEALED_RECORD_BYTES));
  const opener = await createOpener(privateKey, enc, PARCEL);
  assert.is(await opener.open(second, false), null, 'left out');
  assert.is(await opener.open(first, true), null, 'not the last one');
  assert.is(await opener.open(foreign.records[0]!, false), null, 'of another sealing');
  assert.ok(await opener.open(first, false));
  assert.is(await opener.open(first, false), null, 'doubled');
  assert.is(await opener.open(third, true), null, 'moved');
  assert.ok(await opener.open(second, false));
  assert.is(await opener.open(third, false), null, 'the end is an end');
  assert.ok(await opener.open(third, true));
});

test('a parcel opens under its own name and with its own key only', async () => {
  const { key, privateKey } = await makeKey();
  const { enc, records } = await sealAll(key, bytesOf(10));
  assert.is(await (await createOpener(privateKey, enc, OTHER)).open(records[0]!, true), null);
  assert.is(
    await (await createOpener((await makeKey()).privateKey, enc, PARCEL)).open(records[0]!, true),
    null,
  );
  assert.ok(await (await createOpener(privateKey, enc, PARCEL)).open(records[0]!, true));
});

test('records that come out of sequence are not sealed: no nonce serves twice', async () => {
  const { key } = await makeKey();
  const full = bytesOf(SEALED_RECORD_BYTES);
  const refusals: [Uint8Array, number, boolean][] = [
    [full, 1, false],
    [bytesOf(10), 0, false],
    [bytesOf(SEALED_RECORD_BYTES + 1), 0, true],
  ];
  const sealer = await createSealer(key, PARCEL);
  for (const [record, position, isLast] of refusals)
    assert.is(await outcome(sealer.seal(record, position, isLast)), 'RangeError');
  await sealer.seal(full, 0, false);
  assert.is(await outcome(sealer.seal(full, 0, false)), 'RangeError');
  await sealer.seal(bytesOf(1), 1, true);
  assert.is(await outcome(sealer.seal(bytesOf(1), 2, true)), 'RangeError');
});

test('an invalid key is reported as such, before anything is sealed or opened', async () => {
  const { key, privateKey } = await makeKey();
  assert.is(await outcome(createSealer({ ...key, x: 'AAAA' }, PARCEL)), SealKeyError.name);
  // The point at infinity: every shared secret would be zero (RFC 7748 §6.1).
  assert.is(await outcome(createSealer({ ...key, x: 'A'.repeat(43) }, PARCEL)), SealKeyError.name);
  for (const enc of [
    '',
    '!',
    toBase64(new Uint8Array(31)),
    toBase64(new Uint8Array(33)),
    toBase64(new Uint8Array(32)),
  ]) {
    assert.is(await outcome(createOpener(privateKey, enc, PARCEL)), SealKeyError.name);
  }
});

test('any implementation of RFC 9180 opens our sealed data', async () => {
  const { key, privateKey } = await makeKey();
  const plain = bytesOf(SEALED_RECORD_BYTES + 5);
  const { enc, records } = await sealAll(key, plain);
  const { aeadKey, baseNonce } = await keySchedule(
    privateKey,
    key,
    parseBase64(enc),
    new TextEncoder().encode('relaypacs sealed parcel v1'),
  );
  for (const [k, record] of records.entries()) {
    const iv = baseNonce.slice();
    iv[11]! ^= k;
    const additionalData = new TextEncoder().encode(`${PARCEL}/${k}/${k === 1 ? 'last' : 'more'}`);
    const opened = new Uint8Array(
      await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, aeadKey, record),
    );
    assert.equal(opened, plain.subarray(k * SEALED_RECORD_BYTES, (k + 1) * SEALED_RECORD_BYTES));
  }
});

async function outcome(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'done',
    (error: Error) => error.name,
  );
}

type Bytes = Uint8Array<ArrayBuffer>;
const concat = (...parts: readonly (Uint8Array | string | readonly number[])[]): Bytes =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'string' ? [...new TextEncoder().encode(part)] : [...part])),
  );

async function hmac(key: Bytes, data: Bytes): Promise<Bytes> {
  const imported = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ]);
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, data));
}

/**
 * RFC 9180 §4: LabeledExtract and LabeledExpand (one block of HKDF is enough here); written from the text,
 * without the library.
 */
async function extract(suite: Bytes, salt: Bytes, label: string, ikm: Bytes): Promise<Bytes> {
  return hmac(salt.length > 0 ? salt : new Uint8Array(32), concat('HPKE-v1', suite, label, ikm));
}

async function expand(
  suite: Bytes,
  secret: Bytes,
  label: string,
  { info, length }: { readonly info: Bytes; readonly length: number },
): Promise<Bytes> {
  return (await hmac(secret, concat([0, length], 'HPKE-v1', suite, label, info, [1]))).slice(0, length);
}

/** RFC 9180 §4.1 Decap and §5.1 KeySchedule in base mode: KEM 0x0020, KDF 0x0001, AEAD 0x0002. */
async function keySchedule(
  privateKey: CryptoKey,
  key: SealingKey,
  enc: Bytes,
  info: Bytes,
): Promise<{ aeadKey: CryptoKey; baseNonce: Bytes }> {
  const none = new Uint8Array(0);
  const kem = concat('KEM', [0, 0x20]);
  const own = new Uint8Array(
    await crypto.subtle.exportKey(
      'raw',
      await crypto.subtle.importKey('jwk', { ...key }, 'X25519', true, []),
    ),
  );
  const theirs = await crypto.subtle.importKey('raw', enc, 'X25519', true, []);
  const dh = new Uint8Array(
    await crypto.subtle.deriveBits({ name: 'X25519', public: theirs }, privateKey, 256),
  );
  const shared = await expand(kem, await extract(kem, none, 'eae_prk', dh), 'shared_secret', {
    info: concat(enc, own),
    length: 32,
  });
  const suite = concat('HPKE', [0, 0x20, 0, 1, 0, 2]);
  const context = concat(
    [0],
    await extract(suite, none, 'psk_id_hash', none),
    await extract(suite, none, 'info_hash', info),
  );
  const secret = await extract(suite, shared, 'secret', none);
  const aeadKey = await crypto.subtle.importKey(
    'raw',
    await expand(suite, secret, 'key', { info: context, length: 32 }),
    'AES-GCM',
    false,
    ['decrypt'],
  );
  return { aeadKey, baseNonce: await expand(suite, secret, 'base_nonce', { info: context, length: 12 }) };
}

test.run();
