/**
 * Unpacks an npm package (a gzipped ustar archive, POSIX.1-1988) into a folder. Nothing is written outside the folder,
 * whatever names the archive contains. It refuses links, devices, unusual characters in names, and more data than the
 * limits allow. Each file is on the disk when it returns.
 */
import { createReadStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/** The file is not an archive, or holds something that may not be unpacked. */
export class BadTarball extends Error {}

type UnpackLimits = { readonly files: number; readonly bytes: number; readonly fileBytes: number };

type UnpackWishes = {
  readonly limits: UnpackLimits;
  /** Returns the path below the folder where an entry is kept; null: it is left out. */
  readonly keep: (name: string) => string | null;
  readonly signal: AbortSignal;
};

const BLOCK = 512;
/** POSIX.1-1988: a regular file is `0`, or NUL in old archives; a folder is `5`. */
const FILE_TYPES: readonly string[] = ['0', '\0'];
const FOLDER_TYPE = '5';
const SEGMENT = /^(?!\.)[A-Za-z0-9._@+-]{1,128}$/;
const DEPTH_LIMIT = 12;

/** @throws BadTarball; an error of zlib where the file is not gzip. */
export async function unpackTarball(archive: string, into: string, wishes: UnpackWishes): Promise<void> {
  const { limits, signal } = wishes;
  await pipeline(
    createReadStream(archive),
    createGunzip(),
    async (unpacked: AsyncIterable<Buffer>) => {
      const reader = createBlockReader(unpacked, limits.bytes);
      for (let files = 0; ; files += 1) {
        if (files > limits.files) throw new BadTarball('the archive has too many entries');
        const header = await reader.block();
        // Two blocks of zeros end an archive. The first is enough to recognise the end.
        if (header === null || header.every((byte) => byte === 0)) break;
        await unpackEntry(reader, readHeader(header), into, wishes);
      }
      await reader.rest();
    },
    { signal },
  );
}

type Entry = { readonly name: string; readonly size: number; readonly type: string };

async function unpackEntry(
  reader: BlockReader,
  { name, size, type }: Entry,
  into: string,
  { limits, keep }: UnpackWishes,
): Promise<void> {
  const isFile = FILE_TYPES.includes(type);
  if (!isFile && !(type === FOLDER_TYPE && size === 0))
    throw new BadTarball('the archive has an entry that is no file');
  if (size > limits.fileBytes) throw new BadTarball('a file in the archive is too large');
  const segments = (isFile ? name : name.replace(/\/$/, '')).split('/');
  if (segments.length > DEPTH_LIMIT || !segments.every((one) => SEGMENT.test(one)))
    throw new BadTarball('a name in the archive is not one of a file');
  const path = isFile ? keep(name) : null;
  if (path === null) {
    for await (const _ of reader.content(size));
    return;
  }
  const target = join(into, path);
  await mkdir(dirname(target), { recursive: true });
  // `wx` refuses a name that occurs twice.
  const file = await open(target, 'wx', 0o600);
  try {
    for await (const piece of reader.content(size)) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * POSIX.1-1988 §10.1.1: name, size and type are at 0, 124 and 156. The checksum at 148 is the sum of all bytes, with
 * its own field counted as blanks.
 */
function readHeader(header: Buffer): Entry {
  const text = (from: number, to: number): string => {
    const field = header.subarray(from, to);
    const end = field.indexOf(0);
    return field.toString('latin1', 0, end < 0 ? field.length : end);
  };
  const octal = (from: number, to: number): number => {
    const digits = text(from, to).trim();
    if (!/^[0-7]{1,11}$/.test(digits)) throw new BadTarball('a number in the archive is none');
    return Number.parseInt(digits, 8);
  };
  let sum = 8 * 0x20;
  for (const [at, byte] of header.entries()) if (at < 148 || at >= 156) sum += byte;
  if (text(257, 262) !== 'ustar' || octal(148, 156) !== sum)
    throw new BadTarball('a header in the archive is damaged');
  const prefix = text(345, 500);
  const name = text(0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    size: octal(124, 136),
    type: header.toString('latin1', 156, 157),
  };
}

type BlockReader = {
  /** Null: the archive has ended. */
  block(): Promise<Buffer | null>;
  /** The content of an entry. Its padding is consumed too. */
  content(size: number): AsyncGenerator<Buffer>;
  rest(): Promise<void>;
};

function createBlockReader(source: AsyncIterable<Buffer>, bytesLimit: number): BlockReader {
  const pieces = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  let total = 0;
  const more = async (): Promise<boolean> => {
    const { done, value } = await pieces.next();
    if (done === true) return false;
    total += value.length;
    if (total > bytesLimit) throw new BadTarball('the archive is too large');
    held = held.length === 0 ? value : Buffer.concat([held, value]);
    return true;
  };
  const take = (bytes: number): Buffer => {
    const taken = held.subarray(0, bytes);
    held = held.subarray(taken.length);
    return taken;
  };
  async function* exactly(size: number): AsyncGenerator<Buffer> {
    for (let left = size; left > 0; ) {
      if (held.length === 0 && !(await more())) throw new BadTarball('the archive is cut off');
      const piece = take(left);
      left -= piece.length;
      yield piece;
    }
  }
  return {
    async block() {
      while (held.length < BLOCK) if (!(await more())) return null;
      return take(BLOCK);
    },
    async *content(size) {
      yield* exactly(size);
      for await (const _ of exactly((BLOCK - (size % BLOCK)) % BLOCK));
    },
    async rest() {
      do held = Buffer.alloc(0);
      while (await more());
    },
  };
}
