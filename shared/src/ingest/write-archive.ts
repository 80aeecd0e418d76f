/**
 * Writes a ZIP file entry by entry, without keeping it. Entries are stored as they are: images are packed already, or
 * would cost more time than they save, and whoever searches the file sees their bytes.
 */
import type { ZipWriter } from '@zip.js/zip.js';

export interface ArchiveWriter {
  /** `path`: with `/` between folders; each once. */
  add(path: string, bytes: Uint8Array): Promise<void>;
  /** Writes the directory. */
  close(): Promise<void>;
}

/** The first that the format can tell: an archive of the same entries is the same, whenever it is written. */
const NO_DATE = new Date(1980, 0, 1);

/** `take`: the next bytes of the file; the next ones come when it resolves. */
export async function createArchiveWriter(
  take: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
): Promise<ArchiveWriter> {
  const zip = await import('@zip.js/zip.js');
  const sink = new WritableStream<Uint8Array<ArrayBuffer>>({ write: take });
  const writer: ZipWriter<unknown> = new zip.ZipWriter(sink, {
    level: 0,
    useWebWorkers: false,
    keepOrder: true,
    extendedTimestamp: false,
    lastModDate: NO_DATE,
    msDosCompatible: true,
  });
  return {
    async add(path, bytes) {
      await writer.add(path, new zip.Uint8ArrayReader(bytes));
    },
    async close() {
      await writer.close();
    },
  };
}
