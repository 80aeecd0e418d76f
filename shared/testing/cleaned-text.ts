/** Free text beside a header with the people and places that must be gone from it, before and after cleaning. */
import * as assert from 'uvu/assert';
import type { NewElement } from '#shared/dicom/encode.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import { fileOf, text } from './deidentified-elements.ts';
import { readyFile, residueOf, rulesOf } from './deidentified-file.ts';

export const ADDITIONAL_PATIENT_HISTORY = 0x001021b0;

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

/** Made once for each set of options: what others said before changes nothing (deid/memory.test.ts). */
const rulesByOptions = new Map<string, ReturnType<typeof rulesOf>>();

/** The remaining text, by tag. Throws where the gateway finds more to remove. */
export async function cleaned(elements: readonly NewElement[], ...options: string[]) {
  const own = new Set(elements.map(({ tag }) => tag));
  const file = fileOf([...HEADER.filter(({ tag }) => !own.has(tag)), ...elements]);
  const rules = rulesByOptions.get(options.join()) ?? rulesOf(...options);
  rulesByOptions.set(options.join(), rules);
  const { bytes, instance } = await readyFile(file, rules);
  assert.equal(await residueOf(instance, rules), [], 'it comes out unchanged when it is cleaned again');
  return { instance, bytes, of: (tag: number) => textOf(findElement(instance.elements, tag), instance) };
}

export const saysOf = async (said: string, ...options: string[]): Promise<string | null> =>
  (await cleaned([text(ADDITIONAL_PATIENT_HISTORY, 'LT', said)], 'clean-descriptors', ...options)).of(
    ADDITIONAL_PATIENT_HISTORY,
  );

/** Short texts between bars, on one line or several. */
export const listed = (texts: string): string[] =>
  texts
    .trim()
    .split(/\s*\n\s*| \| /)
    .filter((text) => text !== '');
