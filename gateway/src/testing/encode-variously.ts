/** Encodes a Data Set in the ways PS3.5 leaves to its writer: lengths or delimiters, group lengths, padding. */
import type { Encoding } from '#shared/dicom/data-set.ts';
import {
  ITEM,
  ITEM_DELIMITATION,
  SEQUENCE_DELIMITATION,
  UNDEFINED_LENGTH,
} from '#shared/dicom/element-header.ts';
import { concatBytes, encodeHeader } from '#shared/dicom/encode.ts';

/** `value`: bytes, the Items of a Sequence (of VR SQ or UN), or fragments. */
export type PlainElement = {
  readonly tag: number;
  readonly vr: string;
  readonly value: Uint8Array | { readonly items: readonly PlainItem[] } | Fragments;
};
type Fragments = { readonly fragments: readonly Uint8Array[] };
export type PlainItem = readonly PlainElement[];

export type Choices = {
  readonly encoding: Encoding;
  /** Asked at each Sequence and Item: whether it ends with a delimiter. */
  readonly isDelimited: () => boolean;
  /** Asked at each group. */
  readonly hasGroupLength: () => boolean;
  /** Asked at each text: how many spaces stand behind it. */
  readonly spaces?: () => number;
  /** Bytes of Data Set Trailing Padding; none where 0. */
  readonly padding: number;
};

const NONE = new Uint8Array();
const IMPLICIT: Encoding = { explicitVR: false, bigEndian: false, deflated: false, encapsulated: false };

export function encodeVariously(elements: PlainItem, choices: Choices): Uint8Array {
  const { encoding, padding } = choices;
  const trailing =
    padding === 0 ? [] : [encodeHeader(0xfffcfffc, 'OB', padding, encoding), new Uint8Array(padding)];
  return concatBytes([encodeAll(elements, choices), ...trailing]);
}

function encodeAll(elements: PlainItem, choices: Choices): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [group, some] of Map.groupBy(elements, ({ tag }) => tag >>> 16)) {
    const content = concatBytes(some.map((element) => encodeOne(element, choices)));
    if (choices.hasGroupLength()) parts.push(groupLength(group, content.length, choices.encoding));
    parts.push(content);
  }
  return concatBytes(parts);
}

function groupLength(group: number, length: number, encoding: Encoding): Uint8Array {
  const value = new DataView(new ArrayBuffer(4));
  value.setUint32(0, length, !encoding.bigEndian);
  return concatBytes([encodeHeader((group << 16) >>> 0, 'UL', 4, encoding), new Uint8Array(value.buffer)]);
}

function encodeOne({ tag, vr, value }: PlainElement, choices: Choices): Uint8Array {
  const { encoding } = choices;
  if (value instanceof Uint8Array) {
    const spaces = vr === 'CS' || vr === 'PN' ? (choices.spaces?.() ?? 0) : 0;
    const padding = new Uint8Array(spaces).fill(0x20);
    return concatBytes([encodeHeader(tag, vr, value.length + spaces, encoding), value, padding]);
  }
  if ('fragments' in value)
    return concatBytes([
      encodeHeader(tag, vr, UNDEFINED_LENGTH, encoding),
      ...value.fragments.flatMap((bytes) => [encodeHeader(ITEM, '', bytes.length, encoding), bytes]),
      encodeHeader(SEQUENCE_DELIMITATION, '', 0, encoding),
    ]);
  // PS3.5 §6.2.2 note 4.
  const inner = vr === 'UN' ? { ...choices, encoding: IMPLICIT } : choices;
  const openItem = (length: number) => encodeHeader(ITEM, '', length, inner.encoding);
  const ofItem = { open: openItem, delimiter: ITEM_DELIMITATION };
  const content = concatBytes(value.items.map((item) => enclosed(encodeAll(item, inner), inner, ofItem)));
  const open = (length: number) => encodeHeader(tag, vr, length, encoding);
  return enclosed(content, inner, { open, delimiter: SEQUENCE_DELIMITATION });
}

function enclosed(
  content: Uint8Array,
  { encoding, isDelimited }: Choices,
  { open, delimiter }: { readonly open: (length: number) => Uint8Array; readonly delimiter: number },
): Uint8Array {
  const hasDelimiter = isDelimited();
  const end = hasDelimiter ? encodeHeader(delimiter, '', 0, encoding) : NONE;
  return concatBytes([open(hasDelimiter ? UNDEFINED_LENGTH : content.length), content, end]);
}
