/**
 * The Native DICOM Model in XML (PS3.19 A.1), as some PACSs answer a store request: read into the DICOM JSON
 * Model as far as the gateway needs it, which is UIDs, numbers and sequences. No entities, no DTD, no
 * namespaces: what does not look like the model gives null.
 */

type Element = { vr: string; Value: unknown[] };
type Item = Record<string, Element>;

const TOKEN =
  /<DicomAttribute\b([^>]*?)(\/?)>|<Item\b[^>]*?(\/?)>|<Value\b[^>]*>([^<]*)<\/Value>|<\/(DicomAttribute|Item)>/g;
/** A store answer nests an attribute, an item and an attribute; far deeper is no answer. */
const DEPTH_LIMIT = 16;

const attribute = (text: string, name: string): string =>
  new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1] ?? '';

export function parseNativeModel(text: string): Item | null {
  if (!/^\s*(<\?xml[^>]*>\s*)?<NativeDicomModel\b/.test(text)) return null;
  const root: Item = {};
  const items: Item[] = [root];
  const open: Element[] = [];
  for (const [, said, isEmpty, isEmptyItem, value, closed] of text.matchAll(TOKEN)) {
    if (items.length + open.length > DEPTH_LIMIT) return null;
    if (said !== undefined) {
      const vr = attribute(said, 'vr');
      const element: Element = { vr, Value: [] };
      items.at(-1)![attribute(said, 'tag').toUpperCase()] = element;
      if (isEmpty !== '/') open.push(element);
    } else if (value !== undefined) open.at(-1)?.Value.push(value.trim());
    else if (closed === 'DicomAttribute') open.pop();
    else if (closed === 'Item') {
      if (items.length === 1) return null;
      items.pop();
    } else {
      const item: Item = {};
      open.at(-1)?.Value.push(item);
      if (isEmptyItem !== '/') items.push(item);
    }
  }
  return items.length === 1 && open.length === 0 ? root : null;
}
