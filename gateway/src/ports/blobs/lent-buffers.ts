/** Buffers that are used again: a new one each time that V8 has to find would have it collect all the time. */

/** The most buffers that are kept: as many as are in use at once. */
const BUFFERS_KEPT = 8;

/** Lends a buffer of at least so many bytes for as long as `use` takes. */
export type Lend = <T>(bytes: number, use: (buffer: Buffer) => Promise<T>) => Promise<T>;

/** `usual`: the size that is kept; larger ones are made for the one use. */
export function createBuffers(usual: number): Lend {
  const kept: Buffer[] = [];
  return async (bytes, use) => {
    const buffer =
      bytes > usual ? Buffer.allocUnsafeSlow(bytes) : (kept.pop() ?? Buffer.allocUnsafeSlow(usual));
    try {
      return await use(buffer);
    } finally {
      if (buffer.length === usual && kept.length < BUFFERS_KEPT) kept.push(buffer);
    }
  };
}
