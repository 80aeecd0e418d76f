/** Entries of archives come out with their bytes, or the archive is called damaged: never other bytes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ArchiveError, createArchiveReader, listArchive } from './archive.ts';

const BYTES = Uint8Array.from({ length: 5_000 }, (_, at) => (at * at) % 251);

/** An archive of one file. `level` 0: stored. */
async function archiveOf(
  level: number,
  { bytes = BYTES, name = 'one.dcm' } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const zip = await import('@zip.js/zip.js');
  const writer = new zip.ZipWriter(new zip.Uint8ArrayWriter(), { level, useWebWorkers: false });
  await writer.add(name, new zip.Uint8ArrayReader(bytes));
  return new Uint8Array(await writer.close());
}

async function read(archive: Uint8Array<ArrayBuffer>): Promise<Uint8Array | string> {
  const blob = new Blob([archive]);
  assert.is((await listArchive(blob)).length, 1);
  try {
    return new Uint8Array(await (await createArchiveReader().openEntry('a', blob, 0)).arrayBuffer());
  } catch (error) {
    if (error instanceof ArchiveError) return error.because;
    throw error;
  }
}

/** Of these bytes, the one at `at` is changed. */
function changed(bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  copy[at]! ^= 0xff;
  return copy;
}

test('a stored and a deflated entry are read as they were packed, also behind a program that unpacks them', async () => {
  for (const level of [0, 6]) {
    const archive = await archiveOf(level);
    assert.equal(await read(archive), BYTES, `${level}`);
    const behind = new Uint8Array([...new Uint8Array(700).fill(77), ...archive]);
    assert.equal(await read(behind), BYTES, `${level}, behind a program`);
  }
});

test('an entry with a changed byte is damaged, wherever the byte stands', async () => {
  for (const level of [0, 6]) {
    const archive = await archiveOf(level);
    for (const at of [0, 60, 200, 400])
      assert.is(await read(changed(archive, at)), 'archive-damaged', `${level} ${at}`);
  }
});

/** Far more than the header of an entry, and far less than the bytes behind it here: its directory begins later. */
const BEGIN_BYTES = 10_000;

/** How often the beginning of the archive is read to open its one entry. */
async function readsOf(archive: Uint8Array<ArrayBuffer>, bytes: Uint8Array): Promise<number> {
  const blob = new Blob([archive]);
  const slice = blob.slice.bind(blob);
  let reads = 0;
  blob.slice = (from = 0, to = blob.size) => {
    if (from < BEGIN_BYTES) reads += 1;
    return slice(from, to);
  };
  const entry = await createArchiveReader().openEntry('a', blob, 0);
  assert.equal(new Uint8Array(await entry.arrayBuffer()), bytes);
  return reads;
}

test('an entry of up to a mebibyte is read with its header at once, a larger one or one with a long name separately', async () => {
  const limit = 1024 * 1024;
  const said: number[] = [];
  for (const [length, name] of [
    [limit / 4, 'one.dcm'],
    [limit, 'one.dcm'],
    [limit + 1, 'one.dcm'],
    [limit / 4, `${'folder/'.repeat(300)}one.dcm`],
  ] as const) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * at) % 251);
    said.push(await readsOf(await archiveOf(0, { bytes, name }), bytes));
  }
  assert.equal(said, [1, 1, 2, 2]);
  const nothing = new Uint8Array();
  assert.equal(await read(await archiveOf(0, { bytes: nothing })), nothing);
});

test.run();
