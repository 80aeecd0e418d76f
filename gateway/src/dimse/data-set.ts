/**
 * Reads and writes Data Sets with Sequences in Implicit VR Little Endian, for storage commitment. Lengths may be
 * defined or undefined, and each is checked against the bytes that are there.
 */
import { violated } from './association-failed.ts';
import { encodeElements, type ElementsToSend } from './elements.ts';
import { BoundedReader, trimmed } from './read-bounded.ts';

/** `sequences`: the Items of each Sequence, by tag. */
type NestedDataSet = {
  readonly values: ReadonlyMap<number, Buffer>;
  readonly sequences: ReadonlyMap<number, readonly NestedDataSet[]>;
};

const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const UNDEFINED_LENGTH = 0xffffffff;
/** A Sequence of references has one level; some peers add codes. */
const LEVELS_LIMIT = 4;
/**
 * Limits for one Data Set, over all levels: four Items for each of a thousand references, the most that are requested
 * at once. An empty Item takes eight bytes on the wire but a hundred times as many in memory.
 */
const ITEMS_LIMIT = 4096;
const ELEMENTS_LIMIT = 32_768;

function encodeHeader(tag: number, length: number): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16LE(tag >>> 16, 0);
  header.writeUInt16LE(tag & 0xffff, 2);
  header.writeUInt32LE(length, 4);
  return header;
}

export function encodeSequence(tag: number, items: readonly ElementsToSend[]): Buffer {
  const content = items.flatMap((item) => {
    const elements = encodeElements(item);
    return [encodeHeader(ITEM, elements.length), elements];
  });
  const bytes = Buffer.concat(content);
  return Buffer.concat([encodeHeader(tag, bytes.length), bytes]);
}

/**
 * `isSequence`: identifies Sequences of defined length, which look like any other element. Throws AssociationFailed if
 * the Data Set is malformed, or has more Items or elements than any real one.
 */
export const parseDataSet = (bytes: Buffer, isSequence: (tag: number) => boolean): NestedDataSet =>
  parseElements(new BoundedReader(bytes), {
    ...{ isSequence, level: 0, hasEnd: false },
    count: { items: 0, elements: 0 },
  });

type Place = {
  readonly isSequence: (tag: number) => boolean;
  readonly level: number;
  /** The level ends with a delimiter instead of a defined length. */
  readonly hasEnd: boolean;
  /** Counts so far, over the whole Data Set. */
  readonly count: { items: number; elements: number };
};

function parseHeader(reader: BoundedReader): { readonly tag: number; readonly length: number } {
  const header = reader.take(8);
  const tag = ((header.readUInt16LE(0) << 16) | header.readUInt16LE(2)) >>> 0;
  return { tag, length: header.readUInt32LE(4) };
}

/** The value behind a header: `length` bytes, or everything up to a delimiter. */
const within = (reader: BoundedReader, length: number): BoundedReader =>
  length === UNDEFINED_LENGTH ? reader : new BoundedReader(reader.take(length));

function parseElements(reader: BoundedReader, place: Place): NestedDataSet {
  if (place.level > LEVELS_LIMIT) throw violated('too deep a Sequence');
  const values = new Map<number, Buffer>();
  const sequences = new Map<number, readonly NestedDataSet[]>();
  while (reader.left > 0) {
    const { tag, length } = parseHeader(reader);
    if (tag === ITEM_END && place.hasEnd) return { values, sequences };
    place.count.elements += 1;
    if (place.count.elements > ELEMENTS_LIMIT) throw violated('too many elements');
    const hasEnd = length === UNDEFINED_LENGTH;
    if (hasEnd || place.isSequence(tag))
      sequences.set(tag, parseItems(within(reader, length), { ...place, hasEnd }));
    else values.set(tag, reader.take(length));
  }
  if (place.hasEnd) throw violated('an Item without an end');
  return { values, sequences };
}

function parseItems(reader: BoundedReader, place: Place): readonly NestedDataSet[] {
  const items: NestedDataSet[] = [];
  while (reader.left > 0) {
    const { tag, length } = parseHeader(reader);
    if (tag === SEQUENCE_END && place.hasEnd) return items;
    if (tag !== ITEM) throw violated('a Sequence of something else than Items');
    place.count.items += 1;
    if (place.count.items > ITEMS_LIMIT) throw violated('too many Items');
    const inner = { ...place, level: place.level + 1, hasEnd: length === UNDEFINED_LENGTH };
    items.push(parseElements(within(reader, length), inner));
  }
  if (place.hasEnd) throw violated('a Sequence without an end');
  return items;
}

/** Null: the element is missing. */
export const uidIn = ({ values }: NestedDataSet, tag: number): string | null => {
  const value = values.get(tag);
  return value === undefined ? null : trimmed(value);
};
