/**
 * Writes elements, items, whole Data Sets and File Meta Information in any of the uncompressed encodings. Values are
 * passed as bytes: `textValue` encodes text and `numberValue` numbers, padded as their VR requires (PS3.5 §6.2).
 */
import type { Encoding, InstanceIdentifiers } from './data-set.ts';
import { ITEM, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH, isLongForm } from './element-header.ts';
import {
  FILE_META_GROUP_LENGTH,
  FILE_META_VERSION,
  IMPLEMENTATION_CLASS_UID,
  IMPLEMENTATION_VERSION_NAME,
  MEDIA_STORAGE_SOP_CLASS_UID,
  MEDIA_STORAGE_SOP_INSTANCE_UID,
  TRANSFER_SYNTAX_UID,
} from './tags.ts';
import type { TransferSyntaxUID } from './uid.ts';

/**
 * PS3.7 §D.3.3.2: identifies this implementation. It is derived from the UUID 7c9bd1b0-4a7f-4f0e-9d6e-2f2b7b0a5e61
 * (PS3.5 §B.2).
 */
export const RELAYPACS_IMPLEMENTATION_CLASS_UID = '2.25.165633330481222029874557536944960200289';
export const RELAYPACS_IMPLEMENTATION_VERSION_NAME = 'RELAYPACS';

/** An element to write, with a value that is already encoded and padded, or with the items of a Sequence. */
export interface NewElement {
  readonly tag: number;
  readonly vr: string;
  readonly value: Uint8Array | readonly NewItem[];
}
export type NewItem = readonly NewElement[];

const NO_BYTES = new Uint8Array();

/**
 * The header of an element: tag, VR under explicit VR, and length (`UNDEFINED_LENGTH` allowed in the long
 * form).
 */
export function encodeHeader(tag: number, vr: string, length: number, encoding: Encoding): Uint8Array {
  const hasVR = encoding.explicitVR && tag >>> 16 !== 0xfffe;
  const long = hasVR && isLongForm(vr);
  // PS3.5 §6.2.2: a value too long for a short length field is written as UN.
  if (hasVR && !long && length > 0xffff) return encodeHeader(tag, 'UN', length, encoding);
  const { bigEndian } = encoding;
  const header = new DataView(new ArrayBuffer(long ? 12 : 8));
  header.setUint16(0, tag >>> 16, !bigEndian);
  header.setUint16(2, tag & 0xffff, !bigEndian);
  if (hasVR) {
    header.setUint8(4, vr.charCodeAt(0));
    header.setUint8(5, vr.charCodeAt(1));
  }
  if (long) header.setUint32(8, length, !bigEndian);
  else if (hasVR) header.setUint16(6, length, !bigEndian);
  else header.setUint32(4, length, !bigEndian);
  return new Uint8Array(header.buffer);
}

/** Encodes an element with its value or items. Items and Sequences get defined lengths. */
export function encodeElement(element: NewElement, encoding: Encoding): Uint8Array {
  const { tag, vr, value } = element;
  if (value instanceof Uint8Array) return concatBytes([encodeHeader(tag, vr, value.length, encoding), value]);
  const items = value.map((item) => {
    const content = encodeElements(item, encoding);
    return concatBytes([encodeHeader(ITEM, '', content.length, encoding), content]);
  });
  const content = concatBytes(items);
  return concatBytes([encodeHeader(tag, vr, content.length, encoding), content]);
}

/** Encodes elements in the given order, which must be ascending. */
export function encodeElements(elements: readonly NewElement[], encoding: Encoding): Uint8Array {
  return concatBytes(elements.map((element) => encodeElement(element, encoding)));
}

/**
 * PS3.5 §A.4: encodes fragments as items, with an empty Basic Offset Table before them and a delimiter behind them.
 */
export function encodeFragments(
  tag: number,
  fragments: readonly Uint8Array[],
  encoding: Encoding,
): Uint8Array {
  const parts = [encodeHeader(tag, 'OB', UNDEFINED_LENGTH, encoding), encodeHeader(ITEM, '', 0, encoding)];
  for (const fragment of fragments) parts.push(encodeHeader(ITEM, '', fragment.length, encoding), fragment);
  parts.push(encodeHeader(SEQUENCE_DELIMITATION, '', 0, encoding));
  return concatBytes(parts);
}

/**
 * Encodes text as a value: values are joined by backslashes and padded to even length with a space, UIDs with NUL
 * (PS3.5 §6.2). Non-ASCII text is encoded as UTF-8, and the caller makes sure that Specific Character Set says so.
 */
export function textValue(vr: string, ...values: readonly string[]): Uint8Array {
  const text = values.join('\\');
  const padding = vr === 'UI' ? 0 : 0x20;
  const ascii = new Uint8Array(text.length + (text.length % 2));
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) return evenUtf8(text, padding);
    ascii[at] = unit;
  }
  if (text.length % 2 === 1) ascii[text.length] = padding;
  return ascii;
}

function evenUtf8(text: string, padding: number): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return bytes.length % 2 === 0 ? bytes : concatBytes([bytes, Uint8Array.of(padding)]);
}

const NUMBER_SIZES: Readonly<Record<string, number>> = {
  US: 2,
  SS: 2,
  UL: 4,
  SL: 4,
  FL: 4,
  FD: 8,
  AT: 4,
  OW: 2,
  OF: 4,
  OL: 4,
};

/** Encodes binary numbers of the VRs US, SS, UL, SL, FL, FD, AT, OW, OF and OL. Throws RangeError for another VR. */
export function numberValue(
  vr: string,
  values: readonly number[],
  { bigEndian }: Pick<Encoding, 'bigEndian'>,
): Uint8Array {
  const size = NUMBER_SIZES[vr];
  if (size === undefined) throw new RangeError('not a VR of binary numbers');
  const view = new DataView(new ArrayBuffer(size * values.length));
  values.forEach((value, i) => {
    const at = i * size;
    if (vr === 'US' || vr === 'OW') view.setUint16(at, value, !bigEndian);
    else if (vr === 'SS') view.setInt16(at, value, !bigEndian);
    else if (vr === 'UL' || vr === 'OL') view.setUint32(at, value, !bigEndian);
    else if (vr === 'SL') view.setInt32(at, value, !bigEndian);
    else if (vr === 'FL' || vr === 'OF') view.setFloat32(at, value, !bigEndian);
    else if (vr === 'FD') view.setFloat64(at, value, !bigEndian);
    else {
      // AT: two 16-bit numbers, each in the byte order of the Data Set.
      view.setUint16(at, value >>> 16, !bigEndian);
      view.setUint16(at + 2, value & 0xffff, !bigEndian);
    }
  });
  return new Uint8Array(view.buffer);
}

const META_ENCODING: Encoding = { explicitVR: true, bigEndian: false, deflated: false, encapsulated: false };

/**
 * PS3.10 §7.1: 128 zero bytes, "DICM" and File Meta Information of version 1, with our Implementation Class
 * UID.
 */
export function encodeFileMeta(
  identifiers: Pick<InstanceIdentifiers, 'sopClassUID' | 'sopInstanceUID'>,
  transferSyntaxUID: TransferSyntaxUID,
): Uint8Array {
  const elements: NewElement[] = [
    { tag: FILE_META_VERSION, vr: 'OB', value: Uint8Array.of(0, 1) },
    { tag: MEDIA_STORAGE_SOP_CLASS_UID, vr: 'UI', value: textValue('UI', identifiers.sopClassUID) },
    { tag: MEDIA_STORAGE_SOP_INSTANCE_UID, vr: 'UI', value: textValue('UI', identifiers.sopInstanceUID) },
    { tag: TRANSFER_SYNTAX_UID, vr: 'UI', value: textValue('UI', transferSyntaxUID) },
    { tag: IMPLEMENTATION_CLASS_UID, vr: 'UI', value: textValue('UI', RELAYPACS_IMPLEMENTATION_CLASS_UID) },
    {
      tag: IMPLEMENTATION_VERSION_NAME,
      vr: 'SH',
      value: textValue('SH', RELAYPACS_IMPLEMENTATION_VERSION_NAME),
    },
  ];
  const content = encodeElements(elements, META_ENCODING);
  const length: NewElement = {
    tag: FILE_META_GROUP_LENGTH,
    vr: 'UL',
    value: numberValue('UL', [content.length], META_ENCODING),
  };
  return concatBytes([
    new Uint8Array(128),
    new TextEncoder().encode('DICM'),
    encodeElement(length, META_ENCODING),
    content,
  ]);
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 0) return NO_BYTES;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
