/** The parts of the answers of Orthanc's own REST API that are read. */
import { withoutPadding } from '#shared/dicom/padding.ts';
import { parserIn } from '../../threads/parse-apart.ts';
import { isObject, jsonIn } from './dicom-json.ts';

/** Only such an id becomes part of an address. */
const ORTHANC_ID = /^[0-9a-f]{8}(-[0-9a-f]{8}){4}$/;

/**
 * The fields that are read from an entry in Orthanc's lists, which are those of a search and of a study's instances.
 */
export type Entry = {
  readonly type: string | null;
  readonly id: string;
  readonly sopInstanceUID: string | null;
};
/** The fields that are read from an object with which Orthanc answers. */
export type OrthancSaid = {
  readonly isSystem: boolean;
  readonly status: string | null;
  readonly fault: number | null;
  readonly patientId: string | null;
};

/** PS3.5 §6.2: padding is not significant. */
const textOf = (value: unknown): string | null => (typeof value === 'string' ? withoutPadding(value) : null);

/** `object`: Orthanc describes an error. Null: the answer is neither an object nor a list. */
export function parseEntries(bytes: Uint8Array): readonly Entry[] | 'object' | null {
  const body = jsonIn(bytes);
  if (isObject(body)) return 'object';
  if (!Array.isArray(body)) return null;
  return body.slice(0, ENTRIES_LIMIT).flatMap((row) => {
    if (!isObject(row) || typeof row['ID'] !== 'string' || !ORTHANC_ID.test(row['ID'])) return [];
    const tags = row['MainDicomTags'];
    const sopInstanceUID = isObject(tags) ? textOf(tags['SOPInstanceUID']) : null;
    return [{ type: textOf(row['Type']), id: row['ID'], sopInstanceUID }];
  });
}
export const ENTRIES = parserIn(import.meta.url, parseEntries);
/** Five times the largest study. */
const ENTRIES_LIMIT = 100_000;

/** The first of a list of ids; null: the list is empty, or is not one. */
export function parseFirstId(bytes: Uint8Array): string | null {
  const body = jsonIn(bytes);
  const id = Array.isArray(body) ? textOf(body[0]) : null;
  return id !== null && ORTHANC_ID.test(id) ? id : null;
}
export const FIRST_ID = parserIn(import.meta.url, parseFirstId);

/** Null: the answer is not an object. */
export function parseSaid(bytes: Uint8Array): OrthancSaid | null {
  const body = jsonIn(bytes);
  if (!isObject(body)) return null;
  const tags = body['PatientMainDicomTags'];
  return {
    isSystem: 'ApiVersion' in body && 'DicomAet' in body,
    status: textOf(body['Status']),
    fault: typeof body['OrthancStatus'] === 'number' ? body['OrthancStatus'] : null,
    patientId: isObject(tags) ? (textOf(tags['PatientID']) ?? '') : null,
  };
}
export const ORTHANC_SAYS = parserIn(import.meta.url, parseSaid);

/** The MD5 of an attachment; null: the answer contains none. */
export function parseDigest(bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes.subarray(0, 64)).toString('latin1').trim();
  return /^[0-9a-f]{32}$/.test(text) ? text : null;
}
export const DIGEST = parserIn(import.meta.url, parseDigest);
