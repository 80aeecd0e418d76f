/**
 * A file of heads, one JWS a line, in the order in which they were signed. A line that a power cut left
 * unfinished does not count, and the next head takes its place.
 */
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

export type HeadFile = {
  /** Every head, the oldest first. Read in pieces: after years there are 100 MB of them. */
  read(): Promise<readonly string[]>;
  last(): Promise<string | null>;
  /** Resolves when the heads would outlive a power cut. */
  append(heads: readonly string[]): Promise<void>;
};

/** Far more than a line has. */
const TAIL_BYTES = 16 * 1024;

/** The file is made with its first head. */
export function openHeadFile(path: string): HeadFile {
  const openToRead = (): Promise<FileHandle | null> =>
    open(path, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
  return {
    async read() {
      const file = await openToRead();
      if (file === null) return [];
      try {
        const { end } = await wholeLines(file);
        if (end === 0) return [];
        return await Array.fromAsync(file.readLines({ start: 0, end: end - 1, autoClose: false }));
      } finally {
        await file.close();
      }
    },
    async last() {
      const file = await openToRead();
      if (file === null) return null;
      return wholeLines(file)
        .then(({ tail }) => tail.split('\n').at(-2) ?? null)
        .finally(() => file.close());
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

/** The end of the file up to its last line feed, and where that is. */
async function wholeLines(file: FileHandle): Promise<{ tail: string; end: number; size: number }> {
  const { size } = await file.stat();
  const from = Math.max(0, size - TAIL_BYTES);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
  const length = buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1;
  return { tail: buffer.toString('utf8', 0, length), end: from + length, size };
}
