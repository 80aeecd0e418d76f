import { bytesSource } from '#shared/dicom/byte-source.ts';
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import { readInstance } from '#shared/dicom/part10.ts';

/**
 * Parses the source instance of a result. Throws if the bytes are not an instance, which cannot happen normally
 * because they were parsed as one before.
 */
export async function parseSource(bytes: Uint8Array, signal: AbortSignal): Promise<ParsedInstance> {
  const read = await readInstance(bytesSource(bytes), signal);
  if (read.kind !== 'ready') throw new Error('the source of a result cannot be parsed');
  return read.instance;
}
