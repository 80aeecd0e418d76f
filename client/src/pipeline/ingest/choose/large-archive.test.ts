// test:all: the directory of an archive with more files than a ZIP without ZIP64 can name takes seconds to read
/** A ZIP64 of 65 536 files is listed to its end, by a worker, and opened without a directory in memory. */
import { crc32 } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createArchiveReader, listArchive, ARCHIVE_LIMITS } from '#shared/ingest/archive.ts';
import { openIngest } from '../../../testing/open-ingest.ts';

const FILES = 65_536;
const SIZE = 5;
const LOCAL = 30;
const RECORD = 46;
const NAME = 'series-00/image-00000'.length;

const nameOf = (at: number): string =>
  `series-${String(at >> 12).padStart(2, '0')}/image-${String(at).padStart(NAME - 16, '0')}`;
const contentOf = (at: number): string => String(at).padStart(SIZE, '0');

/** APPNOTE.TXT 4.3: stored files, their directory, and the end of it with the number of files in 64 bits. */
function zip64(): Blob {
  const body = Buffer.alloc(FILES * (LOCAL + NAME + SIZE));
  const directory = Buffer.alloc(FILES * (RECORD + NAME));
  for (let at = 0; at < FILES; at += 1) {
    const content = Buffer.from(contentOf(at));
    const offset = at * (LOCAL + NAME + SIZE);
    const record = at * (RECORD + NAME);
    body.writeUInt32LE(0x04034b50, offset);
    directory.writeUInt32LE(0x02014b50, record);
    directory.writeUInt32LE(offset, record + 42);
    for (const [bytes, start] of [
      [body, offset + 14],
      [directory, record + 16],
    ] as const) {
      bytes.writeUInt32LE(crc32(content), start);
      bytes.writeUInt32LE(SIZE, start + 4);
      bytes.writeUInt32LE(SIZE, start + 8);
      bytes.writeUInt16LE(NAME, start + 12);
    }
    body.write(nameOf(at), offset + LOCAL);
    directory.write(nameOf(at), record + RECORD);
    content.copy(body, offset + LOCAL + NAME);
  }
  const end = Buffer.alloc(56 + 20 + 22);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(44n, 4);
  end.writeBigUInt64LE(BigInt(FILES), 24);
  end.writeBigUInt64LE(BigInt(FILES), 32);
  end.writeBigUInt64LE(BigInt(directory.length), 40);
  end.writeBigUInt64LE(BigInt(body.length), 48);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(body.length + directory.length), 64);
  end.writeUInt32LE(1, 72);
  end.writeUInt32LE(0x06054b50, 76);
  end.writeUInt32LE(0xffff_ffff, 84);
  end.fill(0xff, 84, 96);
  return new Blob([body, directory, end]);
}

const ARCHIVE = zip64();

test('a worker lists every file of it and opens them in any order, and only a device takes so many', async () => {
  const { pool } = await openIngest();
  const never = new AbortController().signal;
  const listed = await pool.run({ kind: 'list-archive', archive: ARCHIVE }, never);
  assert.equal([listed.length, listed.at(-1)?.path], [FILES, nameOf(FILES - 1)]);
  const archives = createArchiveReader(ARCHIVE_LIMITS.entriesOnDevice);
  const order = [FILES - 1, FILES - 4_000, 0, 1];
  const texts = await Promise.all(
    order.map(async (at) => (await archives.openEntry('a', ARCHIVE, at)).text()),
  );
  assert.equal(texts, order.map(contentOf));
  const [refused, ...others] = await listArchive(ARCHIVE);
  assert.equal(
    [refused?.kind === 'refused' && refused.because, others.length],
    ['archive-too-many-entries', 0],
  );
});

test.run();
