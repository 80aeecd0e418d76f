/** Verify believes nothing: one lie a test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codeInstance } from '#shared/transfer/coding/code-instance.ts';
import { loadCharls } from '#shared/transfer/coding/load-charls.ts';
import { createBoundary, packParcel, type PackedInstance } from '#shared/transfer/parcel.ts';
import { toBase64Url } from '#shared/transfer/base64url.ts';
import { derivePolicyKey } from '#shared/transfer/policy-key.ts';
import { pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import { deidentifyBytes } from '#testing/deidentified-file.ts';
import { largeInstance, syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { sha256 } from '#testing/sha256.ts';
import { StorageFull, type OpenBlob } from '../../ports/blobs/blobs.ts';
import { openFileBlobs } from '../../ports/blobs/file-blobs.ts';
import { checkHere, restoreHere } from '../../testing/open-pipeline.ts';
import { createRestoredBlob, type RestoredBlob } from './restored-blob.ts';
import { verifyParcel, type Promised, type VerifyTools } from './verify-parcel.ts';

const signal = new AbortController().signal;
const instances = syntheticStudy({ seed: 77, instancesPerSeries: 3, rows: 16, columns: 16 }).instances;
const [first, second] = instances as [SyntheticInstance, SyntheticInstance];
const identified: Pick<VerifyTools, 'rulesFor'> = { rulesFor: async () => ({ kind: 'identified' }) };

function toBody(bytes: Uint8Array): OpenBlob {
  return {
    size: bytes.length,
    read: async (offset, length) => bytes.slice(offset, offset + length),
    async *stream({ offset, length }) {
      for (let at = offset; at < offset + length; at += 65_536)
        yield bytes.subarray(at, Math.min(at + 65_536, offset + length));
    },
    close: async () => undefined,
  };
}

type Coding = NonNullable<PackedInstance['coding']> & { readonly bytes: Blob };

async function parcel(
  ...parts: { of: SyntheticInstance; bytes?: Uint8Array<ArrayBuffer>; digest?: string; coding?: Coding }[]
): Promise<Uint8Array> {
  const packed = parts.map(({ of, bytes = of.bytes, digest = sha256(of.bytes), coding }) => ({
    sopInstanceUID: of.identifiers.sopInstanceUID,
    digest,
    transferSyntaxUID: of.transferSyntaxUID,
    bytes: new Blob([bytes]),
    ...(coding ? { coding } : {}),
  }));
  return new Uint8Array(await packParcel(createBoundary(), packed).arrayBuffer());
}

function promise(instance: SyntheticInstance, more: Partial<Promised> = {}): [string, Promised] {
  const { identifiers, transferSyntaxUID, bytes } = instance;
  const row: Promised = {
    id: instances.indexOf(instance),
    sop_instance_uid: identifiers.sopInstanceUID,
    series_instance_uid: identifiers.seriesInstanceUID,
    study_instance_uid: identifiers.studyInstanceUID,
    sop_class_uid: identifiers.sopClassUID,
    transfer_syntax_uid: transferSyntaxUID,
    digest: sha256(bytes),
    bytes: bytes.length,
    policy_name: 'identified',
    policy_version: 1,
    beginnings: 0,
    ends: 0,
    ...more,
  };
  return [`${row.sop_instance_uid} ${row.digest}`, row];
}

/** Restored instances go to a real place for parcels. */
let folder: string;
let restored: RestoredBlob;
const verify = async (
  body: Uint8Array,
  promises: [string, Promised][],
  tools: typeof identified & Partial<VerifyTools> = identified,
) => {
  const all = {
    isLastRun: false,
    awaited: async () => new Map(promises),
    restored,
    restore: restoreHere,
    check: checkHere,
    account: 'one',
    note: async () => undefined,
    isRepeated: false,
    checkRoom: async () => undefined,
    ...tools,
  };
  return verifyParcel(toBody(body), all, signal);
};

const test = suite('verify, when');
test.before.each(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relay-verify-'));
  restored = createRestoredBlob(await openFileBlobs(folder), 'restored', new Uint8Array(32).fill(1));
});
test.after.each(() => rm(folder, { recursive: true }));

test('all is as promised, gives each instance its place', async () => {
  const body = await parcel({ of: first }, { of: second });
  const outcome = await verify(body, [promise(first), promise(second)]);
  assert.is(outcome.broken, null);
  for (const [i, instance] of outcome.instances.entries()) {
    assert.is(instance.kind, 'received');
    if (instance.kind !== 'received') continue;
    const { offset, isRestored } = instance.place;
    assert.not.ok(isRestored);
    assert.ok(
      Buffer.from(body.subarray(offset, offset + instances[i]!.bytes.length)).equals(instances[i]!.bytes),
    );
  }
});

test('one bit of an instance is another, asks for that one again and keeps the rest', async () => {
  const bytes = first.bytes.slice();
  bytes[bytes.length - 3]! ^= 1;
  const outcome = await verify(await parcel({ of: first, bytes }, { of: second }), [
    promise(first),
    promise(second),
  ]);
  assert.equal(
    outcome.instances.map(({ kind }) => kind),
    ['damaged', 'received'],
  );
});

test('an instance is longer or shorter than promised, asks for it again', async () => {
  const outcome = await verify(await parcel({ of: first, bytes: first.bytes.slice(0, -2) }), [
    promise(first),
  ]);
  assert.equal(
    outcome.instances.map(({ kind }) => kind),
    ['damaged'],
  );
});

for (const [name, more] of [
  ['the study', { study_instance_uid: '1.2.3' }],
  ['the series', { series_instance_uid: '1.2.3' }],
  ['the SOP Class', { sop_class_uid: '1.2.840.10008.5.1.4.1.1.7' }],
  ['the transfer syntax', { transfer_syntax_uid: '1.2.840.10008.1.2.4.50' }],
] as const) {
  test(`${name} is not the one in the manifest, refuses it`, async () => {
    const outcome = await verify(await parcel({ of: first }), [promise(first, more)]);
    assert.equal(
      outcome.instances.map((instance) => ('because' in instance ? instance.because : instance.kind)),
      ['manifest-mismatch'],
    );
  });
}

test('the SOP Instance UID inside is not the one outside, refuses it', async () => {
  const digest = sha256(second.bytes);
  const body = await parcel({ of: first, bytes: second.bytes, digest });
  const outcome = await verify(body, [promise(first, { digest, bytes: second.bytes.length })]);
  assert.equal(
    outcome.instances.map((instance) => ('because' in instance ? instance.because : instance.kind)),
    ['manifest-mismatch'],
  );
});

test('it is no DICOM, refuses it by name', async () => {
  const bytes = new TextEncoder().encode(
    '%PDF-1.7 something else entirely, long enough to be looked at, and then some more of it'.repeat(4),
  );
  const digest = sha256(bytes);
  const outcome = await verify(await parcel({ of: first, bytes, digest }), [
    promise(first, { digest, bytes: bytes.length }),
  ]);
  assert.equal(
    outcome.instances.map((instance) => ('because' in instance ? instance.because : instance.kind)),
    ['not-dicom-document'],
  );
});

test('an instance is an executable too, refuses it', async () => {
  const bytes = first.bytes.slice();
  bytes.set([0x4d, 0x5a]);
  const digest = sha256(bytes);
  const outcome = await verify(await parcel({ of: first, bytes, digest }), [promise(first, { digest })]);
  assert.equal(
    outcome.instances.map((instance) => ('because' in instance ? instance.because : instance.kind)),
    ['forbidden-preamble'],
  );
});

test('a part was not promised, or comes twice, ignores it', async () => {
  const outcome = await verify(await parcel({ of: second }, { of: first }, { of: first }), [promise(first)]);
  assert.equal([outcome.instances.length, outcome.unpromised, outcome.broken], [1, 2, null]);
});

test('the parcel ends in the middle, keeps what is whole and says where it broke', async () => {
  const body = await parcel({ of: first }, { of: second });
  const outcome = await verify(body.subarray(0, body.length - 500), [promise(first), promise(second)]);
  assert.equal(
    outcome.instances.map(({ kind }) => kind),
    ['received'],
  );
  assert.ok(outcome.broken !== null);
});

test('it is no parcel at all, says so', async () => {
  const outcome = await verify(new Uint8Array(3000), [promise(first)]);
  assert.equal([outcome.instances, outcome.broken], [[], { offset: 0 }]);
});

test('identity remains under a de-identifying policy, quarantines it; an instance de-identified under our key passes', async () => {
  const { tagKey } = await derivePolicyKey(new Uint8Array(32).fill(1), { name: 'deidentified', key: 1 });
  const rules = { kind: 'deidentified', options: [], settings: {}, tagKey: toBase64Url(tagKey) } as const;
  const tools: Pick<VerifyTools, 'rulesFor'> = {
    rulesFor: async () => rules,
  };
  const plain = await verify(await parcel({ of: first }), [promise(first)], tools);
  assert.equal(
    plain.instances.map((instance) => ('because' in instance ? instance.because : instance.kind)),
    ['identity-remains'],
  );
  for (const [key, expected] of [
    [1, 'received'],
    [2, 'identity-remains'],
  ] as const) {
    const made = await deidentifyBytes(first.bytes, rulesOf(), await pseudonymsOf(key));
    if (made.kind !== 'ready') throw new Error(made.because);
    const changed: SyntheticInstance = {
      ...first,
      identifiers: made.outcome.identifiers,
      bytes: new Uint8Array(made.bytes),
    };
    const outcome = await verify(await parcel({ of: changed }), [promise(changed, { id: 0 })], tools);
    assert.equal(
      outcome.instances.map((instance) => ('because' in instance ? instance.because : instance.kind)),
      [expected],
      `under key ${key}`,
    );
  }
});

async function coded({ bytes }: SyntheticInstance): Promise<Coding> {
  const { encoding, bytes: made } = await codeInstance(new Blob([bytes]), { loadCharls });
  if (encoding === null) throw new Error('it was to be coded');
  return { encoding, bytes: made };
}

const restoredBytes = ({ bytes }: SyntheticInstance, offset: number): Promise<Uint8Array> =>
  restored.read({ offset, length: bytes.length }, (source) => source.read(0, bytes.length));

test('some instances come coded, restores them bit for bit next to the parcel, and leaves the others where they are', async () => {
  const soft = syntheticStudy({ seed: 78, instancesPerSeries: 2, rows: 128, columns: 128 }).instances;
  const [a, b] = soft as [SyntheticInstance, SyntheticInstance];
  const body = await parcel(
    { of: a, coding: await coded(a) },
    { of: second },
    { of: b, coding: await coded(b) },
  );
  const outcome = await verify(body, [promise(a, { id: 0 }), promise(second), promise(b, { id: 2 })]);
  const places = outcome.instances.map((instance) => (instance.kind === 'received' ? instance.place : null));
  assert.equal(
    places.map((place) => place?.isRestored),
    [true, false, true],
  );
  for (const [i, of] of [
    [0, a],
    [2, b],
  ] as const)
    assert.ok(Buffer.from(await restoredBytes(of, places[i]!.offset)).equals(of.bytes));
});

test('a coded instance is damaged, asks for it again, keeps the others, and leaves nothing of it behind', async () => {
  const [a, b] = syntheticStudy({ seed: 79, instancesPerSeries: 2, rows: 128, columns: 128 }).instances as [
    SyntheticInstance,
    SyntheticInstance,
  ];
  const { encoding, bytes } = await coded(a);
  const whole = new Uint8Array(await bytes.arrayBuffer());
  const spoiled = [
    whole.subarray(0, -9),
    Buffer.concat([whole, whole]),
    whole.map((byte, i) => (i === whole.length - 40 ? byte ^ 4 : byte)),
    new Uint8Array(70),
  ];
  for (const wrong of spoiled) {
    const body = await parcel(
      { of: a, coding: { encoding, bytes: new Blob([wrong as Uint8Array<ArrayBuffer>]) } },
      { of: b, coding: await coded(b) },
    );
    const before = restored.size();
    const outcome = await verify(body, [promise(a, { id: 0 }), promise(b, { id: 1 })]);
    assert.equal(
      outcome.instances.map(({ kind }) => kind),
      ['damaged', 'received'],
    );
    assert.is(restored.size() - before, b.bytes.length);
  }
  const another = await verify(await parcel({ of: a, coding: await coded(b) }), [
    promise(a, { id: 0, bytes: b.bytes.length }),
  ]);
  assert.equal(
    another.instances.map(({ kind }) => kind),
    ['damaged'],
    'it restores to something else',
  );
});

test('a coded instance cannot be restored for a reason of the gateway’s own, does not call it damaged', async () => {
  const body = await parcel({ of: first, coding: await coded(first) });
  // biome-ignore lint/correctness/useYield: it fails before its first piece.
  const restore: VerifyTools['restore'] = async function* () {
    throw new Error('EIO');
  };
  for (const [isLastRun, expected] of [
    [false, 'EIO'],
    [true, 'quarantined'],
  ] as const) {
    const outcome = verify(body, [promise(first)], { ...identified, restore, isLastRun });
    assert.is(
      await outcome.then(
        ({ instances: [instance] }) => instance?.kind,
        (error: Error) => error.message,
      ),
      expected,
    );
  }
});

test('the disk has no room to restore, needs none where nothing comes coded', async () => {
  const checkRoom: VerifyTools['checkRoom'] = async () => {
    throw new StorageFull();
  };
  const outcome = await verify(await parcel({ of: first }), [promise(first)], { ...identified, checkRoom });
  assert.is(outcome.instances[0]?.kind, 'received');
});

test('a large coded instance is restored in pieces and checked where it lies; one that is refused does not stay there', async () => {
  const { identifiers, blob } = largeInstance(12, 5);
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const large: SyntheticInstance = {
    fileName: '',
    identifiers,
    transferSyntaxUID: first.transferSyntaxUID,
    bytes,
  };
  const deflated = { encoding: 'deflate' as const, bytes: new Blob([deflateSync(bytes)]) };
  const outcome = await verify(await parcel({ of: large, coding: deflated }), [promise(large, { id: 0 })]);
  assert.equal(outcome.instances, [{ id: 0, kind: 'received', place: { offset: 0, isRestored: true } }]);
  const refused = await verify(await parcel({ of: large, coding: deflated }), [
    promise(large, { id: 0, study_instance_uid: '1.2.3' }),
  ]);
  assert.equal([refused.instances[0]?.kind, restored.size()], ['refused', bytes.length]);
});

test('an instance is larger than the buffer, streams it', async () => {
  const { identifiers, blob } = largeInstance(12, 5);
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const large: SyntheticInstance = {
    fileName: '',
    identifiers,
    transferSyntaxUID: first.transferSyntaxUID,
    bytes,
  };
  const outcome = await verify(await parcel({ of: large }), [promise(large, { id: 0 })]);
  assert.equal(
    outcome.instances.map(({ kind }) => kind),
    ['received'],
  );
});
test.run();
