/**
 * The corpus's canaries under `deidentified`, from a real Chromium through a real gateway into a real
 * Orthanc. While the study waits for an unreachable PACS, and again after it has arrived, the test searches
 * for them in every form: in all traffic on both links (parcels are opened with the gateway's own key), in
 * the browser's profile and the parts that scripts can read, in the gateway's data directory, log, metrics
 * and audit, and in Orthanc's storage. The same search finds them when the files are sent unchanged.
 */
import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { REASONS } from '#shared/protocol/reasons.ts';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readParcel } from '#shared/transfer/parcel.ts';
import { createOpener, SEAL_TAG_BYTES, SEALED_RECORD_BYTES } from '#shared/transfer/seal.ts';
import { ADMIN, ask } from '#testing/accounts.ts';
import { choose, signIn, type StudyOnDisk } from '#testing/app-page.ts';
import { allFiles } from '#testing/ask-orthanc.ts';
import { CANARY_NAME, readCanaries, type Canaries } from '#testing/canaries.ts';
import { skipped, testEnvironment } from '#testing/environment.ts';
import type { Found } from '#testing/find-identities.ts';
import { until } from '#testing/gateway-under-test.ts';
import { createHttpTap, type HttpTap, type TappedRequest } from '#testing/http-tap.ts';
import { noWorldBecause, openOwnWorld, type OwnWorld } from '#testing/world.ts';

const { corpus } = testEnvironment();
const test = suite('canaries');
const why = corpus === null ? 'no corpus' : await noWorldBecause();

type World = OwnWorld & {
  readonly toGateway: HttpTap;
  readonly toPacs: HttpTap;
  readonly browser: BrowserContext;
};

/** A world that records all traffic to the gateway and to the PACS. */
async function openTappedWorld(): Promise<World> {
  const toGateway = createHttpTap();
  const toPacs = createHttpTap();
  const world = await openOwnWorld({
    tapToGateway: () => toGateway.listen(),
    tapToPacs: () => toPacs.listen(),
  });
  return { ...world, toGateway, toPacs, browser: await world.openBrowser() };
}

const filesOf = (canaries: Canaries): StudyOnDisk[] =>
  [...canaries.instances, ...canaries.documents].map(({ bytes }, index) => ({
    name: `${CANARY_NAME}-${index}.dcm`,
    mimeType: 'application/dicom',
    buffer: bytes,
  }));

/** The values of `Upload-Metadata` (tus 1.0, creation), in base64 as they are sent. */
function metadataOf({ headers }: TappedRequest): Map<string, string> {
  return new Map(
    (headers.get('upload-metadata') ?? '')
      .split(',')
      .map((pair) => pair.trim().split(' ') as [string, string]),
  );
}

/** The plaintext of each parcel. A parcel of this size is sent with its creation, so each is one request. */
async function openedParcels(tap: HttpTap, dataDir: string): Promise<Buffer[]> {
  const key = createPrivateKey(await readFile(join(dataDir, 'keys/sealing.pem'))).toCryptoKey(
    'X25519',
    false,
    ['deriveBits'],
  ) as CryptoKey;
  const parcels: Buffer[] = [];
  for (const request of tap.requests().filter(({ method, body }) => method === 'POST' && body.length > 0)) {
    const metadata = metadataOf(request);
    const enc = metadata.get('enc');
    if (enc === undefined) continue;
    assert.is(request.body.length, Number(request.headers.get('upload-length')), 'a parcel in one request');
    const opener = await createOpener(key, enc, Buffer.from(metadata.get('parcel')!, 'base64').toString());
    const records: Uint8Array[] = [];
    for (let at = 0; at < request.body.length; ) {
      const end = Math.min(request.body.length, at + SEALED_RECORD_BYTES + SEAL_TAG_BYTES);
      const plain = await opener.open(request.body.subarray(at, end), end === request.body.length);
      assert.ok(plain, 'a record opens');
      records.push(plain);
      at = end;
    }
    parcels.push(Buffer.concat(records));
  }
  return parcels;
}

/**
 * Everything that a script of the app can read on the device; keys that cannot be exported appear as an empty
 * object.
 */
function storageOf(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const said: unknown[] = [{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href];
    const readable = async (value: unknown): Promise<unknown> => {
      if (value instanceof Blob) value = await value.arrayBuffer();
      if (value instanceof ArrayBuffer) value = new Uint8Array(value);
      if (value instanceof Uint8Array) return Array.from(value, (byte) => String.fromCharCode(byte)).join('');
      if (typeof value !== 'object' || value === null) return value;
      return Promise.all(Object.entries(value).map(async ([name, inner]) => [name, await readable(inner)]));
    };
    for (const { name } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name!));
      for (const store of database.objectStoreNames) {
        const rows = database.transaction(store).objectStore(store);
        const [keys, values] = await Promise.all([done(rows.getAllKeys()), done(rows.getAll())]);
        said.push(name, store, await readable(keys), await readable(values));
      }
      database.close();
    }
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        // The parts of the app are the gateway's own files, and large.
        const isPart = new URL(request.url).pathname.startsWith('/assets/');
        said.push(name, request.url, isPart ? '' : await (await cache.match(request))!.text());
      }
    }
    return JSON.stringify(said);
  });
}

/** Everything that an administrator can read from the gateway. */
async function answersOf({ gateway }: World): Promise<string> {
  const read = async (path: string): Promise<string> => {
    const answer = await ask(gateway, ADMIN, { path });
    assert.is(answer.status, 200, path);
    return answer.text();
  };
  return (await Promise.all([read('/metrics'), read('/audit')])).join('\n');
}

/** Searches all texts, and the disks of the device and of the gateway. */
async function searchAll(world: World, canaries: Canaries, page: Page): Promise<readonly Found[]> {
  return [...(await searchTexts(world, canaries, page)), ...(await searchFolders(world, canaries))];
}

/** The places where canaries are found: in what passed, in what the page and an administrator can read, in the PACS. */
async function searchTexts(world: World, { search }: Canaries, page: Page): Promise<readonly Found[]> {
  const { toGateway, toPacs, dataDir, gateway, orthanc } = world;
  const inTexts: [string, readonly Buffer[]][] = [
    ['link to the gateway', toGateway.bytes()],
    [
      'requests to the gateway',
      toGateway.requests().map(({ url, headers }) => Buffer.from(`${url}\n${[...headers].join('\n')}`)),
    ],
    ['parcels', await openedParcels(toGateway, dataDir)],
    ['link to the PACS', toPacs.bytes()],
    ['requests to the PACS', toPacs.requests().map(({ body }) => body)],
    ['log', [Buffer.from(gateway.lines.map((line) => JSON.stringify(line)).join('\n'))]],
    ['storage', [Buffer.from(await storageOf(page), 'latin1')]],
    ['metrics and audit', [Buffer.from(await answersOf(world))]],
    ['PACS', await Array.fromAsync(allFiles(orthanc))],
  ];
  return inTexts.flatMap(([file, texts]) =>
    texts.flatMap((text) => search.inBytes(text).map((each) => ({ file, ...each }))),
  );
}

async function searchFolders({ dataDir, profile }: World, { search }: Canaries): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const folder of [dataDir, profile])
    found.push(
      ...(await search.inFolder(folder)).map((each) => ({
        ...each,
        file: `${folder.split('/').at(-1)}/${each.file}`,
      })),
    );
  return found;
}

const places = (found: readonly Found[]): string[] => [...new Set(found.map(({ file }) => file))];

/** Chooses the files and the policy. */
async function chooseUnder(page: Page, files: readonly StudyOnDisk[], policy: RegExp): Promise<void> {
  await choose(page, files);
  await page.getByRole('button', { name: /Change$/ }).click();
  await page.getByLabel(policy).check();
  await page.getByRole('button', { name: /^(Keep names|Done)$/ }).click();
}

if (why !== null || corpus === null) {
  skipped('the canaries through a browser into a PACS', why ?? 'no corpus');
} else {
  test('no canary leaves the device, in any form: not in transit, not in storage, not in the PACS', async () => {
    const canaries = await readCanaries(corpus);
    const world = await openTappedWorld();
    try {
      const page = world.browser.pages()[0]!;
      await page.goto(world.address);
      await signIn(page);
      world.pacsLink.cut();
      await chooseUnder(page, filesOf(canaries), /^Remove names before sending/);
      // The card says why instances that cannot be cleaned stay.
      const kept = page.locator('.card-held');
      await kept.getByText(REASONS['cannot-be-deidentified'].title).first().waitFor();
      await page.getByRole('button', { name: /^Send \d/ }).click();
      await page.getByRole('heading', { name: 'Studies', level: 1, exact: true }).waitFor();
      await until('the study to wait for the PACS', () =>
        world.gateway.lines.some(({ event, stage }) => event === 'stage-started' && stage === 'forward'),
      );
      const waiting = await searchAll(world, canaries, page);
      assert.equal(waiting, [], 'while it waits');

      world.pacsLink.mend();
      await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
      await until('the gateway to be done with it', () =>
        world.gateway.lines.some(({ event, stage }) => event === 'stage-finished' && stage === 'eviction'),
      );
      const parts = await Promise.all(
        (await openedParcels(world.toGateway, world.dataDir)).map(async (bytes) =>
          Array.fromAsync(readParcel(bytesSource(bytes))),
        ),
      );
      assert.is(parts.flat().length, canaries.instances.length, 'only clean instances were sent');
      assert.is((await Array.fromAsync(allFiles(world.orthanc))).length, canaries.instances.length);
      const arrived = await searchAll(world, canaries, page);
      assert.equal(arrived, [], 'after it has arrived');

      // Positive control: sent unchanged, they are found where they must be.
      await page.goto(`${world.address}/#/`);
      await chooseUnder(page, filesOf(canaries).slice(0, 1), /^Keep everything unchanged/);
      await page.getByRole('button', { name: /^Send \d/ }).click();
      await until(
        'the PACS to hold it',
        async () => (await Array.fromAsync(allFiles(world.orthanc))).length > canaries.instances.length,
      );
      const found = places(await searchTexts(world, canaries, page));
      for (const place of ['parcels', 'link to the PACS', 'requests to the PACS', 'PACS'])
        assert.ok(found.includes(place), `found in ${place}: ${found.join()}`);
      assert.not.ok(
        found.some((place) => /log|audit/.test(place)),
        `even then not in ${found.join()}`,
      );

      await world.browser.close();
      await world.gateway.stop();
      const left = await searchFolders(world, canaries);
      assert.equal(left, [], 'on both disks, after both have ended and even of the one sent unchanged');
    } finally {
      await world.close();
    }
  });
}

test.run();
