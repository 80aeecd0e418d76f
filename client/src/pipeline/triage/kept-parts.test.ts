/**
 * The models on the device: fetched once, trusted only if their digest matches, and available without a
 * network.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '#testing/sha256.ts';
import { createKeptParts, type Part } from './kept-parts.ts';

const MODEL = new TextEncoder().encode('a model');
const partOf = (name: string, bytes: Uint8Array): Part => ({
  name,
  url: `/assets/${name}.onnx`,
  digest: sha256(bytes),
});

/** Cache Storage as far as it is used, and a network that gives `served` by address; null: there is none. */
function openDevice(served: Record<string, Uint8Array<ArrayBuffer>> | null) {
  const kept = new Map<string, Uint8Array<ArrayBuffer>>();
  const asked: string[] = [];
  const network = { served, isCut: false };
  const disk = { isFull: false };
  const pathOf = (key: string) => new URL(key, 'http://device').pathname;
  const cache = {
    match: async (key: string) => (kept.has(pathOf(key)) ? new Response(kept.get(pathOf(key))) : undefined),
    async put(key: string, answer: Response) {
      if (disk.isFull) throw new DOMException('no room', 'QuotaExceededError');
      kept.set(pathOf(key), new Uint8Array(await answer.arrayBuffer()));
    },
    delete: async (key: string) => kept.delete(pathOf(key)),
    keys: async () => [...kept.keys()].map((key) => ({ url: `http://device${key}` })),
  };
  const parts = createKeptParts({
    caches: { open: async () => cache as unknown as Cache },
    async fetch(url) {
      asked.push(url);
      if (network.served === null) throw new TypeError('no network');
      if (network.isCut)
        return new Response(
          new ReadableStream({ pull: (body) => body.error(new TypeError('network error')) }),
        );
      return network.served[url]
        ? new Response(network.served[url])
        : new Response('not here', { status: 404 });
    },
  });
  return { parts, kept, asked, network, disk };
}

const nameOf = (error: unknown) => (error as Error).name;

test('parts fetched once are available without a network', async () => {
  const part = partOf('model', MODEL);
  const { parts, asked, network } = openDevice({ [part.url]: MODEL });
  await parts.keep([part]);
  network.served = null;
  await parts.keep([part]);
  assert.equal(await parts.read(part), MODEL);
  assert.equal(asked, [part.url]);
});

test('bytes without the digest of the card are never used and never kept', async () => {
  const part = partOf('model', MODEL);
  const { parts, kept } = openDevice({
    [part.url]: new TextEncoder().encode('<html>the hotel asks you to sign in'),
  });
  assert.is(await parts.read(part).then(() => 'given', nameOf), 'PartMissing');
  assert.is(await parts.keep([part]).then(() => 'kept', nameOf), 'PartMissing');
  assert.is(kept.size, 0);
});

test('a link cut in the middle of a part leaves nothing behind; next time the whole part is fetched', async () => {
  const part = partOf('model', MODEL);
  const { parts, kept, asked, network } = openDevice({ [part.url]: MODEL });
  network.isCut = true;
  for (const ask of [() => parts.keep([part]), () => parts.read(part)])
    assert.is(await ask().then(() => 'given', nameOf), 'PartMissing');
  assert.is(kept.size, 0);
  network.isCut = false;
  await parts.keep([part]);
  assert.equal([kept.size, asked.length], [1, 3]);
});

test('a copy damaged on the device is fetched again; without a network it is not used', async () => {
  const part = partOf('model', MODEL);
  const { parts, kept, network } = openDevice({ [part.url]: MODEL });
  await parts.keep([part]);
  const [key] = kept.keys();
  kept.set(key!, new TextEncoder().encode('a m0del'));
  assert.equal(await parts.read(part), MODEL);
  assert.equal(kept.get(key!), MODEL);
  kept.set(key!, new TextEncoder().encode('a m0del'));
  network.served = null;
  assert.is(await parts.read(part).then(() => 'given', nameOf), 'PartMissing');
});

test('an update that does not change a model does not fetch it again, and parts that no version names are dropped', async () => {
  const same = partOf('same', MODEL);
  const old = partOf('old', new Uint8Array([1]));
  const newer = partOf('newer', new Uint8Array([2]));
  const { parts, kept, asked } = openDevice({
    [same.url]: MODEL,
    [old.url]: new Uint8Array([1]),
    [newer.url]: new Uint8Array([2]),
  });
  await parts.keep([same, old]);
  await parts.keep([{ ...same, url: '/assets/same-under-another-name.onnx' }, newer]);
  assert.equal(asked, [same.url, old.url, newer.url]);
  assert.is(kept.size, 2);
});

test('a full disk is noticed with the first part: the others are not fetched in vain', async () => {
  const first = partOf('first', MODEL);
  const second = partOf('second', MODEL);
  const { parts, asked, disk } = openDevice({ [first.url]: MODEL, [second.url]: MODEL });
  disk.isFull = true;
  assert.is(await parts.keep([first, second]).then(() => 'kept', nameOf), 'PartMissing');
  assert.equal(asked, [first.url]);
});

test('if the browser keeps nothing, parts are fetched each time', async () => {
  const part = partOf('model', MODEL);
  const parts = createKeptParts({ caches: undefined, fetch: async () => new Response(MODEL) });
  await parts.keep([part]);
  assert.equal(await parts.read(part), MODEL);
});

test.run();
