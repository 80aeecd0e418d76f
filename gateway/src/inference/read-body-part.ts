/** Body Part Examined of an instance, read in the thread that looks at images: the header is the sender's. */
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';

/** PS3.3 §C.7.3.1. */
const BODY_PART_EXAMINED = 0x00180015;

/** '' where the header does not say, and where the bytes are no instance. */
export async function readBodyPart(bytes: Uint8Array, signal: AbortSignal): Promise<string> {
  const read = await readInstance(bytesSource(bytes), signal);
  if (read.kind !== 'ready') return '';
  return textOf(findElement(read.instance.elements, BODY_PART_EXAMINED), read.instance) ?? '';
}
