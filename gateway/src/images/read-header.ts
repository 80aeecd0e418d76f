/** Words of an instance's header that rules ask for. The header is the sender's, so a thread of its own reads it. */
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { describeInstance } from '#shared/dicom/describe-instance.ts';

/** Null where the header does not say. */
export type HeaderWords = { readonly bodyPart: string | null; readonly description: string | null };

/** Nothing where the bytes are no instance. */
export async function readHeader(bytes: Uint8Array, signal: AbortSignal): Promise<HeaderWords> {
  const read = await readInstance(bytesSource(bytes), signal);
  if (read.kind !== 'ready') return { bodyPart: null, description: null };
  const { bodyPart, studyDescription } = describeInstance(read.instance);
  return { bodyPart, description: studyDescription };
}
