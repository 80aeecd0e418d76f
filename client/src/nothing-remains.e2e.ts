// test:all: Builds with erasures off take minutes; by day canaries.e2e.ts searches device, gateway and links.
/**
 * Promise 2, searched for byte by byte: studies full of identities are sent by a real Chromium. While they
 * wait for an unreachable PACS, and again when the PACS has them, every byte of the browser's profile, the
 * gateway's data directory, temporary files and the log is searched, and the data that the stored keys could
 * still open is counted. The same journey with an erasure switched off must find the remains: a search that
 * cannot find anything proves nothing.
 *
 * `RELAY_MUTATIONS=all npm test -- nothing-remains` switches off each of them in turn; by default only the
 * first.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { choose, pressSend, signIn, type StudyOnDisk } from '#testing/app-page.ts';
import { skipped } from '#testing/environment.ts';
import { ERASURES, SWITCHED_OFF, type Erasure } from '#testing/erasures.ts';
import { createIdentitySearch, type Found } from '#testing/find-identities.ts';
import { until } from '#testing/gateway-under-test.ts';
import { copyWith } from '#testing/mutated-copy.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { noWorldBecause, openOwnWorld, type OwnWorld } from '#testing/world.ts';
import { startOrthanc } from '../../scripts/system/orthanc.ts';

const test = suite('nothing remains');
const why = await noWorldBecause();

const study = syntheticStudy({
  seed: 51,
  modality: 'MR',
  series: 2,
  instancesPerSeries: 6,
  rows: 256,
  columns: 256,
});
const FILE_NAME = 'VEXQUILZ-ANNA-19370411';
const files: StudyOnDisk[] = study.instances.map(({ bytes }, at) => ({
  name: `${FILE_NAME}-${at}.dcm`,
  mimeType: 'application/dicom',
  buffer: Buffer.from(bytes),
}));
const search = createIdentitySearch([...study.planted.filter((value) => value.length >= 7), FILE_NAME]);

/** Remains other than plain bytes: data that the stored keys could still open. */
type Openable = {
  readonly titles: number;
  readonly records: number;
  readonly parcelsAtGateway: number;
  readonly studyKeys: number;
};
type Journey = {
  readonly waiting: readonly Found[];
  readonly after: readonly Found[];
  readonly openable: Openable;
};

/** The titles that this device's own key opens, and the records of parcels, in the page's database. */
function leftOnDevice(page: Page): Promise<{ titles: number; records: number }> {
  return page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await done(indexedDB.open('relaypacs'));
    const stores = database.transaction(['studies', 'records']);
    const rows = (await done(stores.objectStore('studies').getAll())) as { title: Uint8Array | null }[];
    const records = await done(stores.objectStore('records').count());
    database.close();
    return { titles: rows.filter(({ title }) => title !== null).length, records };
  });
}

const filesIn = async (folder: string): Promise<number> => (await readdir(folder)).length;

async function openWith(erasures: readonly Erasure[]): Promise<{ app: OwnWorld; close(): Promise<void> }> {
  if (erasures.length === 0) {
    const app = await openOwnWorld();
    return { app, close: () => app.close() };
  }
  const copy = await copyWith(erasures.flatMap(({ mutations }) => mutations));
  try {
    await copy.build();
    const app = await openOwnWorld({ root: copy.root });
    return {
      app,
      async close() {
        await app.close();
        await copy.remove();
      },
    };
  } catch (error) {
    await copy.remove();
    throw error;
  }
}

/** Everything except the PACS's own folder. */
async function searchAll({ folder, gateway }: OwnWorld): Promise<readonly Found[]> {
  const log = gateway.lines.map((line) => JSON.stringify(line)).join('\n');
  return [
    ...(await search.inFolder(folder, ['orthanc', 'pacs'])),
    ...search.inBytes(Buffer.from(log)).map((found) => ({ file: 'log', ...found })),
  ];
}

async function travel(erasures: readonly Erasure[]): Promise<Journey> {
  const { app, close } = await openWith(erasures);
  try {
    const { orthanc, gateway, folder } = app;
    const page = (await app.openBrowser()).pages()[0]!;
    await page.goto(app.address);
    await signIn(page);
    await orthanc.stop();
    await choose(page, files);
    await page.getByRole('button', { name: /Change$/ }).click();
    await page.getByLabel(/^Keep everything unchanged/).check();
    await page.getByRole('button', { name: 'Keep names' }).click();
    await pressSend(page);
    await until('the study to wait for the PACS', () =>
      gateway.lines.some(({ event, stage }) => event === 'stage-started' && stage === 'forward'),
    );
    const waiting = await searchAll(app);

    const again = await startOrthanc({
      folder: join(folder, 'orthanc'),
      port: Number(new URL(orthanc.url).port),
    });
    try {
      await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
      await until('the gateway to be done with it', () =>
        gateway.lines.some(({ event, stage }) => event === 'stage-finished' && stage === 'eviction'),
      );
      const data = join(folder, 'data');
      const openable = {
        ...(await leftOnDevice(page)),
        parcelsAtGateway: await filesIn(join(data, 'blobs')),
        studyKeys: await filesIn(join(data, 'keys/studies')),
      };
      await page.context().close();
      await gateway.stop();
      return { waiting, after: await searchAll(app), openable };
    } finally {
      await again.stop();
    }
  } finally {
    await close();
  }
}

const remains = ({ waiting, after, openable }: Journey): boolean =>
  waiting.length + after.length > 0 || Object.values(openable).some((count) => count > 0);

if (why !== null) {
  skipped('the search for what remains of a study', why);
} else {
  test('no identity of a waiting study is stored in the clear, and nothing of an arrived one can still be opened', async () => {
    const journey = await travel([]);
    assert.equal(journey.waiting, []);
    assert.equal(journey.after, []);
    assert.equal(journey.openable, { titles: 0, records: 0, parcelsAtGateway: 0, studyKeys: 0 });
  });

  test('positive control: with sealing and encryption switched off the same search finds the study on the device and at the gateway', async () => {
    const { waiting } = await travel(SWITCHED_OFF);
    const hit = (place: RegExp) => waiting.some(({ file }) => place.test(file));
    assert.ok(hit(/^profile\/.*IndexedDB/), 'in IndexedDB');
    assert.ok(hit(/^data\/blobs\//), 'in the gateway’s parcels');
  });

  const tried = process.env.RELAY_MUTATIONS === 'all' ? ERASURES : ERASURES.slice(0, 1);
  for (const erasure of tried) {
    test(`the search notices a missing erasure: ${erasure.name}`, async () => {
      assert.ok(remains(await travel([erasure])), 'something remains, and is found');
    });
  }
}

test.run();
