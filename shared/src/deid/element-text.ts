/** Reads the values that de-identification itself needs: UIDs, dates and codes, which are ASCII. */
import type { DicomElement } from '../dicom/data-set.ts';
import { asciiText } from '../dicom/values.ts';

/** Not a valid value of any VR: neither a date nor a UID nor a word. */
const NOT_KEPT = '\ufffd';

/**
 * The value without padding and surrounding spaces; '' where it is empty. Backslashes stay. A value that the parser
 * did not keep (too long, or items or fragments where a plain value belongs) must not read as empty, because an empty
 * value may stay.
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

/** NUL, or white space of Latin-1. */
const isSpace = (byte: number): boolean =>
  byte === 0x20 || byte === 0 || (byte >= 0x09 && byte <= 0x0d) || byte === 0xa0;
