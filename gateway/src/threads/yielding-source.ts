/**
 * Bytes in memory whose reader lets others have their turn. A reader of `bytesSource` never waits, so a header
 * of 64 MiB would be parsed in one go; with this one it stops after each MiB at most. For the few places that
 * read one instance on the thread that answers everybody; all others have a thread of their own.
 */
import { bytesSource } from '#shared/dicom/byte-source.ts';
import type { ByteSource } from '#shared/dicom/data-set.ts';

export function yieldingSource(bytes: Uint8Array): ByteSource {
  const source = bytesSource(bytes);
  return {
    size: source.size,
    async read(offset, length) {
      await new Promise((resolve) => setImmediate(resolve));
      return source.read(offset, length);
    },
  };
}
