/** Decisions about images before Send outlast the page, for the person who made them and for the same files alone. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createArchiveWriter } from '#shared/ingest/write-archive.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { giveTurns, untilRead } from '../../testing/open-api.ts';
import { keptOn, untilKept } from '../../testing/kept-decisions.ts';
import { DEIDENTIFIED, filesOf, openIngest, chooseOn, deliver, foundOf } from '../../testing/open-ingest.ts';
import { openDevice, type TestDevice } from '../../testing/open-queue.ts';
import { assertEach } from '../../testing/assert-each.ts';

const test = suite('decisions before Send');
const BOX = { frames: null, x: 2, y: 2, width: 4, height: 4 };
const SHAPE = { seed: 77, series: 2, instancesPerSeries: 3, rows: 16, columns: 16, burnedInSeries: 2 };
const made = syntheticStudy(SHAPE);
const FILES = filesOf(made);

type Opened = Awaited<ReturnType<typeof openIngest>>;
const filesOn = ({ store }: Pick<Opened, 'store'>) => foundOf(store, made.studyInstanceUID);
const heldOn = (opened: Pick<Opened, 'store'>) => filesOn(opened).filter(({ held }) => held.length > 0);
/** A decision of this page is kept after all others were looked at. */
const decideOne = (page: Opened) =>
  page.store.release([filesOn(page).find(({ held }) => held.length === 0)!], [BOX]);
const untilTaken = async ({ store }: Opened, released: number, held: number) =>
  assert.ok(
    await untilRead(() => store.released.value.size === released && store.heldBack.value.length === held),
  );
/** Covers one image, releases one, leaves one out, and draws a box on one that no policy holds. */
async function decided(): Promise<TestDevice> {
  const device = await openDevice();
  const page = await openIngest({ chosen: DEIDENTIFIED, device });
  const { store } = page;
  await store.addFiles(FILES);
  const [covered, released, out] = heldOn(page);
  store.release([covered!], [BOX]);
  store.release([released!]);
  await store.leaveOut([out!], true);
  store.release([filesOn(page).find(({ held }) => held.length === 0)!], [BOX, BOX]);
  await untilKept(device, 4);
  return device;
}

/** On a page that reloads: the number of boxes of each released file, and how many are left out. */
const saidOn = ({ store }: Pick<Opened, 'store'>) => [
  [...store.released.value.values()].map((boxes) => boxes.length).sort(),
  store.leftOut.value.get(String(made.studyInstanceUID))?.instances,
  store.heldBack.value.length,
];

test('stand on the next page once the same files are chosen', async () => {
  const device = await decided();
  const page = await chooseOn(device, FILES);
  await untilTaken(page, 3, 0);
  assert.equal(saidOn(page), [[0, 1, 2], 1, 0]);
  await page.store.send();
  const [row, ...others] = await device.database.studies.toArray();
  assert.equal([row!.chosen, row!.held.reasons, row!.held.leftOut, others], [6, [], 1, []]);
});

test('end when they are taken back, there or here', async () => {
  const device = await decided();
  const page = await chooseOn(device, FILES);
  await untilTaken(page, 3, 0);
  page.store.holdBack(filesOn(page));
  await page.store.leaveOut(heldOn(page), false);
  await untilKept(device, 0);
});

test('are nobody else’s, of no other file, under no other policy, and of no other day', async () => {
  const other = filesOf(syntheticStudy({ ...SHAPE, rows: 17 }));
  const another = { ...DEIDENTIFIED, name: 'another' };
  for (const [why, options, files, kept] of [
    ['another person', { tools: { account: () => 'b' } }, FILES, 0],
    ['other bytes', {}, other, 4],
    ['another policy', { chosen: another }, FILES, 4],
    ['the next day', { tools: { now: () => 86_400_001 } }, FILES, 0],
  ] as const) {
    const device = await decided();
    const old = new Set((await keptOn(device)).map(({ name }) => name));
    const page = await chooseOn(device, files, { ...options });
    decideOne(page);
    await untilKept(device, kept + 1, old);
    assert.equal(saidOn(page), [[1], 0, 3], why);
  }
});

test('end after a long shift also on a page that stays open', async () => {
  const device = await decided();
  let at = 1;
  const page = await openIngest({ chosen: DEIDENTIFIED, device, tools: { now: () => at } });
  const [first, ...others] = FILES;
  await page.store.addFiles([first!]);
  assert.ok(await untilRead(() => page.store.released.value.size === 1));
  at = 43_200_002;
  await page.store.addFiles(others);
  // A decision of this page is kept after all others were looked at.
  page.store.holdBack(filesOn(page));
  await untilKept(device, 3);
  assert.equal(saidOn(page), [[], 0, 3]);
});

test('stand under the policy under which they were made, whichever policy is chosen after them', async () => {
  const device = await openDevice();
  const another = { ...DEIDENTIFIED, name: 'another' };
  const page = await openIngest({ chosen: another, device });
  await page.store.addFiles(FILES);
  await page.store.leaveOut(heldOn(page).slice(0, 1), true);
  await untilKept(device, 1);
  page.store.choosePolicy(DEIDENTIFIED.name);
  decideOne(page);
  await untilKept(device, 2);
  const next = await chooseOn(device, FILES);
  assert.ok(await untilRead(() => next.store.released.value.size === 1));
  next.store.holdBack(filesOn(next));
  await untilKept(device, 1);
  assert.equal(saidOn(next), [[], 0, 3]);
  const back = await openIngest({ chosen: another, device });
  await back.store.addFiles(FILES);
  assert.ok(await untilRead(() => back.store.heldBack.value.length === 2));
  assert.equal(saidOn(back), [[], 1, 2]);
});

test('lie on the device under its key alone', async () => {
  const device = await decided();
  for (const { name, value } of await keptOn(device)) {
    assert.match(name, /^decision\/a\/[0-9a-f-]{36}$/);
    assert.instance(value, Uint8Array);
  }
});

/** All that is held was covered with one box, and sent. */
async function sent(): Promise<TestDevice> {
  const device = await openDevice();
  const first = await chooseOn(device, FILES);
  first.store.release(heldOn(first), [BOX]);
  await untilKept(device, 3);
  await first.store.send();
  await deliver(device);
  return device;
}

test('show what was covered in the picture of what the PACS has', async () => {
  const page = await chooseOn(await sent(), FILES);
  assert.ok(await untilRead(() => page.store.heldBack.value.length === 0));
  assert.ok(await untilRead(() => heldOn(page).every(({ decided: said }) => said?.boxes !== undefined)));
  assertEach(heldOn(page), ({ decided: said }) => [said?.as, said?.boxes], Array(3).fill(['in-pacs', [BOX]]));
  assert.is(page.store.released.value.size, 0);
});

test('of an image that was sent and then deleted in the PACS do not send it again by themselves', async () => {
  const tools = { inPacsNow: async () => new Set<string>() };
  const page = await chooseOn(await sent(), FILES, { tools });
  assert.ok(await untilRead(() => heldOn(page).every(({ goneSince }) => goneSince !== undefined)));
  decideOne(page);
  await untilKept(page, 4);
  assert.equal(saidOn(page), [[1], 0, 3]);
});

/** The size of the first piece of a digest: only that reads so much at once. */
const PIECE_BYTES = 16 * 1024 * 1024;

test('are no longer read from files once Send is pressed', async () => {
  const reading = Promise.withResolvers<void>();
  const read = Promise.withResolvers<void>();
  let digests = 0;
  const slow = (file: File): File => {
    const slice = file.slice.bind(file);
    const ofDigest = (piece: Blob): Blob => {
      digests += 1;
      reading.resolve();
      const bytes = piece.arrayBuffer.bind(piece);
      return Object.assign(piece, { arrayBuffer: () => read.promise.then(bytes) });
    };
    return Object.assign(file, {
      slice: (from?: number, to?: number) =>
        to === PIECE_BYTES ? ofDigest(slice(from, to)) : slice(from, to),
    });
  };
  const page = await openIngest({ chosen: DEIDENTIFIED });
  await page.store.addFiles(filesOf(made).map(slow));
  page.store.release(heldOn(page));
  await reading.promise;
  const sending = page.store.send();
  assert.ok(await untilRead(() => page.store.phase.value !== 'found'));
  read.resolve();
  await sending;
  await giveTurns();
  assert.is(digests, 1, 'of three');
});

test('about the files of an archive read its directory once', async () => {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const writer = await createArchiveWriter(async (bytes) => void parts.push(bytes.slice()));
  for (const { bytes, fileName } of made.instances) await writer.add(fileName, new Uint8Array(bytes));
  await writer.close();
  const archive = new File(parts, 'disc.zip');
  // The directory is at the end.
  let ends = 0;
  const slice = archive.slice.bind(archive);
  const whole = archive.arrayBuffer.bind(archive);
  Object.assign(archive, {
    slice(from = 0, to = archive.size) {
      if (to >= archive.size) ends += 1;
      return slice(from, to);
    },
    arrayBuffer() {
      ends += 1;
      return whole();
    },
  });
  const page = await openIngest({ chosen: DEIDENTIFIED });
  await page.store.addFiles([archive]);
  const endsFor = async (count: number, kept: number) => {
    const before = ends;
    page.store.release(heldOn(page).slice(kept - count, kept));
    await untilKept(page, kept);
    return ends - before;
  };
  const once = await endsFor(1, 1);
  assert.ok(once > 0);
  assert.is(await endsFor(2, 3), once);
});

test.run();
