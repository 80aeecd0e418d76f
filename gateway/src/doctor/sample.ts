/** The two instances that are stored for a test, with a fictitious patient and new UIDs. */
import { randomBytes } from 'node:crypto';
import { buildInstance } from '#shared/dicom/build-instance.ts';
import type { InstanceIdentifiers } from '#shared/dicom/data-set.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, SOP_CLASSES } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';

export const SAMPLE_PATIENT = 'RELAYPACS-DOCTOR';

export type Sample = { readonly identifiers: InstanceIdentifiers; readonly bytes: Uint8Array };

/** PS3.5 §B.2: a UUID as one decimal component under 2.25. */
const newUid = (): string => `2.25.${BigInt(`0x${randomBytes(16).toString('hex')}`)}`;

/** Secondary Captures of one study and series. `at`: their stated time of creation, in milliseconds since 1970. */
export function createSamples(count: number, at: number): readonly Sample[] {
  const study = parseUid('StudyInstanceUID', newUid());
  const series = parseUid('SeriesInstanceUID', newUid());
  return Array.from({ length: count }, (_, index) => {
    const identifiers = {
      studyInstanceUID: study,
      seriesInstanceUID: series,
      sopInstanceUID: parseUid('SOPInstanceUID', newUid()),
      sopClassUID: SOP_CLASSES.SC,
    };
    return { identifiers, bytes: sampleBytes(identifiers, index + 1, at) };
  });
}

/** A different `number` gives different bytes under the same UIDs. */
export function sampleBytes(identifiers: InstanceIdentifiers, number: number, at: number): Uint8Array {
  const [date = '', time = ''] = new Date(at).toISOString().replace(/[-:]/g, '').split(/[T.]/);
  const parts = buildInstance({
    identifiers,
    transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
    elements: [
      [0x00080020, 'DA', date],
      [0x00080030, 'TM', time],
      [0x00080050, 'SH', ''],
      [0x00080060, 'CS', 'OT'],
      [0x00080064, 'CS', 'SYN'],
      [0x00080090, 'PN', ''],
      [0x00081030, 'LO', 'RelayPACS connection test'],
      [0x00100010, 'PN', 'RELAYPACS^TEST'],
      [0x00100020, 'LO', SAMPLE_PATIENT],
      [0x00100030, 'DA', ''],
      [0x00100040, 'CS', ''],
      [0x00200010, 'SH', ''],
      [0x00200011, 'IS', '1'],
      [0x00200013, 'IS', String(number)],
      [0x00280301, 'CS', 'NO'],
    ],
    image: { rows: 16, columns: 16, bitsAllocated: 8, pixels: new Uint8Array(256).fill(number) },
  });
  return concatBytes(parts);
}
