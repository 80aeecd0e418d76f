/**
 * UIDs, branded by their DICOM keyword and made in one place that checks them. A UID goes into URLs, file
 * names, SQL and HTTP header fields, so nothing that could steer one of those may carry its type.
 */

declare const keyword: unique symbol;
type Uid<Keyword extends string> = string & { readonly [keyword]: Keyword };

export type StudyInstanceUID = Uid<'StudyInstanceUID'>;
export type SeriesInstanceUID = Uid<'SeriesInstanceUID'>;
export type SOPInstanceUID = Uid<'SOPInstanceUID'>;
export type SOPClassUID = Uid<'SOPClassUID'>;
export type TransferSyntaxUID = Uid<'TransferSyntaxUID'>;

/** PS3.5 §9.1: components of digits separated by ".", none with a leading zero unless it is "0" itself. */
const STANDARD_UID = /^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+$/;
/**
 * Real archives also hold UIDs with a leading zero in a component, and hexadecimal digests that
 * identifier-replacing tools write in place of UIDs. Refusing them would strand studies that every PACS
 * takes; the letters a-f and dots steer nothing.
 */
const TOLERATED_UID = /^[0-9a-fA-F]+(\.[0-9a-fA-F]+)*$/;
/** PS3.5 §9.1: "not longer than 64 total characters". */
const STANDARD_LENGTH = 64;
/** Programs that append a component to a UID of full length write longer ones; a quarter more holds those. */
export const UID_LENGTH_LIMIT = 80;

/** True for a UID that may be sent: at most 80 characters, hexadecimal digits in non-empty components. */
export function isUid(value: string): boolean {
  return value.length <= UID_LENGTH_LIMIT && TOLERATED_UID.test(value);
}

/**
 * True for a UID below 1.2.0 to 1.2.3: numbers of countries (ISO 3166), which begin with 4, follow 1.2, so that
 * invented ones such as 1.2.3.4 name nothing that anybody defined.
 */
export function isNobodys(value: string): boolean {
  const [iso, member, country] = value.split('.').map(Number);
  return iso === 1 && member === 2 && country! < 4;
}

/** True for what PS3.5 §9.1 calls a UID. */
export function isStandardUid(value: string): boolean {
  return value.length <= STANDARD_LENGTH && STANDARD_UID.test(value);
}

/**
 * Brands a checked UID. Throws RangeError, which does not repeat the value: it may be hostile, or a name in
 * the wrong place.
 */
export function parseUid<Keyword extends string>(name: Keyword, value: string): Uid<Keyword> {
  if (!isUid(value)) throw new RangeError(`${name} is not a UID`);
  return value as Uid<Keyword>;
}
