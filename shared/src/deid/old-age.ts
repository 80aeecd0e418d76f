/**
 * Finds ages above 89 among the measurements of a report. Such an age singles a person out (45 CFR
 * 164.514(b)(2)(i)(C)), so no option keeps it. The concept's name does not matter: nothing else in an image lasts that
 * long.
 */
import type { DicomElement } from '../dicom/data-set.ts';
import { findElement } from '../dicom/values.ts';
import { asciiOf } from './element-text.ts';

const MEASURED_VALUE_SEQUENCE = 0x0040a300;
const NUMERIC_VALUE = 0x0040a30a;
const MEASUREMENT_UNITS_CODE_SEQUENCE = 0x004008ea;
const CODE_VALUE = 0x00080100;
/** UCUM: 90 years as years, months, weeks and days. */
const OLDEST: Readonly<Record<string, number>> = { a: 90, a_j: 90, a_g: 90, mo: 1080, wk: 4680, d: 32_850 };

/** True for a content item (PS3.3 §C.18.1) whose measured value is a period of more than 90 years. */
export function isOldAge(item: readonly DicomElement[]): boolean {
  return (findElement(item, MEASURED_VALUE_SEQUENCE)?.items ?? []).some(({ elements }) => {
    const [units] = findElement(elements, MEASUREMENT_UNITS_CODE_SEQUENCE)?.items ?? [];
    const unit = units && findElement(units.elements, CODE_VALUE);
    const value = findElement(elements, NUMERIC_VALUE);
    const limit = unit ? (OLDEST[asciiOf(unit)] ?? Infinity) : Infinity;
    return (
      value !== null &&
      asciiOf(value)
        .split('\\')
        .some((number) => Number(number) > limit)
    );
  });
}
