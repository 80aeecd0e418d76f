/**
 * UIDs, branded by their DICOM keyword. All are validated here. A UID becomes part of URLs, file names, SQL and HTTP
 * header fields, so no string that could manipulate one of those may have its type.
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
 * Real archives also hold UIDs with a leading zero in a component, and hexadecimal digests that identifier-replacing
 * tools write in place of UIDs. Refusing them would exclude studies that every PACS accepts, and the letters a-f and
 * dots can manipulate nothing.
 */
const TOLERATED_UID = /^[0-9a-fA-F]+(\.[0-9a-fA-F]+)*$/;
/** PS3.5 §9.1: "not longer than 64 total characters". */
const STANDARD_LENGTH = 64;
/**
 * The longest UID that is accepted. Programs that append a component to a UID of full length exceed the standard's
 * limit, and a quarter more is enough for those.
 */
export const UID_LENGTH_LIMIT = 80;

/** True for a UID that may be sent: at most 80 characters, hexadecimal digits in non-empty components. */
export function isUid(value: string): boolean {
  return value.length <= UID_LENGTH_LIMIT && TOLERATED_UID.test(value);
}

/**
 * True for a UID below 1.2.0 to 1.2.3. The numbers after 1.2 are country numbers (ISO 3166), which begin with 4, so
 * invented UIDs such as 1.2.3.4 belong to nobody.
 */
export function isNobodys(value: string): boolean {
  const [iso, member, country] = value.split('.').map(Number);
  return iso === 1 && member === 2 && country! < 4;
}

/** True for a UID that is valid according to PS3.5 §9.1. */
export function isStandardUid(value: string): boolean {
  return value.length <= STANDARD_LENGTH && STANDARD_UID.test(value);
}

/**
 * Validates and brands a UID. Throws RangeError whose message does not repeat the value, because that may be hostile,
 * or a misplaced name.
 */
export function parseUid<Keyword extends string>(name: Keyword, value: string): Uid<Keyword> {
  if (!isUid(value)) throw new RangeError(`${name} is not a UID`);
  return value as Uid<Keyword>;
}
