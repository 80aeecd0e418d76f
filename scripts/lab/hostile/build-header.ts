/** Instances whose headers, or pixels, attack the one who reads them. */
import { randomUUID } from 'node:crypto';
import { buildInstance } from '#shared/dicom/build-instance.ts';
import type { InstanceIdentifiers } from '#shared/dicom/data-set.ts';
import { concatBytes, encodeElements, encodeFileMeta, textValue } from '#shared/dicom/encode.ts';
import type { NewElement } from '#shared/dicom/encode.ts';
import { encodingOf, EXPLICIT_VR_LITTLE_ENDIAN, RLE_LOSSLESS } from '#shared/dicom/registry.ts';
import type { SOPClassUID, SOPInstanceUID, TransferSyntaxUID } from '#shared/dicom/uid.ts';
import type { Instance } from './send-instance.ts';

/** Stands in the header, however long it is. */
export const ENCAPSULATED_DOCUMENT = 0x00420011;
const DIGITAL_X_RAY = '1.2.840.10008.5.1.4.1.1.1.1';
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
  return { ...uids, ...toFile(uids.sopInstanceUID, EXPLICIT_VR_LITTLE_ENDIAN, all) };
}

function toFile(
  sopInstanceUID: string,
  transferSyntaxUID: TransferSyntaxUID,
  elements: readonly NewElement[],
): Pick<Instance, 'sopClassUID' | 'transferSyntaxUID' | 'bytes'> {
  const identifiers = {
    sopClassUID: RAW_DATA as SOPClassUID,
    sopInstanceUID: sopInstanceUID as SOPInstanceUID,
  };
  const meta = encodeFileMeta(identifiers, transferSyntaxUID);
  const dataSet = encodeElements(elements, encodingOf(EXPLICIT_VR_LITTLE_ENDIAN)!);
  return { sopClassUID: RAW_DATA, transferSyntaxUID, bytes: new Uint8Array(concatBytes([meta, dataSet])) };
}

/** Referenced Image Sequence with `items` items of these elements. */
export const sequenceOf = (items: number, elementsOf: (at: number) => NewElement[]): NewElement => ({
  tag: 0x00081140,
  vr: 'SQ',
  value: Array.from({ length: items }, (_, at) => elementsOf(at)),
});

/** A grey film of `side` × `side` in RLE (PS3.5 §G): some hundred bytes a thousand pixels. */
export function rleFilm(side: number): Instance {
  const header = new Uint8Array(64);
  header.set([1, 0, 0, 0, 64, 0, 0, 0]);
  // PS3.5 §G.3.1: 129 says that the byte after it stands there 128 times.
  const runs = new Uint8Array(2 * Math.ceil((side * side) / 128)).map((_, at) => (at % 2 === 0 ? 129 : 0));
  return filmOf(RLE_LOSSLESS, { side, bitsAllocated: 8, coded: concatBytes([header, runs]) });
}

/** A film as large as any of JPEG 2000 whose sides are powers of two: 16 million pixels of 16 bits, all black. */
export const waveletFilm = (): Instance =>
  filmOf(JPEG_2000, { side: 4096, bitsAllocated: 16, coded: Buffer.from(BLACK, 'base64') });

const JPEG_2000 = '1.2.840.10008.1.2.4.90' as TransferSyntaxUID;
const BLACK =
  '/0//UQApAAAAABAAAAAQAAAAAAAAAAAAAAAQAAAAEAAAAAAAAAAAAAABDwEB/1IADAACAAEABQQEAAH/XAATQICIiJCIiJCIiJCI' +
  'iJCIiJD/ZAAlAAFDcmVhdGVkIGJ5IE9wZW5KUEVHIHZlcnNpb24gMi41LjT/kAAKAAAAAABKAAH/k+/+JBX/YkFf/Egr/0SCgBFQ' +
  'VK//f+mJYH8RUFSv/3/piWB/EVBUr/9/6YlgfxFQVK//f+mJYH+AgICAgP/Z';

type Coded = { readonly side: number; readonly bitsAllocated: 8 | 16; readonly coded: Uint8Array };

function filmOf(transferSyntaxUID: TransferSyntaxUID, { side, bitsAllocated, coded }: Coded): Instance {
  const uids = {
    studyInstanceUID: inventUid(),
    seriesInstanceUID: inventUid(),
    sopInstanceUID: inventUid(),
  };
  const pieces = buildInstance({
    identifiers: { ...uids, sopClassUID: DIGITAL_X_RAY } as InstanceIdentifiers,
    transferSyntaxUID,
    elements: [[0x00080060, 'CS', 'DX']],
    image: { rows: side, columns: side, bitsAllocated, pixels: [coded] },
  });
  const bytes = new Uint8Array(concatBytes(pieces));
  return { ...uids, sopClassUID: DIGITAL_X_RAY, transferSyntaxUID, bytes };
}
