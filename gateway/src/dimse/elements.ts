/**
 * Writes and reads Command Sets (PS3.7 §6.3.1) and query identifiers: Data Elements in Implicit VR Little Endian,
 * within limits. Sequences are not needed and not parsed.
 */
import { violated } from './association-failed.ts';
import { trimmed } from './read-bounded.ts';

/** Ascending by tag. Numbers have 16 bits; texts are UIDs or codes. */
export type ElementsToSend = readonly (readonly [tag: number, value: number | string])[];

/** Values by tag. */
export type Elements = ReadonlyMap<number, Buffer>;

/** A command has twelve elements, an identifier as many as were requested; some peers add their own. */
const ELEMENTS_LIMIT = 256;

export function encodeElements(elements: ElementsToSend): Buffer {
  return Buffer.concat(elements.flatMap(([tag, value]) => encodeElement(tag, toValue(tag, value))));
}

/** A command begins with the length of its other elements: (0000,0000) Command Group Length. */
export function encodeCommand(elements: ElementsToSend): Buffer {
  const rest = encodeElements(elements);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(rest.length);
  return Buffer.concat([...encodeElement(0, length), rest]);
}

function encodeElement(tag: number, value: Buffer): readonly Buffer[] {
  const header = Buffer.alloc(8);
  header.writeUInt16LE(tag >>> 16, 0);
  header.writeUInt16LE(tag & 0xffff, 2);
  header.writeUInt32LE(value.length, 4);
  return [header, value];
}

const QUERY_LEVEL = 0x00080052;

/** PS3.5 §9.4: a UID is padded with a null byte; the level of a query, a CS, with a space. */
function toValue(tag: number, value: number | string): Buffer {
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(value);
    return bytes;
  }
  const padding = tag === QUERY_LEVEL ? ' ' : '\0';
  return Buffer.from(value.length % 2 === 0 ? value : value + padding, 'latin1');
}

/** Throws AssociationFailed if the elements are malformed, or more than any real message has. */
export function parseElements(bytes: Buffer): Elements {
  const elements = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < 8) throw violated('a cut element');
    const tag = ((bytes.readUInt16LE(at) << 16) | bytes.readUInt16LE(at + 2)) >>> 0;
    const length = bytes.readUInt32LE(at + 4);
    if (length > bytes.length - at - 8) throw violated('an element that ends beyond its end');
    if (elements.size === ELEMENTS_LIMIT) throw violated('too many elements');
    elements.set(tag, bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return elements;
}

/** Null: the element is missing. */
export function textIn(elements: Elements, tag: number): string | null {
  const value = elements.get(tag);
  return value === undefined ? null : trimmed(value);
}

/** Null: the element is missing, or is not a 16-bit number. */
export function numberIn(elements: Elements, tag: number): number | null {
  const value = elements.get(tag);
  return value?.length === 2 ? value.readUInt16LE() : null;
}
