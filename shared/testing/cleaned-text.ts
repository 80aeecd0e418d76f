/** Free text beside a header with the people and places that must be gone from it, before and after cleaning. */
import * as assert from 'uvu/assert';
import {
  concatBytes,
  encodeElements,
  encodeFileMeta,
  textValue,
  type NewElement,
} from '../src/dicom/encode.ts';
import { encodingOf, EXPLICIT_VR_LITTLE_ENDIAN } from '../src/dicom/registry.ts';
import type { SOPClassUID, SOPInstanceUID } from '../src/dicom/uid.ts';
import { findElement, textOf } from '../src/dicom/values.ts';
import { checkResidue } from '../src/deid/residue.ts';
import { deidentifyBytes, parsed, pseudonymsOf, rulesOf } from './deidentified-file.ts';

export const ADDITIONAL_PATIENT_HISTORY = 0x001021b0;
const identifiers = {
  sopClassUID: '1.2.840.10008.5.1.4.1.1.66' as SOPClassUID,
  sopInstanceUID: '1.2.3.777.3' as SOPInstanceUID,
};

export const text = (tag: number, vr: string, ...values: string[]): NewElement => ({
  tag,
  vr,
  value: textValue(vr, ...values),
});
export const raw = (tag: number, vr: string, ...bytes: number[]): NewElement => ({
  tag,
  vr,
  value: Uint8Array.from(bytes.length % 2 ? [...bytes, 0x20] : bytes),
});

/** The people in the header. */
const HEADER = [
  text(0x00080005, 'CS', 'ISO_IR 192'),
  text(0x00080020, 'DA', '20240314'),
  text(0x00080050, 'SH', 'ACC-778812'),
  text(0x00080080, 'LO', 'St. Marien Hospital Bonn'),
  text(0x00080090, 'PN', 'Delgado-Ruiz^Esperanza'),
  text(0x00081010, 'SH', 'CT99'),
  text(0x00100010, 'PN', 'Müller-Lüdenscheidt^Jürgen^Karl=山田^太郎'),
  text(0x00100020, 'LO', 'MRN445566'),
  text(0x00100030, 'DA', '19610502'),
  text(0x00101040, 'LO', '12 Elm Street, Springfield'),
  text(0x00102154, 'SH', '555-0187'),
];

function fileOf(elements: readonly NewElement[]): Uint8Array {
  const own = new Set(elements.map(({ tag }) => tag));
  const needed = [
    text(0x00080016, 'UI', identifiers.sopClassUID),
    text(0x00080018, 'UI', identifiers.sopInstanceUID),
    text(0x00080060, 'CS', 'OT'),
    text(0x0020000d, 'UI', '1.2.3.777.1'),
    text(0x0020000e, 'UI', '1.2.3.777.2'),
    ...HEADER,
  ].filter(({ tag }) => !own.has(tag));
  const all = [...needed, ...elements].sort((a, b) => a.tag - b.tag);
  return concatBytes([
    encodeFileMeta(identifiers, EXPLICIT_VR_LITTLE_ENDIAN),
    encodeElements(all, encodingOf(EXPLICIT_VR_LITTLE_ENDIAN)!),
  ]);
}

/** The remaining text, by tag, and whether the gateway finds more to remove. */
export async function cleaned(elements: readonly NewElement[], ...options: string[]) {
  const rules = rulesOf(...options);
  const pseudonyms = await pseudonymsOf(1);
  const result = await deidentifyBytes(fileOf(elements), rules, pseudonyms);
  if (result.kind !== 'ready') throw new Error(result.because);
  const instance = await parsed(result.bytes);
  assert.equal(
    await checkResidue(instance, rules, pseudonyms),
    [],
    'it comes out unchanged when it is cleaned again',
  );
  return {
    instance,
    bytes: result.bytes,
    of: (tag: number) => textOf(findElement(instance.elements, tag), instance),
  };
}

export const saysOf = async (said: string, ...options: string[]): Promise<string | null> =>
  (await cleaned([text(ADDITIONAL_PATIENT_HISTORY, 'LT', said)], 'clean-descriptors', ...options)).of(
    ADDITIONAL_PATIENT_HISTORY,
  );
