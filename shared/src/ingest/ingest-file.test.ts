/** A large instance is read in pieces from its file, and becomes what it would become in memory. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { identityOf } from '../deid/named-patients.ts';
import { bytesSource } from '../dicom/byte-source.ts';
import { readInstance } from '../dicom/part10.ts';
import { toBase64Url } from '../transfer/base64url.ts';
import { createMessagePair } from '../transfer/seal.ts';
import { openIdentity, openShare } from '../transfer/vault-entry.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { sha256OfBytes } from '../transfer/digest.ts';
import { HELD_BYTES } from '../transfer/instance-bytes.ts';
import { deidentifyBytes, pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import { planted, sampleImage } from '#testing/sample-image.ts';
import { applyPolicy, ingestFile, type DevicePolicy } from './ingest-file.ts';
import { createIdentitySealer } from './seal-identities.ts';

const LARGE = { rows: 1100, columns: 2100, bitsAllocated: 16, bitsStored: 12 } as const;

test('unseen bytes of a large file are cleared piece by piece, as in memory', async () => {
  const file = sampleImage(LARGE, { overlay: true, behind: planted('CANARY') }) as Uint8Array<ArrayBuffer>;
  assert.ok(file.length > HELD_BYTES);
  const rules = rulesOf();
  const pseudonyms = await pseudonymsOf(1);
  const expected = await deidentifyBytes(file, rules, pseudonyms);
  if (expected.kind !== 'ready') throw new Error(expected.because);
  const terms = {
    policy: { kind: 'deidentified', rules, pseudonyms } as const,
    inFolder: false,
    looked: ['form'] as const,
  };
  const blob = new Blob([file]);
  const applied = await applyPolicy(blob, terms);
  if (applied.kind !== 'applied') throw new Error(applied.because);
  assert.ok(Buffer.compare(new Uint8Array(await applied.bytes.arrayBuffer()), expected.bytes) === 0);
  const ingested = await ingestFile(blob, terms);
  if (ingested.kind !== 'ready') throw new Error(ingested.because);
  assert.is(ingested.instance.digest, await sha256OfBytes(new Uint8Array(expected.bytes)));
});

test('a large instance in memory is hashed without a copy of it', async () => {
  const file = sampleImage({ ...LARGE, rows: 4_200 }, {}) as Uint8Array<ArrayBuffer>;
  const digest = await sha256OfBytes(file);
  const copied: number[] = [];
  const { subtle } = crypto;
  const hash = subtle.digest.bind(subtle);
  subtle.digest = (name, bytes) => {
    copied.push(bytes.byteLength);
    return hash(name, bytes);
  };
  const policy = { kind: 'deidentified', rules: rulesOf(), pseudonyms: await pseudonymsOf(1) } as const;
  try {
    for (const each of [policy, { kind: 'identified' } as const]) {
      const ingested = await ingestFile(file, { policy: each, inFolder: false });
      if (ingested.kind !== 'ready') throw new Error(ingested.because);
      if (each.kind === 'identified') assert.is(ingested.instance.digest, digest);
    }
  } finally {
    subtle.digest = hash;
  }
  assert.ok(Math.max(0, ...copied) < HELD_BYTES, `${Math.max(...copied)} bytes`);
});

test('the patient is sealed for a vault where there is one, and nowhere else; what is sent is the same', async () => {
  const [{ bytes }] = syntheticStudy({ seed: 77, instancesPerSeries: 1, rows: 8, columns: 8 }).instances as [
    SyntheticInstance,
  ];
  const pairs = [await createMessagePair(), await createMessagePair()] as const;
  const terms = {
    id: '5c0d0a3e-2f0e-4ac6-9d57-0a3c2f6b1a11',
    keys: pairs.map(({ publicKey }) => toBase64Url(publicKey)),
  };
  const policy = { kind: 'deidentified', rules: rulesOf(), pseudonyms: await pseudonymsOf(1) } as const;
  const ingest = (of: DevicePolicy, file = new Blob([bytes])) =>
    ingestFile(file, { policy: of, inFolder: false });
  const without = await ingest(policy);
  const sealIdentity = createIdentitySealer(terms);
  const sealed = await ingest({ ...policy, sealIdentity });
  if (without.kind !== 'ready' || sealed.kind !== 'ready') throw new Error('it is an instance');
  assert.is(without.vault, null);
  assert.is(sealed.instance.digest, without.instance.digest);
  const again = await ingest({ ...policy, sealIdentity });
  assert.is(again.kind === 'ready' && again.vault, sealed.vault, 'once for a patient');
  const shares = await Promise.all(
    [0, 1].map((at) => openShare(terms, sealed.vault!, at as 0 | 1, pairs[at]!)),
  );
  const identity = await openIdentity(terms, sealed.vault!, [shares[0]!, shares[1]!]);
  const parsed = await readInstance(bytesSource(bytes));
  if (parsed.kind !== 'ready') throw new Error(parsed.because);
  assert.equal(identity, identityOf(parsed.instance));
  assert.ok(identity!.patientID !== '' && identity!.name !== '' && identity!.birthDate !== '');
  const sent = sealed.instance.bytes;
  const twice = await ingest({ ...policy, sealIdentity }, sent instanceof Blob ? sent : new Blob([sent]));
  assert.is(twice.kind === 'ready' && twice.vault, null, 'a pseudonym is no identity');
});

test('an identity that could not be sealed is sealed with the next instance of the patient', async () => {
  const terms = { id: '5c0d0a3e-2f0e-4ac6-9d57-0a3c2f6b1a11', keys: ['', ''] };
  const seal = createIdentitySealer(terms);
  const identity = { patientID: '1', issuer: '', name: 'A^B', birthDate: '' };
  const failed = await seal('RP-A', identity).catch((error: unknown) => error);
  assert.instance(failed, Error);
  terms.keys = await Promise.all([1, 2].map(async () => toBase64Url((await createMessagePair()).publicKey)));
  assert.is((await seal('RP-A', identity)).vault, terms.id);
});

test.run();
