/** Instances whose headers attack the one who reads them. */
import fc from 'fast-check';
import { ENCAPSULATED_DOCUMENT, rawData, sequenceOf, text } from './build-header.ts';
import { CLEANING, DEIDENTIFIED, IDENTIFIED, many, oneOf, sends, times, type Recipe } from './recipe.ts';

const MIB = 1024 ** 2;
const ADDITIONAL_PATIENT_HISTORY = 0x001021b0;

export const HEADERS: readonly Recipe[] = [
  {
    name: 'many-uids',
    right: /^too-much-to-deidentify$/,
    run: sends(({ factor, seed }) => {
      const root = oneOf(fc.integer({ min: 1, max: 1e6 }), seed);
      return rawData(
        sequenceOf(times(400, factor), (at) => [
          text(0x00081155, 'UI', ...many(4_000, (one) => `1.${root}.${at * 4_000 + one}`)),
        ]),
      );
    }, DEIDENTIFIED),
  },
  {
    name: 'many-elements',
    right: /^(identity-remains|too-many-\w+|header-too-large|too-much-to-deidentify)$/,
    run: sends(({ factor, seed }) => {
      const each = oneOf(fc.integer({ min: 1, max: 6 }), seed);
      return rawData(
        sequenceOf(times(480_000 / (each + 1), factor), (at) =>
          many(each, (one) => text(0x00280100 + one, 'IS', String(at))),
        ),
      );
    }, DEIDENTIFIED),
  },
  {
    // Orthanc takes minutes over ten times as many, and the others wait for it.
    name: 'many-elements-as-they-are',
    right: /^(stored|pacs-refused|too-many-\w+|header-too-large)$/,
    run: sends(
      ({ factor }) => rawData(sequenceOf(times(50_000, factor), (at) => [text(0x00200013, 'IS', `${at}`)])),
      IDENTIFIED,
    ),
  },
  {
    // 64 MiB is the limit of a header: one below it and one above.
    name: 'large-header',
    right: /^(stored|pacs-refused|header-too-large)$/,
    run: sends(({ factor, seed }) => {
      const bytes = oneOf(fc.constantFrom(60, 66), seed) * times(MIB, factor);
      return rawData({ tag: ENCAPSULATED_DOCUMENT, vr: 'OB', value: new Uint8Array(bytes) });
    }, IDENTIFIED),
  },
  {
    name: 'slow-text',
    right: /^(identity-remains|too-much-to-deidentify)$/,
    run: sends(({ factor, seed }) => {
      const unit = oneOf(
        fc.constantFrom('id-', 'patient  ', 'Aaaa.', '1.1.2024 ', 'a1 ', 'Z', 'x@y.', '(0', 'b1'),
        seed,
      );
      const long = unit.repeat(Math.floor(60_000 / unit.length));
      return rawData(
        text(0x00101040, 'LO', unit.repeat(300)),
        sequenceOf(times(8, factor), () => [text(ADDITIONAL_PATIENT_HISTORY, 'LT', long)]),
      );
    }, CLEANING),
  },
  {
    name: 'no-dicom',
    right: /^[a-z-]+$/,
    run: sends(({ factor, seed }) => {
      const whole = rawData(text(0x00081030, 'LO', 'head'));
      const cut = oneOf(fc.uint8Array({ minLength: 300, maxLength: times(5_000, factor) + 300 }), seed);
      return { ...whole, bytes: new Uint8Array(cut) };
    }, IDENTIFIED),
  },
];
