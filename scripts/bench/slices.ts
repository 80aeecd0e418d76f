/**
 * The slices that the benches multiply: a real CT of 525 kB where the corpus is there, else one of the same
 * size from the sample builder; and an MR of 33 kB from the builder (the corpus has no native one of that
 * size).
 */
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
/** Pixels a side: 525 kB and 33 kB. */
const SYNTHETIC = {
  CT: { side: 512, sopClassUID: '1.2.840.10008.5.1.4.1.1.2', root: '2.25.11' },
  MR: { side: 128, sopClassUID: '1.2.840.10008.5.1.4.1.1.4', root: '2.25.12' },
} as const;

/** 16-bit pixels with a smooth pattern; as large as a real one, not as hard to compress. */
async function writeSyntheticSlice(path: string, modality: keyof typeof SYNTHETIC): Promise<void> {
  const { side, sopClassUID, root } = SYNTHETIC[modality];
  const pixels = new Uint8Array(side * side * 2);
  const view = new DataView(pixels.buffer);
  for (let index = 0; index < side * side; index += 1)
    view.setInt16(index * 2, ((index % side) * (index / side)) & 0xfff, true);
  await writeFile(
    path,
    Buffer.concat(
      buildInstance({
        identifiers: {
          studyInstanceUID: parseUid('StudyInstanceUID', `${root}10000000001110000000`),
          seriesInstanceUID: parseUid('SeriesInstanceUID', `${root}20000000001120000000`),
          sopInstanceUID: parseUid('SOPInstanceUID', `${root}30000000001130000000`),
          sopClassUID: parseUid('SOPClassUID', sopClassUID),
        },
        transferSyntaxUID: parseUid('TransferSyntaxUID', '1.2.840.10008.1.2.1'),
        elements: [
          [0x00100010, 'PN', 'Bench^Slice'],
          [0x00100020, 'LO', 'BENCH'],
          [0x00080060, 'CS', modality],
        ],
        image: { rows: side, columns: side, bitsAllocated: 16, isSigned: true, pixels },
      }),
    ),
  );
}

type NamedSource = SliceSource & { readonly kind: 'real' | 'synthetic' };

async function openSource(path: string, kind: NamedSource['kind']): Promise<NamedSource> {
  const outcome = await readInstance(blobSource(await openAsBlob(path)));
  if (outcome.kind !== 'ready') throw new Error(`the slice cannot be read: ${outcome.because}`);
  const pixels = outcome.instance.elements.find(({ tag }) => tag === PIXEL_DATA)!;
  return { path, ...outcome.instance.identifiers, pixelOffset: pixels.valueOffset, kind };
}

/** The CT slice. `folder` takes the synthetic one. */
export async function sliceSource(folder: string): Promise<NamedSource> {
  const { corpus } = testEnvironment();
  if (corpus !== null) return openSource(join(corpus, REAL_SLICE), 'real');
  const path = join(folder, 'synthetic-ct.dcm');
  await writeSyntheticSlice(path, 'CT');
  return openSource(path, 'synthetic');
}

/** The MR slice, in `folder`. */
export async function mrSource(folder: string): Promise<NamedSource> {
  const path = join(folder, 'synthetic-mr.dcm');
  await writeSyntheticSlice(path, 'MR');
  return openSource(path, 'synthetic');
}
