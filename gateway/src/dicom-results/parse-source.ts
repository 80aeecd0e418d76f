import { bytesSource } from '#shared/dicom/byte-source.ts';
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import { readInstance } from '#shared/dicom/part10.ts';

/**
 * The instance that a result is of, from its bytes. Throws if it is no instance: it was already examined as
 * one.
 */
export async function parseSource(bytes: Uint8Array, signal: AbortSignal): Promise<ParsedInstance> {
  const read = await readInstance(bytesSource(bytes), signal);
  if (read.kind !== 'ready') throw new Error('the source of a result cannot be parsed');
  return read.instance;
}
