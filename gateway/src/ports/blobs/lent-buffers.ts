/**
 * Buffers that are used again, or given back at once: a new one each time that V8 has to find would have it collect
 * all the time.
 */

/** As many are kept as are in use at once. */
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

/**
 * Frees memory that nobody reads any more. Left to the collector, each 20 MB of it cost a pause of the whole heap
 * (measured: a third of them with this). Bytes that share their memory with others stay.
 */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
