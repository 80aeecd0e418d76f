/**
 * Reads the words of an instance's header that rules use. A worker thread does this, because the header comes from
 * the sender.
 */
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { describeInstance } from '#shared/dicom/describe-instance.ts';

/** Null: the header does not say. */
export type HeaderWords = { readonly bodyPart: string | null; readonly description: string | null };

/** All null if the bytes are not an instance. */
export async function readHeader(bytes: Uint8Array, signal: AbortSignal): Promise<HeaderWords> {
  const read = await readInstance(bytesSource(bytes), signal);
  if (read.kind !== 'ready') return { bodyPart: null, description: null };
  const { bodyPart, studyDescription } = describeInstance(read.instance);
  return { bodyPart, description: studyDescription };
}
