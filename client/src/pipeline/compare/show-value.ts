/** Values of elements as a person reads them: text in its character set, numbers, tags, sizes. Pure. */
import { tagName } from '#shared/dicom/dictionary.ts';
import type { DicomElement } from '#shared/dicom/data-set.ts';
import { numbersOf, rawText, type ValueContext } from '#shared/dicom/values.ts';
import type { ShownValue } from './comparison.ts';

/** Nobody reads more of one value on a screen; the search covers as much. */
export const SHOWN_CHARACTERS = 2_000;
const NUMBERS = new Set(['US', 'SS', 'UL', 'SL', 'FL', 'FD', 'SV', 'UV']);
const BULK = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN', 'SQ']);

export function showValue(element: DicomElement, context: ValueContext): ShownValue {
  const { vr, bytes, items, fragments, valueLength } = element;
  if (items !== null) return { kind: 'items', items: items.length };
  // PS3.5 §A.4: of encapsulated Pixel Data the fragments are the value.
  if (fragments !== null)
    return { kind: 'binary', bytes: fragments.reduce((sum, { length }) => sum + length, 0) };
  if (valueLength === 0) return cut('');
  if (bytes === null || BULK.has(vr)) return { kind: 'binary', bytes: valueLength };
  if (vr === 'AT') return cut(tagsOf(bytes, context.encoding.bigEndian));
  return cut(NUMBERS.has(vr) ? numbersOf(element, context).join('\\') : (rawText(element, context) ?? ''));
}

/** Cut between characters, not between the two halves of one. */
function cut(text: string): ShownValue {
  if (text.length <= SHOWN_CHARACTERS) return { kind: 'text', text, characters: text.length };
  const last = text.charCodeAt(SHOWN_CHARACTERS - 1);
  const end = last >= 0xd800 && last <= 0xdbff ? SHOWN_CHARACTERS - 1 : SHOWN_CHARACTERS;
  return { kind: 'text', text: text.slice(0, end), characters: text.length };
}

/** PS3.5 §6.2 AT: group and element, each an unsigned number of 16 bits. */
function tagsOf(bytes: Uint8Array, bigEndian: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tags: string[] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4)
    tags.push(`(${tagName(view.getUint16(at, !bigEndian) * 0x10000 + view.getUint16(at + 2, !bigEndian))})`);
  return tags.join('\\');
}
