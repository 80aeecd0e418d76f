import { openAsBlob } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ARCHIVE_ANSWERS } from '#testing/corpus-answers.ts';
import { skip, testEnvironment } from '#testing/environment.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { createArchiveReader, listArchive } from '#shared/ingest/archive.ts';
import { collectFile, type Collected } from './collect-files.ts';
import { refusingUnreadable } from '#shared/ingest/refusing-unreadable.ts';
import { openFile } from './open-file.ts';
import { openIngest } from '../../../testing/open-ingest.ts';
import { valuesOf } from '../../../testing/values-of.ts';
import { assertEach } from '../../../testing/assert-each.ts';

const { corpus } = testEnvironment();

async function answerOf(
  folder: string,
  name: string,
): Promise<{ taken: string[]; because: Set<ReasonCode> }> {
  const archives = createArchiveReader();
  const taken: string[] = [];
  const because = new Set<ReasonCode>();
  for await (const each of collectFile(await openAsBlob(`${folder}/${name}`), name, false)) {
    const opened: Blob | { because: ReasonCode } =
      each.kind === 'refused'
        ? each
        : await refusingUnreadable(undefined, () => openFile(each.ref, archives));
    if (opened instanceof Blob) taken.push(each.path);
    else because.add(opened.because);
  }
  return { taken, because };
}

test('every hostile archive gets the answer its README asks for', async () => {
  if (corpus === null) skip('hostile archives', 'the corpus is not there');
  const folder = `${corpus}/bad/zip`;
  assert.equal((await readdir(folder)).sort(), Object.keys(ARCHIVE_ANSWERS).sort());
  for (const [name, expected] of Object.entries(ARCHIVE_ANSWERS)) {
    const { taken, because } = await answerOf(folder, name);
    assert.equal(
      taken,
      expected.taken.map((path) => `${name}/${path}`),
      name,
    );
    assert.equal([...because], [expected.because], name);
  }
});

test('a bomb is refused from its directory, without inflating it', async () => {
  if (corpus === null) skip('the archive bomb', 'the corpus is not there');
  const bomb = await openAsBlob(`${corpus}/bad/zip/bomb-470MiB.zip`);
  let bytes = 0;
  const [entry] = await listArchive({
    size: bomb.size,
    async read(offset, length) {
      bytes += length;
      return new Uint8Array(await bomb.slice(offset, offset + length).arrayBuffer());
    },
  });
  assert.is(entry?.kind === 'refused' && entry.because, 'archive-expansion-limit');
  assert.ok(bytes < bomb.size / 2, `${bytes} bytes were read`);
});

test('a file named .zip that is no archive is reported as damaged', async () => {
  const entries = await listArchive(new Blob(['not a zip at all']));
  assertEach(entries, (entry) => entry.kind === 'refused' && entry.because, ['archive-damaged']);
});

async function archiveOfTwo(): Promise<Blob> {
  const { BlobWriter, TextReader, ZipWriter } = await import('@zip.js/zip.js');
  const writer = new ZipWriter(new BlobWriter());
  await writer.add('series/one.dcm', new TextReader('first'));
  await writer.add('series/two.dcm', new TextReader('second'));
  return writer.close();
}

test('a worker reads the directory of a chosen archive: the page waits for no archive', async () => {
  const { store, hooks } = await openIngest();
  const kinds: string[] = [];
  hooks.beforeTask = async ({ kind }) => void kinds.push(kind);
  await store.addFiles([new File([await archiveOfTwo()], 'cd.zip')]);
  assert.is(kinds[0], 'list-archive');
  assert.equal([store.progress.value.filesFound, store.progress.value.filesRead], [2, 2]);
});

test('files of an archive are found as in a folder, with their bytes', async () => {
  const archive = await archiveOfTwo();
  const found: Collected[] = [];
  for await (const each of collectFile(archive, 'cd.zip', false)) found.push(each);
  assert.equal(valuesOf(found, 'path'), ['cd.zip/series/one.dcm', 'cd.zip/series/two.dcm']);
  const archives = createArchiveReader();
  const texts = await Promise.all(
    found.map(async (each) => (each.kind === 'file' ? (await openFile(each.ref, archives)).text() : '')),
  );
  assert.equal(texts, ['first', 'second']);
});

test.run();
