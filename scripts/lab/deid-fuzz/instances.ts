/**
 * Instances as fast-check makes them: Data Sets with identities in every kind of place that has to be
 * cleaned, encoded in any transfer syntax, with lengths that lie, sequences that never end, private blocks,
 * UN, foreign character sets and very many elements.
 *
 * Nothing is planted where the standard's table lets a value stay: any planted value in the output of an
 * unmutated instance is a fault.
 */
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { TERMS } from '#shared/deid/attribute-lists.ts';
import { decidingRows } from '#shared/deid/profile.ts';
import type { Encoding, InstanceIdentifiers } from '#shared/dicom/data-set.ts';
import { dictionaryEntry, dictionaryVR } from '#shared/dicom/dictionary.ts';
import {
  concatBytes,
  encodeFileMeta,
  encodeFragments,
  encodeHeader,
  numberValue,
  textValue,
} from '#shared/dicom/encode.ts';
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  JPEG_BASELINE,
  SOP_CLASSES,
  encodingOf,
} from '#shared/dicom/registry.ts';
import { TAGS_BY_KIND } from '#shared/dicom/tags.generated.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import type { TransferSyntaxUID } from '#shared/dicom/uid.ts';
import { CODED } from '#testing/coded-pictures.ts';
import { BIRTH_DATE, plant } from '#testing/planted-identities.ts';
import { encodeElements, type FuzzElement } from './encode-elements.ts';

type Syntax = { readonly transferSyntaxUID: TransferSyntaxUID; readonly encoding: Encoding };

const ALL_VRS =
  'AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV'.split(
    ' ',
  );
const CHARACTER_SETS = [
  ['ISO_IR 192'],
  ['ISO_IR 100'],
  ['ISO_IR 144'],
  ['', 'ISO 2022 IR 87'],
  ['ISO 2022 IR 6', 'ISO 2022 IR 149'],
  ['GB18030'],
  ['ISO_IR 13'],
  ['NO SUCH SET'],
];
/** Every attribute of PS3.6 that is wanted here is below this group. */
const LAST_GROUP = 0x4010;

const rows = decidingRows();
/** Attributes that identify an instance: with other values than ours, nothing would be read at all. */
const BUILT = new Set([
  0x00080005, 0x00080016, 0x00080018, 0x0020000d, 0x0020000e, 0x00280002, 0x00280004, 0x00280010, 0x00280011,
  0x00280100, 0x00280101, 0x00280102, 0x00280103, 0x00280301,
]);

/** The tags of PS3.6, as the generated table packs them: differences in base 36. */
const KNOWN = Object.values(TAGS_BY_KIND).flatMap((deltas) => {
  let tag = 0;
  return deltas.split(' ').map((delta) => (tag += Number.parseInt(delta, 36)));
});

/**
 * Attributes of data sets: not of messages, files, repeating groups or pixels, and not those that every
 * instance is built with.
 */
function knownTags(isWanted: (tag: number, vr: string, vm: string) => boolean): number[] {
  return KNOWN.filter(
    (tag) =>
      tag >>> 16 > 6 &&
      tag >>> 16 <= LAST_GROUP &&
      !BUILT.has(tag) &&
      isWanted(tag, dictionaryVR(tag), dictionaryEntry(tag)?.vm ?? ''),
  );
}

const PROSE = new Set(['PN', 'LT', 'ST', 'UT', 'UR']);
/** VRs whose values can be told from a name. */
const TELLING = new Set(['DA', 'DS', 'DT', 'IS', 'TM', 'UI']);
const WIDTHS: Readonly<Record<string, number>> = { US: 2, SS: 2, UL: 4, SL: 4, FL: 4, FD: 8, AT: 4 };
/** Bytes of the shortest planted value. */
const SHORTEST = 10;

const LISTED = [...rows.keys()].filter(
  (tag) => tag >>> 16 > 6 && !BUILT.has(tag) && dictionaryEntry(tag) !== null && dictionaryVR(tag) !== 'SQ',
);
const LISTED_SEQUENCES = [...rows.keys()].filter((tag) => dictionaryVR(tag) === 'SQ');
const UNLISTED_PROSE = knownTags((tag, vr) => !rows.has(tag) && PROSE.has(vr) && !TERMS.has(tag));
const UNLISTED_TELLING = knownTags((tag, vr) => !rows.has(tag) && TELLING.has(vr));
const UNLISTED_NUMBERS = knownTags(
  (tag, vr, vm) => !rows.has(tag) && /^\d$/.test(vm) && (WIDTHS[vr] ?? SHORTEST) * Number(vm) < SHORTEST,
);
const UNLISTED_SEQUENCES = knownTags((tag, vr) => !rows.has(tag) && vr === 'SQ');
const UNKNOWN = Array.from({ length: 400 }, (_, index) => 0x00090001 + index * 0x00060101)
  .map((tag) => (tag & 0xfffeffff) >>> 0)
  .filter((tag) => dictionaryEntry(tag) === null && tag >>> 16 > 6 && tag >>> 16 < LAST_GROUP);
/** With a creator whose block holds safe attributes (PS3.15 Table E.3.10-1), and without. */
const CREATORS: readonly (readonly [group: number, creator: string, elements: readonly number[]])[] = [
  [0x0019, 'GEMS_ACQU_01', [0x01, 0x23, 0x24, 0x27]],
  [0x0019, 'SIEMENS MR HEADER', [0x0c, 0x27, 0x30]],
  [0x2001, 'Philips Imaging DD 001', [0x03, 0x10]],
  [0x0029, 'SIEMENS CSA HEADER', [0x10, 0x20]],
  [0x0029, plant(900), [0x10, 0x20]],
  [0x7777, 'NOBODY KNOWS THIS', [0x01, 0xff]],
];

const text = new TextEncoder();
const even = (bytes: Uint8Array): Uint8Array =>
  bytes.length % 2 === 0 ? bytes : concatBytes([bytes, Uint8Array.of(0x20)]);

/** An identity, as text that a Data Set may hold it in. */
const plantedBytes: fc.Arbitrary<Uint8Array> = fc
  .record({ where: fc.nat(89), isWide: fc.boolean(), form: fc.nat(13) })
  .map(({ where, isWide, form }) => {
    const token = plant(where, isWide);
    switch (form) {
      case 0:
        return Buffer.from(token, 'utf16le');
      case 1:
        return Buffer.from(token, 'latin1');
      case 2:
        return text.encode(`Seen by ${token} on Monday, telephoned`);
      case 3:
        return text.encode(`one\\${token}\\three`);
      case 4:
        return text.encode(`${token}^Anna=\x1b$B;3ED\x1b(B^=${token}`);
      case 5:
        return text.encode(`12\0${token}`);
      case 6:
        return text.encode(token.toUpperCase());
      case 7:
        return text.encode(Buffer.from(token).toString('base64'));
      case 8:
        return text.encode(`\x1b$)C\xfb\xf3${token}`);
      case 9:
        return text.encode(`20240229 ${token}`);
      default:
        return text.encode(token);
    }
  })
  .map(even);
/** Longer than the reader keeps, and than a short length can say. */
const longBytes = plantedBytes.map((bytes) => concatBytes([new Uint8Array(70_000).fill(0x20), bytes]));
const value = fc.oneof({ weight: 400, arbitrary: plantedBytes }, { weight: 1, arbitrary: longBytes });

const lie = fc.oneof(
  { weight: 300, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: -12, max: 200 }) },
  { weight: 1, arbitrary: fc.constantFrom(0xfffe, -1, 0x7ffffff0) },
);

function leaf(
  tags: readonly number[],
  vrOf: (tag: number) => fc.Arbitrary<string>,
): fc.Arbitrary<FuzzElement[]> {
  return fc
    .constantFrom(...tags)
    .chain((tag) => fc.record({ tag: fc.constant(tag), vr: vrOf(tag), value, lie }))
    .map((element) => [element]);
}
const asTheDictionary = (tag: number): fc.Arbitrary<string> => fc.constant(dictionaryVR(tag));
const mostlyAsTheDictionary = (tag: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constant(dictionaryVR(tag)) },
    { weight: 1, arbitrary: fc.constant('UN') },
    { weight: 1, arbitrary: fc.constantFrom(...ALL_VRS) },
  );

const birthDate: fc.Arbitrary<FuzzElement[]> = fc.constant([
  { tag: 0x00100030, vr: 'DA', value: text.encode(BIRTH_DATE) },
]);
const repeating = fc
  .record({
    group: fc.constantFrom(0x5000, 0x501e, 0x6000, 0x6010),
    element: fc.constantFrom(0x0010, 0x0022, 0x1500, 0x3000, 0x4000),
    vr: fc.constantFrom('LO', 'OW', 'US'),
    value,
  })
  .map(({ group, element, vr, value }): FuzzElement[] => [
    { tag: ((group << 16) | element) >>> 0, vr, value },
  ]);
const privateBlock = fc
  .record({
    from: fc.constantFrom(...CREATORS),
    block: fc.integer({ min: 0x10, max: 0x13 }),
    vr: fc.constantFrom('LO', 'UN', 'OB', 'DS', 'IS', 'FD', 'SH', 'UT'),
    values: fc.array(value, { minLength: 4, maxLength: 4 }),
    hasCreator: fc.integer({ min: 0, max: 9 }),
  })
  .map(({ from: [group, creator, elements], block, vr, values, hasCreator }): FuzzElement[] => [
    ...(hasCreator === 0
      ? []
      : [{ tag: ((group << 16) | block) >>> 0, vr: 'LO', value: textValue('LO', creator) }]),
    ...elements.map((element, index) => ({
      tag: ((group << 16) | (block << 8) | element) >>> 0,
      vr,
      value: values[index]!,
    })),
  ]);

const leaves: fc.Arbitrary<FuzzElement[]> = fc.oneof(
  { weight: 8, arbitrary: leaf(LISTED, mostlyAsTheDictionary) },
  { weight: 3, arbitrary: leaf(UNLISTED_PROSE, mostlyAsTheDictionary) },
  { weight: 2, arbitrary: leaf(UNLISTED_TELLING, asTheDictionary) },
  { weight: 1, arbitrary: leaf(UNLISTED_NUMBERS, asTheDictionary) },
  { weight: 2, arbitrary: leaf(UNKNOWN, () => fc.constantFrom(...ALL_VRS)) },
  { weight: 3, arbitrary: privateBlock },
  { weight: 1, arbitrary: repeating },
  { weight: 1, arbitrary: birthDate },
);

/** PS3.5 §7.1: ascending, each once; the mutations break this. */
function inOrder(elements: readonly FuzzElement[]): FuzzElement[] {
  return [...new Map(elements.map((element) => [element.tag, element])).values()].sort(
    (a, b) => a.tag - b.tag,
  );
}

const { elements: dataSet } = fc.letrec<{
  elements: FuzzElement[];
  one: FuzzElement[];
  sequence: FuzzElement[];
}>((tie) => ({
  elements: fc.array(tie('one'), { maxLength: 6 }).map((lists) => inOrder(lists.flat())),
  one: fc.oneof({ maxDepth: 5 }, { weight: 6, arbitrary: leaves }, { weight: 2, arbitrary: tie('sequence') }),
  sequence: fc
    .record({
      tag: fc.oneof(
        fc.constantFrom(...LISTED_SEQUENCES),
        fc.constantFrom(...UNLISTED_SEQUENCES),
        fc.constantFrom(...LISTED),
        fc.constantFrom(0x00291050, 0x77771150),
      ),
      vr: fc.constantFrom('SQ', 'SQ', 'SQ', 'SQ', 'UN'),
      value: fc.array(tie('elements'), { maxLength: 3 }),
      isUndefinedLength: fc.boolean(),
      times: fc.oneof({ weight: 400, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(300) }),
      lie,
    })
    .map((sequence) => [sequence]),
}));

const syntax: fc.Arbitrary<Syntax> = fc
  .constantFrom(
    EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    JPEG_BASELINE,
  )
  .map((transferSyntaxUID) => ({ transferSyntaxUID, encoding: encodingOf(transferSyntaxUID)! }));

/** UIDs of few instances: this does not measure the cost of a pseudonym. */
const uid = (kind: number, number: number): string => `1.2.826.0.1.3680043.${kind}.${number}`;

/** A Part 10 file with identities in it, and a list of its elements for the report of a failure. */
export type GeneratedInstance = {
  readonly bytes: Uint8Array;
  readonly transferSyntaxUID: string;
  readonly elements: readonly FuzzElement[];
};

const drafts = fc.record({
  syntax,
  elements: dataSet,
  behind: dataSet,
  number: fc.nat(20),
  sopClassUID: fc.constantFrom(SOP_CLASSES.CT, SOP_CLASSES.SC, '1.2.840.10008.5.1.4.1.1.88.33', '1.2.3.4'),
  characterSet: fc.constantFrom(...CHARACTER_SETS),
  hasPatient: fc.integer({ min: 0, max: 4 }),
  preamble: fc.nat(50),
  wasRemoved: fc.nat(30),
});
type Draft = typeof drafts extends fc.Arbitrary<infer T> ? T : never;

export const generatedInstance: fc.Arbitrary<GeneratedInstance> = drafts.map(buildDraft);

function buildDraft(draft: Draft): GeneratedInstance {
  const { transferSyntaxUID, encoding } = draft.syntax;
  const identifiers = identifiersOf(draft);
  const isImage = draft.sopClassUID === SOP_CLASSES.CT || draft.sopClassUID === SOP_CLASSES.SC;
  const built = [...headerElements(draft, identifiers), ...(isImage ? imageElements(encoding) : [])];
  const all = inOrder([...draft.elements, ...built]);
  const after = inOrder(
    draft.behind.map((element) => ({ ...element, tag: (0x7ff10000 | (element.tag & 0xffff)) >>> 0 })),
  );
  const body = concatBytes([
    encodeElements(all, encoding),
    ...(isImage ? [pixelData(encoding)] : []),
    encodeElements(after, encoding),
  ]);
  const meta = encodeFileMeta(identifiers, transferSyntaxUID);
  if (draft.preamble === 0) meta.set(text.encode(`II*\0${plant(93)}`));
  return {
    bytes: concatBytes([meta, encoding.deflated ? even(deflateRawSync(body)) : body]),
    transferSyntaxUID,
    elements: all,
  };
}

function identifiersOf({ number, sopClassUID }: Draft): InstanceIdentifiers {
  return {
    sopClassUID: parseUid('SOPClassUID', sopClassUID),
    sopInstanceUID: parseUid('SOPInstanceUID', uid(1, number)),
    studyInstanceUID: parseUid('StudyInstanceUID', uid(2, number % 5)),
    seriesInstanceUID: parseUid('SeriesInstanceUID', uid(3, number % 9)),
  };
}

const one = (tag: number, vr: string, ...values: string[]): FuzzElement => ({
  tag,
  vr,
  value: textValue(vr, ...values),
});

/** The elements by which an instance is known, and its patient. */
function headerElements(
  { characterSet, hasPatient, wasRemoved }: Draft,
  identifiers: InstanceIdentifiers,
): FuzzElement[] {
  return [
    one(0x00080005, 'CS', ...characterSet),
    one(0x00080016, 'UI', identifiers.sopClassUID),
    one(0x00080018, 'UI', identifiers.sopInstanceUID),
    one(0x0020000d, 'UI', identifiers.studyInstanceUID),
    one(0x0020000e, 'UI', identifiers.seriesInstanceUID),
    ...(hasPatient === 0
      ? []
      : [one(0x00100010, 'PN', `${plant(91)}^Anna`), one(0x00100020, 'LO', plant(92))]),
    // Words that promise too much are not believed (PS3.3 §C.7.1.1).
    ...(wasRemoved === 0 ? [one(0x00120062, 'CS', 'YES'), one(0x00280303, 'CS', 'MODIFIED')] : []),
  ];
}

/** Elements of a picture of 2 × 2 pixels of 8 bits. */
function imageElements(encoding: Encoding): FuzzElement[] {
  const word = (tag: number, number: number): FuzzElement => ({
    tag,
    vr: 'US',
    value: numberValue('US', [number], encoding),
  });
  return [
    word(0x00280002, 1),
    one(0x00280004, 'CS', 'MONOCHROME2'),
    // A Secondary Capture that does not say is held whatever else it has.
    one(0x00280301, 'CS', 'NO'),
    word(0x00280010, 2),
    word(0x00280011, 2),
    word(0x00280100, 8),
    word(0x00280101, 8),
    word(0x00280102, 7),
    word(0x00280103, 0),
  ];
}

function pixelData(encoding: Encoding): Uint8Array {
  return encoding.encapsulated
    ? encodeFragments(0x7fe00010, [CODED.jpegBaseline], encoding)
    : concatBytes([encodeHeader(0x7fe00010, 'OB', 4, encoding), Uint8Array.of(1, 2, 3, 4)]);
}
