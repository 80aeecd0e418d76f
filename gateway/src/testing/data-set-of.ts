/** The bytes of a file behind its File Meta Information: all that travels over DIMSE. */
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { openPart10 } from '#shared/dicom/part10.ts';

/** Throws for a file whose beginning cannot be read. */
export async function dataSetOf(file: Uint8Array): Promise<Uint8Array> {
  const opened = await openPart10(bytesSource(file), undefined, 'checked');
  if (opened.kind !== 'opened') throw new Error(opened.because);
  return file.subarray(opened.beginning.dataSetOffset);
}
