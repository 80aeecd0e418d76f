/**
 * Writes a Data Set with new values in some of its attributes, and records the former values in Original Attributes
 * Sequence (PS3.3 §C.12.1.1.9). Everything else stays as it was encoded: a range of the source.
 */
import type { ByteRange, DicomElement, Encoding, ParsedInstance } from './data-set.ts';
import { concatBytes, encodeElement, encodeElements, encodeHeader, textValue } from './encode.ts';
import type { NewElement } from './encode.ts';
import { ITEM } from './element-header.ts';
import { encodeText, isPlainAscii } from './encode-text.ts';
import { ORIGINAL_ATTRIBUTES_SEQUENCE, SPECIFIC_CHARACTER_SET } from './tags.ts';
import { findElement, isText } from './values.ts';

/** An attribute to write. Texts are unencoded. Without values, an existing attribute becomes empty. */
export type NewAttribute = readonly [
  tag: number,
  vr: string,
  ...values: readonly (string | readonly NewAttribute[])[],
];

/** Which system changed the attributes, why, and when. */
export interface Modification {
  readonly at: Date;
  /** PS3.3 Table C.12-1: COERCE, to match the receiving system; CORRECT, because the value was wrong. */
  readonly reason: 'COERCE' | 'CORRECT';
  /** "Identification of the system that removed and/or replaced the Attributes". */
  readonly system: string;
  /** The source of the replaced values; '' if unknown. */
  readonly source: string;
}

/** A piece of the new Data Set. A range refers to `instance.dataSet`. */
type DataSetPiece = Uint8Array | ByteRange;

type Rewritten =
  | { readonly kind: 'changed'; readonly pieces: readonly DataSetPiece[] }
  /** The instance has these values already. */
  | { readonly kind: 'unchanged' }
  /** A value has a character that the Data Set's character set lacks, or the record cannot be extended. */
  | { readonly kind: 'not-writable' };

const ATTRIBUTE_MODIFICATION_DATE_TIME = 0x04000562;
const MODIFYING_SYSTEM = 0x04000563;
const SOURCE_OF_PREVIOUS_VALUES = 0x04000564;
const REASON_FOR_MODIFICATION = 0x04000565;
const MODIFIED_ATTRIBUTES_SEQUENCE = 0x04000550;
const UTF_8 = 'ISO_IR 192';

/**
 * `wanted`: attributes at the top level of the instance. Rejects only if reading the source does. The pieces are not
 * deflated, whatever the transfer syntax.
 */
export async function originalAttributes(
  instance: ParsedInstance,
  wanted: readonly NewAttribute[],
  modification: Modification,
): Promise<Rewritten> {
  const characterSets = characterSetsFor(instance, wanted);
  const encoded = characterSets && encodeAll(wanted, characterSets);
  const record = findElement(instance.elements, ORIGINAL_ATTRIBUTES_SEQUENCE);
  // Items inside a UN have another encoding (PS3.5 §6.2.2 note 2) than the values written here.
  if (characterSets === null || encoded === null || record?.vr === 'UN') return { kind: 'not-writable' };
  const changes = await changesIn(instance, encoded);
  if (changes.length === 0) return { kind: 'unchanged' };
  if (characterSets !== instance.characterSets)
    changes.unshift({ tag: SPECIFIC_CHARACTER_SET, vr: 'CS', value: textValue('CS', UTF_8) });
  return { kind: 'changed', pieces: merge(instance, changes, { modification, before: record }) };
}

/** The Data Set's own character sets, or UTF-8 if all its text is ASCII; null if neither can encode the text. */
function characterSetsFor(
  instance: ParsedInstance,
  wanted: readonly NewAttribute[],
): readonly string[] | null {
  if (encodeAll(wanted, instance.characterSets) !== null) return instance.characterSets;
  return isAscii(instance.elements) ? [UTF_8] : null;
}

const ESCAPE = 0x1b;

/** Whether all text is ASCII. A text too long to be kept by the reader may hold anything. */
function isAscii(elements: readonly DicomElement[]): boolean {
  return elements.every(({ vr, bytes, items, valueLength }) => {
    if (items !== null) return items.every((item) => isAscii(item.elements));
    if (!isText(vr) && vr !== 'UN') return true;
    if (bytes === null) return valueLength === 0;
    return bytes.every((byte) => byte < 0x7f && byte !== ESCAPE);
  });
}

function encodeAll(wanted: readonly NewAttribute[], characterSets: readonly string[]): NewElement[] | null {
  const encoded: NewElement[] = [];
  for (const attribute of wanted) {
    const element = encode(attribute, characterSets);
    if (element === null) return null;
    encoded.push(element);
  }
  return encoded.sort((a, b) => a.tag - b.tag);
}

function encode([tag, vr, ...values]: NewAttribute, characterSets: readonly string[]): NewElement | null {
  if (vr !== 'SQ') {
    const text = values.join('\\');
    if (!isText(vr)) return isPlainAscii(text) ? { tag, vr, value: textValue(vr, text) } : null;
    const bytes = encodeText(characterSets, text, vr === 'PN');
    return (
      bytes && { tag, vr, value: bytes.length % 2 === 0 ? bytes : concatBytes([bytes, Uint8Array.of(0x20)]) }
    );
  }
  const items = values.map((item) => encodeAll(item as readonly NewAttribute[], characterSets));
  return items.every((item) => item !== null) ? { tag, vr, value: items } : null;
}

/** The elements that differ from those of the instance. An absent attribute counts as empty. */
async function changesIn(
  { elements, encoding, dataSet }: ParsedInstance,
  encoded: readonly NewElement[],
): Promise<NewElement[]> {
  const changes: NewElement[] = [];
  for (const change of encoded) {
    const present = findElement(elements, change.tag);
    if (present === null ? change.value.length > 0 : !(await holds(present))) changes.push(change);

    async function holds({ offset, endOffset, bytes, valueLength }: DicomElement): Promise<boolean> {
      if (change.value.length === 0) return valueLength === 0;
      if (bytes !== null && change.value instanceof Uint8Array) return areSame(bytes, change.value);
      const written = encodeElement(change, encoding);
      return (
        written.length === endOffset - offset && areSame(await dataSet.read(offset, written.length), written)
      );
    }
  }
  return changes;
}

const areSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, at) => byte === b[at]);

/** PS3.5 §7.2: Group Length is retired, and its value would become wrong. */
const isGroupLength = (tag: number): boolean => (tag & 0xffff) === 0;

type Record = { readonly modification: Modification; readonly before: DicomElement | null };

function merge(
  instance: ParsedInstance,
  changes: readonly NewElement[],
  record: Record,
): readonly DataSetPiece[] {
  const { elements, encoding } = instance;
  const left = [
    ...changes.map((change) => ({ tag: change.tag, pieces: [encodeElement(change, encoding)] })),
    { tag: ORIGINAL_ATTRIBUTES_SEQUENCE, pieces: recorded(instance, changes, record) },
  ].sort((a, b) => a.tag - b.tag);
  const replaced = new Set(left.map(({ tag }) => tag));
  const pieces: DataSetPiece[] = [];
  for (const { tag, offset, endOffset } of elements) {
    while (left.length > 0 && left[0]!.tag <= tag) pieces.push(...left.shift()!.pieces);
    if (!replaced.has(tag) && !isGroupLength(tag)) pieces.push({ offset, length: endOffset - offset });
  }
  return joined([...pieces, ...left.flatMap((each) => each.pieces)]);
}

/** Merges adjacent ranges. */
function joined(pieces: readonly DataSetPiece[]): readonly DataSetPiece[] {
  const all: DataSetPiece[] = [];
  for (const piece of pieces) {
    const last = all.at(-1);
    if (last && 'offset' in last && 'offset' in piece && last.offset + last.length === piece.offset)
      all[all.length - 1] = { offset: last.offset, length: last.length + piece.length };
    else all.push(piece);
  }
  return all;
}

/** The Original Attributes Sequence with its existing items and a new one. */
function recorded(
  { elements, encoding }: ParsedInstance,
  changes: readonly NewElement[],
  { modification, before }: Record,
): DataSetPiece[] {
  const kept: readonly DataSetPiece[] =
    before === null ? [] : [{ offset: before.valueOffset, length: before.valueLength }];
  // An attribute that was absent is recorded as empty, so that the record names everything that was changed.
  const previous = changes.map(({ tag, vr }): DataSetPiece => {
    const element = findElement(elements, tag);
    if (element === null) return encodeElement({ tag, vr, value: new Uint8Array() }, encoding);
    return { offset: element.offset, length: element.endOffset - element.offset };
  });
  const { at, reason, system, source } = modification;
  const about: readonly NewElement[] = [
    { tag: ATTRIBUTE_MODIFICATION_DATE_TIME, vr: 'DT', value: textValue('DT', dateTimeOf(at)) },
    { tag: MODIFYING_SYSTEM, vr: 'LO', value: textValue('LO', system) },
    { tag: SOURCE_OF_PREVIOUS_VALUES, vr: 'LO', value: textValue('LO', source) },
    { tag: REASON_FOR_MODIFICATION, vr: 'CS', value: textValue('CS', reason) },
  ];
  const modified = sequenceOf(MODIFIED_ATTRIBUTES_SEQUENCE, itemOf(previous, encoding), encoding);
  const item = itemOf([...modified, encodeElements(about, encoding)], encoding);
  return sequenceOf(ORIGINAL_ATTRIBUTES_SEQUENCE, [...kept, ...item], encoding);
}

const lengthOf = (pieces: readonly DataSetPiece[]): number =>
  pieces.reduce((sum, { length }) => sum + length, 0);

const sequenceOf = (tag: number, items: readonly DataSetPiece[], encoding: Encoding): DataSetPiece[] => [
  encodeHeader(tag, 'SQ', lengthOf(items), encoding),
  ...items,
];

const itemOf = (pieces: readonly DataSetPiece[], encoding: Encoding): DataSetPiece[] => [
  encodeHeader(ITEM, '', lengthOf(pieces), encoding),
  ...pieces,
];

/** PS3.5 §6.2, DT: with a precision of seconds and the offset from UTC. */
function dateTimeOf(at: Date): string {
  const digits = at.toISOString().slice(0, 19).replace(/[-:T]/g, '');
  return `${digits}+0000`;
}
