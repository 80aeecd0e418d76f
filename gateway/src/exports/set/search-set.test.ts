/** A finished set in which somebody’s name is left is found out, wherever it stands; a clean one passes. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SimpleElement } from '#shared/dicom/build-instance.ts';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { textsOf } from '#shared/dicom/values.ts';
import { ingestFile } from '#shared/ingest/ingest-file.ts';
import { createArchiveWriter } from '#shared/ingest/write-archive.ts';
import { derivePolicyKey } from '#shared/transfer/policy-key.ts';
import { toDevicePolicy } from '../../foreign/files/device-policy.ts';
import type { OpeningPolicy } from '../../foreign/files/open-talk.ts';
import { testFilm } from '../../testing/open-subject.ts';
import type { Identity } from '../anonymous/identity-texts.ts';
import { searchSet } from './search-set.ts';

const test = suite('the search of a finished set');
const PATIENT: readonly SimpleElement[] = [
  [0x00100010, 'PN', 'Oberhuberin^Zoe'],
  [0x00100020, 'LO', 'PID-471100'],
];
const NOBODY: Identity = { names: [], numbers: [], birthDates: [], uids: [] };
const ZOE: Identity = {
  ...NOBODY,
  names: ['Oberhuberin^Zoe'],
  numbers: ['PID-471100'],
  birthDates: ['19800224'],
};

const key = await derivePolicyKey(new Uint8Array(32).fill(7), { name: 'deidentified', key: 1 });
const openingWith = (options: readonly string[]): OpeningPolicy => ({
  ...{ kind: 'deidentified', options, settings: {}, vault: null },
  ...key,
});
const PLAIN = openingWith([]);
/** A policy that leaves descriptions as they are, so that only the search can find a name in them. */
const KEEPING: OpeningPolicy = {
  ...PLAIN,
  ...{ settings: { attributes: { '00081030': 'keep' } } },
} as OpeningPolicy;

async function underPolicy(more: readonly SimpleElement[], opening = PLAIN): Promise<Uint8Array> {
  const policy = await toDevicePolicy(opening, async () => {});
  const film = new Blob([testFilm({ seed: 7500, more }).bytes]);
  const outcome = await ingestFile(film, { policy, inFolder: false });
  if (outcome.kind !== 'ready') throw new Error(`${outcome.kind}: ${outcome.because}`);
  const { bytes } = outcome.instance;
  return bytes instanceof Blob ? new Uint8Array(await bytes.arrayBuffer()) : bytes;
}

type Searched = { readonly opening?: OpeningPolicy; readonly of?: readonly Identity[] };

async function found(
  members: readonly (readonly [string, Uint8Array])[],
  { opening = PLAIN, of = [ZOE] }: Searched = {},
): Promise<number | null> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const archive = await createArchiveWriter(async (bytes) => void pieces.push(new Uint8Array(bytes)));
  for (const [path, bytes] of members) await archive.add(path, bytes);
  await archive.close();
  const zip = new Uint8Array(await new Blob(pieces).arrayBuffer());
  const set = {
    size: zip.length,
    read: async (offset: number, length: number) => zip.slice(offset, offset + length),
    identities: async (patient: number) => (patient === 2 ? of : [NOBODY]),
  };
  return searchSet({ opening, retainsUids: false }, set, new AbortController().signal);
}

const ONE = 'PAT00001/ST000001/SE000001/IM000001';
const TWO = 'PAT00002/ST000002/SE000001/IM000001';
const bothOf = (one: Uint8Array, two: Uint8Array) => Object.entries({ [ONE]: one, [TWO]: two });

test('passes where the policy was carried out', async () => {
  const clean = await underPolicy(PATIENT);
  assert.is(await found(bothOf(clean, clean)), null);
});

test('finds an instance from which nothing was removed', async () => {
  const film = testFilm({ seed: 7500, more: PATIENT }).bytes;
  const clean = await underPolicy(PATIENT);
  assert.equal([await found(bothOf(clean, film)), await found(bothOf(film, clean))], [2, 1]);
});

test('finds a name that only the PACS knows, in a text that the policy keeps', async () => {
  // The header names somebody else, so the policy does not know this name.
  const kept = (text: string) => underPolicy([[0x00081030, 'LO', text]], KEEPING);
  const told = await kept('chest OBERHUBERIN');
  assert.is(await found([[TWO, told]], { opening: KEEPING }), 2);
  assert.is(await found([[ONE, told]], { opening: KEEPING }), null, 'of another patient it names nobody');
  const harmless = await kept('Chest, lungs normal');
  assert.is(await found([[TWO, harmless]], { opening: KEEPING }), null);
});

test('passes an instance that came under the policy and keeps its pseudonyms, not under one of another', async () => {
  const once = await underPolicy(PATIENT);
  const read = await readInstance(bytesSource(new Uint8Array(once)), new AbortController().signal);
  assert.is(read.kind, 'ready');
  const textOf = (tag: number): string => {
    if (read.kind !== 'ready') throw new Error(read.kind);
    return textsOf(read.instance.elements.find((element) => element.tag === tag)!, read.instance)[0]!;
  };
  const inPacs: Identity = {
    ...{ names: [textOf(0x00100010)], numbers: [textOf(0x00100020)], birthDates: [] },
    uids: [textOf(0x0020000d)],
  };
  assert.match(inPacs.numbers[0]!, /^RP-/);
  assert.is(await found([[TWO, once]], { of: [inPacs] }), null);
  const { pair } = PLAIN as Extract<OpeningPolicy, { kind: 'deidentified' }>;
  const other = await derivePolicyKey(new Uint8Array(32).fill(8), { name: 'deidentified', key: 2 });
  const foreign = { ...PLAIN, pair, tagKey: other.tagKey } as OpeningPolicy;
  assert.is(await found([[TWO, once]], { of: [inPacs], opening: foreign }), 2);
});

test('refuses what it cannot read', async () => {
  for (const members of [
    [[ONE, new TextEncoder().encode('Oberhuberin')]],
    [['../PAT00001/x', await underPolicy(PATIENT)]],
  ] as const)
    assert.instance(await found(members).catch((error: unknown) => error), TypeError);
});

test.run();
