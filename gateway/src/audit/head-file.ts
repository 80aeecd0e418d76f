/**
 * A file of heads, one JWS a line, in the order of signing. A line that a power cut left unfinished is ignored, and
 * the next head overwrites it.
 */
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A head, and the range of bytes that it takes in the file, including its line feed. */
export type PlacedHead = { readonly jws: string; readonly start: number; readonly end: number };

export type HeadFile = {
  /**
   * Yields the oldest first, in pieces, because after years there are 100 MB of heads. `from`, `upTo`: byte positions
   * at which a head begins or ends.
   */
  oldestFirst(from?: number, upTo?: number): AsyncIterable<PlacedHead>;
  newestFirst(): AsyncIterable<PlacedHead>;
  last(): Promise<PlacedHead | null>;
  /** Resolves when the heads would survive a power cut. */
  append(heads: readonly string[]): Promise<void>;
};

/** Far more bytes than a line has. */
const TAIL_BYTES = 16 * 1024;
/** Room for some hundred heads. */
const BLOCK_BYTES = 64 * 1024;
const LINE_FEED = 10;

/** The file is created with its first head. */
export function openHeadFile(path: string): HeadFile {
  const newestFirst = () => withFile(path, readBackwards);
  return {
    oldestFirst: (from = 0, upTo = Infinity) =>
      withFile(path, (file, end) => readForwards(file, from, Math.min(end, upTo))),
    newestFirst,
    async last() {
      for await (const head of newestFirst()) return head;
      return null;
    },
    async append(heads) {
      if (heads.length === 0) return;
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await open(path, 'a+', 0o600);
      try {
        const { end, size } = await wholeLines(file);
        if (end < size) await file.truncate(end);
        await file.appendFile(heads.map((head) => `${head}\n`).join(''));
        await file.sync();
      } finally {
        await file.close();
      }
    },
  };
}

/** `end`: the position after the last whole line. */
type Reading = (file: FileHandle, end: number) => AsyncIterable<PlacedHead>;

async function* withFile(path: string, read: Reading): AsyncGenerator<PlacedHead> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (file === null) return;
  try {
    yield* read(file, (await wholeLines(file)).end);
  } finally {
    await file.close();
  }
}

async function* readForwards(file: FileHandle, from: number, end: number): AsyncGenerator<PlacedHead> {
  let start = from;
  let rest: Uint8Array = new Uint8Array();
  for (let at = from; at < end; ) {
    const block = await readBlock(file, at, Math.min(end, at + BLOCK_BYTES));
    at += block.length;
    const text = Buffer.concat([rest, block]);
    let line = 0;
    for (let feed = text.indexOf(LINE_FEED); feed >= 0; feed = text.indexOf(LINE_FEED, line)) {
      const next = start + feed + 1 - line;
      yield { jws: text.toString('utf8', line, feed), start, end: next };
      start = next;
      line = feed + 1;
    }
    rest = text.subarray(line);
  }
}

async function* readBackwards(file: FileHandle, end: number): AsyncGenerator<PlacedHead> {
  let rest: Uint8Array = new Uint8Array();
  for (let at = end; at > 0; ) {
    const from = Math.max(0, at - BLOCK_BYTES);
    const text = Buffer.concat([await readBlock(file, from, at), rest]);
    let stop = text.length;
    for (let line = startOfLast(text, stop); line > 0; line = startOfLast(text, stop)) {
      yield { jws: text.toString('utf8', line, stop - 1), start: from + line, end: from + stop };
      stop = line;
    }
    rest = text.subarray(0, stop);
    at = from;
  }
  if (rest.length > 0)
    yield { jws: Buffer.from(rest).toString('utf8', 0, rest.length - 1), start: 0, end: rest.length };
}

/** The start of the last line before `stop`; 0: the line may begin before this text. */
const startOfLast = (text: Buffer, stop: number): number =>
  stop < 2 ? 0 : text.lastIndexOf(LINE_FEED, stop - 2) + 1;

/** Throws if the file has become shorter. */
async function readBlock(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(to - from), 0, to - from, from);
  if (bytesRead < to - from) throw new Error('the file of heads was cut while it was read');
  return buffer;
}

/** The position after the last line feed of the file. */
async function wholeLines(file: FileHandle): Promise<{ end: number; size: number }> {
  const { size } = await file.stat();
  const from = Math.max(0, size - TAIL_BYTES);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
  const length = buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1;
  return { end: from + length, size };
}
