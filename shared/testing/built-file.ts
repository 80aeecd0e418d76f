/** Part 10 files of the elements and the image that a test names; what else an instance needs is the same in all. */
import { buildInstance, type BuiltImage, type SimpleElement } from '#shared/dicom/build-instance.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';

export const IDENTIFIERS = {
  sopClassUID: parseUid('SOPClassUID', '1.2.840.10008.5.1.4.1.1.7'),
  sopInstanceUID: parseUid('SOPInstanceUID', '1.2.3.1'),
  seriesInstanceUID: parseUid('SeriesInstanceUID', '1.2.3.2'),
  studyInstanceUID: parseUid('StudyInstanceUID', '1.2.3.3'),
};

export type Built = {
  readonly image?: BuiltImage | undefined;
  readonly syntax?: string;
  readonly sopClass?: string;
};

/** Secondary Capture in explicit VR little endian where nothing else is said; without an image, a header alone. */
export function builtFile(elements: readonly SimpleElement[], built: Built = {}): Uint8Array<ArrayBuffer> {
  const { image, syntax = EXPLICIT_VR_LITTLE_ENDIAN, sopClass = IDENTIFIERS.sopClassUID } = built;
  const parts = buildInstance({
    identifiers: { ...IDENTIFIERS, sopClassUID: parseUid('SOPClassUID', sopClass) },
    transferSyntaxUID: parseUid('TransferSyntaxUID', syntax),
    elements,
    ...(image && { image }),
  });
  return concatBytes(parts) as Uint8Array<ArrayBuffer>;
}
