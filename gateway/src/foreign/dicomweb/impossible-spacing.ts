/**
 * PS3.3 §10.7.1.3: "All pixel spacing related attributes shall have positive non-zero values, except when there is
 * only a single row or column or pixel of data present". Films with 0\0 exist, and OHIF draws them black because it
 * divides by the spacing. Without a spacing, OHIF draws them and measures in pixels.
 */
import { isObject, type Json } from '../../ports/pacs/dicom-json.ts';

/** Imager Pixel Spacing, Nominal Scanned Pixel Spacing, Pixel Spacing. */
const SPACINGS: readonly string[] = ['00181164', '00182010', '00280030'];

/**
 * A new Data Set. Items of Sequences are treated too, because multi-frame images state the spacing in Pixel Measures.
 */
export function withoutImpossibleSpacing(dataSet: Json): Json {
  const usable: Json = {};
  for (const [tag, attribute] of Object.entries(dataSet)) {
    const values = isObject(attribute) ? attribute['Value'] : undefined;
    if (!isObject(attribute) || !Array.isArray(values)) usable[tag] = attribute;
    else if (attribute['vr'] === 'SQ') usable[tag] = { ...attribute, Value: values.map(ofItem) };
    else if (!SPACINGS.includes(tag.toUpperCase()) || values.every(isPositive)) usable[tag] = attribute;
  }
  return usable;
}

const ofItem = (item: unknown): unknown => (isObject(item) ? withoutImpossibleSpacing(item) : item);

/** A DS value is a number in JSON, or a string if the PACS writes it as in the file. */
const isPositive = (value: unknown): boolean => Number(value) > 0;
