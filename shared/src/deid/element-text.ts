/** The values that de-identification itself must read: UIDs, dates and codes, which are ASCII. */
import type { DicomElement } from '../dicom/data-set.ts';
import { asciiText } from '../dicom/values.ts';

/** No value of any VR: it is neither a date nor a UID nor a word. */
const NOT_KEPT = '\ufffd';

/**
 * The value without padding and surrounding spaces; '' where it is empty. Backslashes stay. A value that the
 * parser did not keep (too long, or items or fragments where a plain value belongs) is not an empty one: it
 * would pass for a value that may stay.
 */
export function asciiOf(element: DicomElement): string {
  const { bytes } = element;
  if (bytes === null) return NOT_KEPT;
  let start = 0;
  let end = bytes.length;
  while (start < end && isSpace(bytes[start]!)) start += 1;
  while (end > start && isSpace(bytes[end - 1]!)) end -= 1;
  return asciiText(end - start === bytes.length ? bytes : bytes.subarray(start, end));
}

/** NUL, and the white space of Latin-1. */
const isSpace = (byte: number): boolean =>
  byte === 0x20 || byte === 0 || (byte >= 0x09 && byte <= 0x0d) || byte === 0xa0;
