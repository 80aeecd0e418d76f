/**
 * The Native DICOM Model in XML (PS3.19 A.1), in which some PACSs answer a store request. It is read into the DICOM
 * JSON Model as far as the gateway needs it: UIDs, numbers and sequences. A strict streaming parser reads it and
 * expands no entities; the number of elements, their depth and their attributes are limited here.
 */
import { SaxesParser } from 'saxes';

type Element = { readonly vr: string; readonly Value: unknown[] };
type Item = Record<string, Element>;

/**
 * An open element. The model and its items hold attributes, an attribute holds items and values, and a value holds
 * text.
 */
type Open = { readonly name: string; readonly item?: Item; readonly element?: Element; text: string };

/** Enough for 20 000 references, each an item with two attributes and their values. */
export const ELEMENTS_LIMIT = 250_000;
/**
 * A store answer nests an attribute, an item, an attribute and a value in the model. Far deeper XML is not such an
 * answer.
 */
export const DEPTH_LIMIT = 32;
/** PS3.19 A.1.6: tag, vr, keyword, privateCreator; and a namespace. */
export const ATTRIBUTES_LIMIT = 16;
const TAG = /^[0-9A-F]{8}$/;

/** Null: the text is not the model, or is larger than any answer to a request of ours. */
export function parseNativeModel(text: string): Item | null {
  const root: Item = {};
  const open: Open[] = [];
  let elements = 0;
  let attributes = 0;
  const parser = new SaxesParser();
  const refuse = (): never => {
    throw new Error('no model');
  };
  parser.on('error', refuse);
  parser.on('doctype', refuse);
  parser.on('opentagstart', ({ name }) => {
    attributes = 0;
    elements += 1;
    if (elements === 1 && name !== 'NativeDicomModel') refuse();
    if (elements > ELEMENTS_LIMIT || open.length === DEPTH_LIMIT) refuse();
  });
  parser.on('attribute', () => {
    attributes += 1;
    if (attributes > ATTRIBUTES_LIMIT) refuse();
  });
  parser.on('opentag', (tag) =>
    open.push(elements === 1 ? { ...NOTHING, item: root } : begin(tag, open.at(-1))),
  );
  parser.on('text', (piece) => {
    if (open.at(-1)?.name === 'Value') open.at(-1)!.text += piece;
  });
  parser.on('closetag', () => {
    const { name, text: value } = open.pop()!;
    if (name === 'Value') open.at(-1)?.element?.Value.push(value.trim());
  });
  try {
    parser.write(text).close();
    return root;
  } catch {
    return null;
  }
}

const NOTHING: Open = { name: '', text: '' };

type Tag = { readonly name: string; readonly attributes: Readonly<Record<string, string>> };

/** Elements where the model has no place for them are ignored. */
function begin({ name, attributes }: Tag, within = NOTHING): Open {
  if (name === 'DicomAttribute' && within.item !== undefined) {
    const element: Element = { vr: attributes['vr'] ?? '', Value: [] };
    const tag = (attributes['tag'] ?? '').toUpperCase();
    if (TAG.test(tag)) within.item[tag] = element;
    return { name, element, text: '' };
  }
  if (name === 'Item' && within.element !== undefined) {
    const item: Item = {};
    within.element.Value.push(item);
    return { name, item, text: '' };
  }
  return name === 'Value' ? { name, text: '' } : NOTHING;
}
