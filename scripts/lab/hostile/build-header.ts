/** Instances whose headers attack the one who reads them. */
import { randomUUID } from 'node:crypto';
import { concatBytes, encodeElements, encodeFileMeta, textValue } from '#shared/dicom/encode.ts';
import type { NewElement } from '#shared/dicom/encode.ts';
import { encodingOf, EXPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';
import type { SOPClassUID, SOPInstanceUID } from '#shared/dicom/uid.ts';
import type { Instance } from './send-instance.ts';

const RAW_DATA = '1.2.840.10008.5.1.4.1.1.66';
/** PS3.5 §B.2: a UUID as one decimal component under 2.25. */
const inventUid = (): string => `2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`)}`;

export const text = (tag: number, vr: string, ...values: string[]): NewElement => ({
  tag,
  vr,
  value: textValue(vr, ...values),
});

/** Raw data with these elements in its header, under UIDs that nobody has used. */
export function rawData(...elements: readonly NewElement[]): Instance {
  const uids = {
    studyInstanceUID: inventUid(),
    seriesInstanceUID: inventUid(),
    sopInstanceUID: inventUid(),
  };
  const all = [
    text(0x00080016, 'UI', RAW_DATA),
    text(0x00080018, 'UI', uids.sopInstanceUID),
    text(0x00080060, 'CS', 'OT'),
    text(0x0020000d, 'UI', uids.studyInstanceUID),
    text(0x0020000e, 'UI', uids.seriesInstanceUID),
    ...elements,
  ].sort((a, b) => a.tag - b.tag);
  const meta = encodeFileMeta(
    { sopClassUID: RAW_DATA as SOPClassUID, sopInstanceUID: uids.sopInstanceUID as SOPInstanceUID },
    EXPLICIT_VR_LITTLE_ENDIAN,
  );
  return {
    ...uids,
    sopClassUID: RAW_DATA,
    transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
    bytes: new Uint8Array(concatBytes([meta, encodeElements(all, encodingOf(EXPLICIT_VR_LITTLE_ENDIAN)!)])),
  };
}

/** Referenced Image Sequence with `items` items of these elements. */
export const sequenceOf = (items: number, elementsOf: (at: number) => NewElement[]): NewElement => ({
  tag: 0x00081140,
  vr: 'SQ',
  value: Array.from({ length: items }, (_, at) => elementsOf(at)),
});
