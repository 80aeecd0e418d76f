/**
 * Instances built from the elements that a test names, de-identified, and read back: for tests of what
 * becomes of one element.
 */
import { deflateRawSync } from 'node:zlib';
import type { DicomElement, Encoding } from '#shared/dicom/data-set.ts';
import { concatBytes, encodeElements, encodeFileMeta, textValue } from '#shared/dicom/encode.ts';
import type { NewElement } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, encodingOf } from '#shared/dicom/registry.ts';
import type { SOPClassUID, SOPInstanceUID, TransferSyntaxUID } from '#shared/dicom/uid.ts';
import { asciiText, findElement } from '#shared/dicom/values.ts';
import { readyFile, rulesOf } from './deidentified-file.ts';

const RAW_DATA = '1.2.840.10008.5.1.4.1.1.66' as SOPClassUID;
export const STUDY_UID = '1.2.3.777.1';
const SERIES_UID = '1.2.3.777.2';
const SOP_UID = '1.2.3.777.3' as SOPInstanceUID;

export const text = (tag: number, vr: string, ...values: string[]): NewElement => ({
  tag,
  vr,
  value: textValue(vr, ...values),
});
export const sequence = (tag: number, ...items: NewElement[][]): NewElement => ({
  tag,
  vr: 'SQ',
  value: items,
});
export const byTag = (a: NewElement, b: NewElement) => a.tag - b.tag;

/** A Part 10 file of these elements and of the ones that every instance has. */
export function fileOf(
  elements: readonly NewElement[],
  transferSyntaxUID: TransferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN,
): Uint8Array {
  const own = new Set(elements.map(({ tag }) => tag));
  const needed = [
    text(0x00080016, 'UI', RAW_DATA),
    text(0x00080018, 'UI', SOP_UID),
    text(0x00080060, 'CS', 'OT'),
    text(0x00100010, 'PN', 'DOE^JANE'),
    text(0x00100020, 'LO', 'PAT-1'),
    text(0x0020000d, 'UI', STUDY_UID),
    text(0x0020000e, 'UI', SERIES_UID),
  ].filter(({ tag }) => !own.has(tag));
  const encoding = encodingOf(transferSyntaxUID) as Encoding;
  const meta = encodeFileMeta({ sopClassUID: RAW_DATA, sopInstanceUID: SOP_UID }, transferSyntaxUID);
  const dataSet = encodeElements([...needed, ...elements].sort(byTag), encoding);
  const stored = encoding.deflated ? deflateRawSync(dataSet) : dataSet;
  return concatBytes([meta, stored, new Uint8Array(stored.length % 2)]);
}

/** The instance of these elements, de-identified under these options. Throws unless it is ready. */
export async function deidentified(
  elements: readonly NewElement[],
  options: readonly string[] = [],
  transferSyntaxUID?: TransferSyntaxUID,
) {
  return readyFile(fileOf(elements, transferSyntaxUID), rulesOf(...options));
}

/** The text of an element, its number of items where it is a Sequence, null where it is missing. */
export const shownValue = (elements: readonly DicomElement[], tag: number) => {
  const element = findElement(elements, tag);
  return element === null
    ? null
    : element.bytes === null
      ? `${element.items?.length ?? '?'} items`
      : asciiText(element.bytes).replace(/[\0 ]+$/, '');
};
export const holds = (bytes: Uint8Array, token: string) => Buffer.from(bytes).includes(token);
