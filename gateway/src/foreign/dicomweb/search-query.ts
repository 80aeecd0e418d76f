/**
 * The parameters of a search (PS3.18 §8.3.4 and §10.6.1): a closed list. Each value is checked and encoded again for
 * the PACS. Parameters that are not on the list are refused, because ignoring them would find more than was asked for.
 */
import { isUid } from '#shared/dicom/uid.ts';
import { Problem } from '#shared/protocol/problem.ts';

export type Level = 'studies' | 'series' | 'instances';

export type Search = {
  /** Parameters for the PACS: attributes to match, includefield, fuzzymatching. */
  readonly matching: readonly (readonly [string, string])[];
  /** UID List Matching on Study Instance UID; null: any study. */
  readonly studies: readonly string[] | null;
  readonly limit: number;
  readonly offset: number;
};

/** The most rows in an answer. Callers get further rows by `offset`. */
export const ROWS_LIMIT = 1000;
const ROWS = 100;
const OFFSET_LIMIT = 1_000_000;
/** The most UIDs in a query, as many as fit into one address (stow-pacs.ts). */
export const UIDS_LIMIT = 40;
const FIELDS_LIMIT = 100;

const STUDY_KEYS = {
  StudyDate: '00080020',
  StudyTime: '00080030',
  AccessionNumber: '00080050',
  ModalitiesInStudy: '00080061',
  ReferringPhysicianName: '00080090',
  StudyDescription: '00081030',
  PatientName: '00100010',
  PatientID: '00100020',
  PatientBirthDate: '00100030',
  PatientSex: '00100040',
  StudyInstanceUID: '0020000D',
  StudyID: '00200010',
};
const SERIES_KEYS = {
  ...STUDY_KEYS,
  Modality: '00080060',
  SeriesDescription: '0008103E',
  BodyPartExamined: '00180015',
  SeriesInstanceUID: '0020000E',
  SeriesNumber: '00200011',
  PerformedProcedureStepStartDate: '00400244',
  PerformedProcedureStepStartTime: '00400245',
};
const INSTANCE_KEYS = {
  ...SERIES_KEYS,
  SOPClassUID: '00080016',
  SOPInstanceUID: '00080018',
  InstanceNumber: '00200013',
};
export const KEYS: Readonly<Record<Level, Readonly<Record<string, string>>>> = {
  studies: STUDY_KEYS,
  series: SERIES_KEYS,
  instances: INSTANCE_KEYS,
};

const VALUE = /^[^\p{Cc}]{1,256}$/u;
const FIELD = /^(all|[0-9A-Fa-f]{8}|[A-Z][A-Za-z0-9]{1,63})$/;

/** @throws Problem bad-request, which repeats no value. */
export function parseSearch(level: Level, query: URLSearchParams): Search {
  const matching: [string, string][] = [];
  const fields: string[] = [];
  const once = new Map<string, string>();
  let studies: readonly string[] | null = null;
  for (const [name, value] of query) {
    if (name === 'includefield') {
      fields.push(...value.split(','));
      continue;
    }
    const key = name === 'limit' || name === 'offset' || name === 'fuzzymatching' ? name : keyOf(level, name);
    if (once.has(key)) throw new Problem('bad-request', 'A parameter stands twice.');
    once.set(key, value);
    if (key === 'StudyInstanceUID') studies = uidsOf(value);
    else if (key.endsWith('UID')) matching.push([key, uidsOf(value).join(',')]);
    else if (key in INSTANCE_KEYS) matching.push([key, checked(value, VALUE)]);
  }
  if (fields.length > FIELDS_LIMIT) throw new Problem('bad-request', 'There are too many fields to include.');
  if (fields.length > 0) matching.push(['includefield', fields.map((one) => checked(one, FIELD)).join(',')]);
  const fuzzy = once.get('fuzzymatching');
  if (fuzzy !== undefined) matching.push(['fuzzymatching', checked(fuzzy, /^(true|false)$/)]);
  return {
    matching,
    studies,
    // 0 is not allowed, because some PACSs treat it as no limit.
    limit: Math.min(numberOf(checked(once.get('limit') ?? String(ROWS), /^[1-9]/)), ROWS_LIMIT),
    offset: numberOf(once.get('offset') ?? '0'),
  };
}

/** The path and query of a search for the PACS. */
export function searchPath(path: string, { matching, studies, limit, offset }: Search): string {
  const query = new URLSearchParams(matching.map(([key, value]) => [key, value]));
  if (studies !== null) query.set('StudyInstanceUID', studies.join(','));
  query.set('limit', String(limit));
  query.set('offset', String(offset));
  return `${path}?${query.toString()}`;
}

/** Finds the key by keyword or by tag. */
function keyOf(level: Level, name: string): string {
  const keys = KEYS[level];
  const found = Object.keys(keys).find((key) => key === name || keys[key] === name.toUpperCase());
  if (found === undefined) throw new Problem('bad-request', 'A parameter is not one of this search.');
  return found;
}

function checked(value: string, form: RegExp): string {
  if (!form.test(value)) throw new Problem('bad-request', 'A parameter has a value that it cannot have.');
  return value;
}

function uidsOf(value: string): readonly string[] {
  const uids = value.split(/[,\\]/);
  if (uids.length > UIDS_LIMIT || !uids.every(isUid))
    throw new Problem('bad-request', `A list of UIDs names at most ${UIDS_LIMIT}.`);
  return uids;
}

function numberOf(text: string): number {
  const number = Number(checked(text, /^\d{1,7}$/));
  if (number > OFFSET_LIMIT) throw new Problem('bad-request', 'A parameter has a value that it cannot have.');
  return number;
}
