/**
 * Writes a ZIP file entry by entry, without keeping it in memory. Entries are stored uncompressed: images are already
 * compressed or would cost more time than they save, and a search through the file finds their bytes.
 */
import type { ZipWriter } from '@zip.js/zip.js';

export interface ArchiveWriter {
  /** `path`: unique, with `/` between folders. */
  add(path: string, bytes: Uint8Array): Promise<void>;
  /** Writes the archive's directory. */
  close(): Promise<void>;
}

/** The first date of the format. It is used for all entries, so that the same entries always give the same archive. */
const NO_DATE = new Date(1980, 0, 1);

/** `take` gets the next bytes of the file. More come once it resolves. */
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
