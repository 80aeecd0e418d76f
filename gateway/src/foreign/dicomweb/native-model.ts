/**
 * Converts Data Sets from the DICOM JSON Model (PS3.18 Annex F) to the Native DICOM Model, which is XML (PS3.19 A.1).
 */
import { loadKeywords } from '#shared/dicom/dictionary.ts';
import { isObject, type Json } from '../../ports/pacs/dicom-json.ts';

export type ToXml = (dataSet: Json) => string;

const NAMESPACE = 'http://dicom.nema.org/PS3.19/models/NativeDICOM';
const COMPONENTS = ['FamilyName', 'GivenName', 'MiddleName', 'NamePrefix', 'NameSuffix'];
const GROUPS = ['Alphabetic', 'Ideographic', 'Phonetic'];

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;' },
  ...{ '"': '&quot;', '\r': '&#13;' },
};
/** XML 1.0 §2.2: characters that no document may contain, not even escaped. */
const NOT_IN_XML = /[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

const escaped = (text: unknown): string =>
  String(text)
    .replace(NOT_IN_XML, '\uFFFD')
    .replace(/[&<>"\r]/g, (character) => ENTITIES[character]!);

export async function loadToXml(): Promise<ToXml> {
  const keywords = await loadKeywords();
  const attributesOf = (dataSet: Json): string =>
    Object.entries(dataSet)
      .map(([tag, attribute]) => {
        if (!/^[0-9A-F]{8}$/i.test(tag) || !isObject(attribute)) return '';
        const keyword = keywords.get(Number.parseInt(tag, 16));
        const said = keyword === undefined ? '' : ` keyword="${keyword}"`;
        const { vr } = attribute;
        return `<DicomAttribute tag="${tag.toUpperCase()}" vr="${escaped(vr)}"${said}>${contentOf(attribute)}</DicomAttribute>`;
      })
      .join('');
  const contentOf = ({ vr, Value, BulkDataURI, InlineBinary }: Json): string => {
    if (typeof BulkDataURI === 'string') return `<BulkData uri="${escaped(BulkDataURI)}"/>`;
    if (typeof InlineBinary === 'string') return `<InlineBinary>${escaped(InlineBinary)}</InlineBinary>`;
    return Array.isArray(Value) ? Value.map((value, at) => textOf(vr, value, at + 1)).join('') : '';
  };
  const textOf = (vr: unknown, value: unknown, number: number): string => {
    // F.2.5: null stands for an empty value between others.
    if (value === null) return '';
    if (vr === 'SQ') return `<Item number="${number}">${isObject(value) ? attributesOf(value) : ''}</Item>`;
    if (vr === 'PN' && isObject(value)) return `<PersonName number="${number}">${nameOf(value)}</PersonName>`;
    return `<Value number="${number}">${escaped(value)}</Value>`;
  };
  return (dataSet) =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<NativeDicomModel xmlns="${NAMESPACE}">${attributesOf(dataSet)}</NativeDicomModel>`;
}

function nameOf(name: Json): string {
  return GROUPS.filter((group) => typeof name[group] === 'string')
    .map((group) => {
      const parts = String(name[group]).split('^').slice(0, COMPONENTS.length);
      const components = parts.map((part, at) =>
        part === '' ? '' : `<${COMPONENTS[at]}>${escaped(part)}</${COMPONENTS[at]}>`,
      );
      return `<${group}>${components.join('')}</${group}>`;
    })
    .join('');
}
