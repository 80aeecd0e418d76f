/**
 * The file of a backup: a tar archive (POSIX ustar) that is encrypted by age (age-encryption.org/v1), so that Debian's
 * `age` and `tar` open it too. Pieces of a table or a file are entries of their own, because a tar entry tells its size
 * before its bytes. The last entry says how many there were and their digest: without it the file is truncated.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { Decrypter, Encrypter } from 'age-encryption';
import { createTarDecoder, packTar } from 'modern-tar';

/** `name`: a path in the archive, such as `tables/study/000001`. */
export type Entry = { readonly name: string; readonly bytes: Uint8Array };

/** `foreign`: the file is no backup of RelayPACS. */
export type BackupFault = 'damaged' | 'truncated' | 'wrong-key' | 'foreign';

/** The file cannot be used. Nothing was changed that depends on more than the entries that were read. */
export class BackupRefused extends Error {
  readonly because: BackupFault;

  constructor(because: BackupFault, cause?: unknown) {
    super(`the backup is ${because}`, { cause });
    this.name = 'BackupRefused';
    this.because = because;
  }
}

/** The largest entry. Whoever writes cuts longer contents into pieces of it. */
export const PIECE_BYTES = 1024 ** 2;
export const isEntryName = (name: string): boolean => name.length <= NAME_LENGTH && NAME.test(name);
const NAME = /^[a-z0-9][\w.-]*(?:\/[\w-][\w.-]*){0,5}$/i;
const NAME_LENGTH = 200;
const END = 'end.json';
/** Two blocks of zeros end a tar archive. */
const TAIL_BYTES = 1024;
/** "age-encryption.org/v1" at the beginning of the file. */
const MAGIC = new TextEncoder().encode('age-encryption.org/v1\n');

type Sum = { add(entry: Entry): void; end(): { readonly entries: number; readonly sha256: string } };

function openSum(): Sum {
  const hash = createHash('sha256');
  let entries = 0;
  return {
    add({ name, bytes }) {
      entries += 1;
      hash.update(`${name}\n${bytes.length}\n`).update(bytes);
    },
    end: () => ({ entries, sha256: hash.digest('hex') }),
  };
}

/** An entry as its blocks in the archive, without the archive's end. */
async function toBlocks({ name, bytes }: Entry): Promise<Uint8Array> {
  const header = { name, size: bytes.length, mode: 0o600, mtime: new Date(0) };
  return (await packTar([{ header, body: bytes }])).subarray(0, -TAIL_BYTES);
}

async function* archiveOf(entries: AsyncIterable<Entry>): AsyncGenerator<Uint8Array> {
  const sum = openSum();
  for await (const entry of entries) {
    sum.add(entry);
    yield await toBlocks(entry);
  }
  yield await toBlocks({ name: END, bytes: Buffer.from(JSON.stringify(sum.end())) });
  yield new Uint8Array(TAIL_BYTES);
}

const streamOf = (pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> =>
  Readable.toWeb(
    Readable.from(pieces, { objectMode: false, highWaterMark: PIECE_BYTES }),
  ) as ReadableStream<Uint8Array>;

/** `recipients`: public keys of age (`age1…`), each of which opens the file. */
export async function sealBackup(
  entries: AsyncIterable<Entry>,
  recipients: readonly string[],
): Promise<ReadableStream<Uint8Array>> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  return encrypter.encrypt(streamOf(archiveOf(entries)));
}

/**
 * The entries in the order in which they were written. Ends normally only after the last one was checked.
 * `identity`: a secret key of age (`AGE-SECRET-KEY-1…`). @throws BackupRefused.
 */
export async function* openBackup(file: ReadableStream<Uint8Array>, identity: string): AsyncGenerator<Entry> {
  const plain = await decrypted(file, identity);
  const sum = openSum();
  let isWhole = false;
  try {
    for await (const { header, body } of plain.pipeThrough(createTarDecoder({ strict: true }))) {
      const { name, size } = header;
      if (isWhole || size > PIECE_BYTES || !isEntryName(name)) throw new BackupRefused('foreign');
      const entry = { name, bytes: await gather(body, size) };
      if (name === END) {
        requireSame(entry, sum);
        // age checks its last piece when the rest is read.
        isWhole = true;
        continue;
      }
      sum.add(entry);
      yield entry;
    }
  } catch (error) {
    throw error instanceof BackupRefused ? error : new BackupRefused('damaged', error);
  }
  if (!isWhole) throw new BackupRefused('truncated');
}

function requireSame({ bytes }: Entry, sum: Sum): void {
  if (Buffer.from(bytes).toString() !== JSON.stringify(sum.end())) throw new BackupRefused('damaged');
}

async function gather(body: ReadableStream<Uint8Array>, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let at = 0;
  for await (const piece of body) {
    bytes.set(piece, at);
    at += piece.length;
  }
  if (at !== size) throw new BackupRefused('truncated');
  return bytes;
}

/** age checks each piece of 64 KiB before it gives its bytes, and that the last one came. */
async function decrypted(
  file: ReadableStream<Uint8Array>,
  identity: string,
): Promise<ReadableStream<Uint8Array>> {
  const [head, whole] = await withHead(file);
  if (!MAGIC.every((byte, at) => head[at] === byte)) throw new BackupRefused('foreign');
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  try {
    return await decrypter.decrypt(whole);
  } catch (error) {
    throw new BackupRefused('wrong-key', error);
  }
}

/** The first bytes, and the file with them. */
async function withHead(file: ReadableStream<Uint8Array>): Promise<[Uint8Array, ReadableStream<Uint8Array>]> {
  const reader = file.getReader();
  let head = new Uint8Array(0);
  while (head.length < MAGIC.length) {
    const { value, done } = await reader.read();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield head;
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield value;
    }
  }
  return [head, streamOf(all())];
}
