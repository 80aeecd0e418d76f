/** The CT slices that every bench sends: a real one of 525 kB where the corpus is there, else one of the same size from the sample builder. */
import { openAsBlob } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildInstance } from '#shared/dicom/build-instance.ts';
import { blobSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { PIXEL_DATA } from '#shared/dicom/tags.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import type { SliceSource } from '#testing/ct-slices.ts';
import { testEnvironment } from '#testing/environment.ts';

const REAL_SLICE = 'dev/ct-syntaxes/CTImage.dcm_LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1.dcm';
const SIDE = 512;

/** 512 × 512 of 16 bits with a smooth pattern; as large as the real one, not as hard to compress. */
async function writeSyntheticSlice(path: string): Promise<void> {
  const pixels = new Uint8Array(SIDE * SIDE * 2);
  const view = new DataView(pixels.buffer);
  for (let index = 0; index < SIDE * SIDE; index += 1) view.setInt16(index * 2, ((index % SIDE) * (index / SIDE)) & 0xfff, true);
  await writeFile(path, Buffer.concat(buildInstance({
    identifiers: {
      studyInstanceUID: parseUid('StudyInstanceUID', '2.25.1110000000001110000000'),
      seriesInstanceUID: parseUid('SeriesInstanceUID', '2.25.1120000000001120000000'),
      sopInstanceUID: parseUid('SOPInstanceUID', '2.25.1130000000001130000000'),
      sopClassUID: parseUid('SOPClassUID', '1.2.840.10008.5.1.4.1.1.2'),
    },
    transferSyntaxUID: parseUid('TransferSyntaxUID', '1.2.840.10008.1.2.1'),
    elements: [[0x00100010, 'PN', 'Bench^Slice'], [0x00100020, 'LO', 'BENCH'], [0x00080060, 'CS', 'CT']],
    image: { rows: SIDE, columns: SIDE, bitsAllocated: 16, isSigned: true, pixels },
  })));
}

/** The slice that the benches multiply. `folder` takes the synthetic one. */
export async function sliceSource(folder: string): Promise<SliceSource & { readonly kind: 'real' | 'synthetic' }> {
  const { corpus } = testEnvironment();
  const path = corpus === null ? join(folder, 'synthetic.dcm') : join(corpus, REAL_SLICE);
  if (corpus === null) await writeSyntheticSlice(path);
  const outcome = await readInstance(blobSource(await openAsBlob(path)));
  if (outcome.kind !== 'ready') throw new Error(`the slice cannot be read: ${outcome.because}`);
  const pixels = outcome.instance.elements.find(({ tag }) => tag === PIXEL_DATA)!;
  return { path, ...outcome.instance.identifiers, pixelOffset: pixels.valueOffset, kind: corpus === null ? 'synthetic' : 'real' };
}
