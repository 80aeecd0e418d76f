/** The bits of a sample that hold its value (PS3.5 §8.1.1), as the header states them. */
import type { DicomElement } from './data-set.ts';
import { BITS_STORED, HIGH_BIT, PIXEL_REPRESENTATION } from './tags.ts';
import { findElement, numberOf, type ValueContext } from './values.ts';

export interface StoredBits {
  readonly bitsStored: number;
  /** The position of the highest bit of the value. */
  readonly highBit: number;
  readonly isSigned: boolean;
}

/** A High Bit that leaves no room for the value is ignored. */
export function readStoredBits(
  elements: readonly DicomElement[],
  context: ValueContext,
  bitsAllocated: number,
): StoredBits {
  const number = (tag: number): number | null => numberOf(findElement(elements, tag), context);
  const bitsStored = number(BITS_STORED) || bitsAllocated;
  const highBit = number(HIGH_BIT) ?? bitsStored - 1;
  return {
    bitsStored,
    highBit: highBit >= bitsStored - 1 && highBit < bitsAllocated ? highBit : bitsStored - 1,
    isSigned: number(PIXEL_REPRESENTATION) === 1,
  };
}
