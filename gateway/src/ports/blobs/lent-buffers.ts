/** Reusable buffers: allocating a new one each time would make V8 collect garbage all the time. */

/** The most buffers that are kept, which is as many as are in use at once. */
const BUFFERS_KEPT = 8;

/** Lends a buffer of at least this many bytes for as long as `use` runs. */
export type Lend = <T>(bytes: number, use: (buffer: Buffer) => Promise<T>) => Promise<T>;

/** `usual`: the size of the buffers that are kept; larger ones are allocated for a single use. */
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
