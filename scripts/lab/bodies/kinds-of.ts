/** The bodies for a content type, by its syntax. A type that nobody has thought of gets every file there is. */
import type { Kind, Place } from './body.ts';
import { csvKinds } from './csv-bodies.ts';
import { FILES } from './file-bodies.ts';
import { DICOM_JSON_KINDS, JSON_KINDS } from './json-bodies.ts';
import { formKinds, RELATED_KINDS } from './multipart-bodies.ts';
import { XML_KINDS } from './xml-bodies.ts';

/** The plain one first. */
export const kindsOf = (place: Place): readonly Kind[] =>
  allOf(place).toSorted((a, b) => Number(b.isPlain ?? false) - Number(a.isPlain ?? false));

function allOf(place: Place): readonly Kind[] {
  const { type } = place;
  if (/^application\/dicom\+json\b/.test(type)) return DICOM_JSON_KINDS;
  if (/[/+]json\b/.test(type)) return JSON_KINDS;
  if (/[/+](xml|html)\b/.test(type)) return XML_KINDS;
  if (/^text\/csv\b/.test(type)) return csvKinds(place);
  if (/^multipart\/form-data\b/.test(type)) return formKinds(place);
  if (/^multipart\//.test(type)) return RELATED_KINDS;
  return FILES;
}
