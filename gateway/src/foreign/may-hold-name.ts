/** Whether the picture of an instance may hold a name, by its header. */
import { burnedInTextBy } from '#shared/deid/undeclared-text.ts';
import { isObject, type Json } from '../ports/pacs/dicom-json.ts';

const SOP_CLASS_UID = 0x00080016;
/** Rows, and the three kinds of Pixel Data: a PACS may leave these out of metadata. */
const OF_PICTURES = ['00280010', '7FE00008', '7FE00009', '7FE00010'];

/** Whether a picture may hold a name; an instance without a SOP Class may. */
export function mayHoldName(dataSet: Json): boolean {
  const textOf = (tag: number): string => {
    const attribute = dataSet[tag.toString(16).toUpperCase().padStart(8, '0')];
    const values = isObject(attribute) ? attribute['Value'] : undefined;
    return Array.isArray(values) ? values.map(String).join('\\') : '';
  };
  const sopClassUID = textOf(SOP_CLASS_UID);
  const hasPixels = OF_PICTURES.some((tag) => tag in dataSet);
  return sopClassUID === '' || burnedInTextBy({ sopClassUID, textOf, hasPixels }) !== 'no';
}
