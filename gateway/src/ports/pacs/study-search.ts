/**
 * A search for studies (PS3.18 §10.6) and its answer in the DICOM JSON Model (PS3.18 Annex F). A PACS may match by
 * wildcard, ignore the key or send anything, so only rows that have the key are believed, and their values are cut to a
 * length that can be shown.
 */
import { trimEnd } from '#shared/trim-end.ts';
import { parserIn } from '../../threads/parse-apart.ts';
import { jsonIn } from './dicom-json.ts';
import type { DescribedStudy, StudyKey } from './pacs.ts';

const STUDY_INSTANCE_UID = '0020000D';
const TAGS = {
  patientName: '00100010',
  patientId: '00100020',
  issuer: '00100021',
  birthDate: '00100030',
  sex: '00100040',
  accessionNumber: '00080050',
  studyDate: '00080020',
  description: '00081030',
} as const;
/** PS3.5 §6.2: a component group of a Person Name has up to 64 characters, and there are three. */
const LONGEST = 200;

const NAMES = {
  studyInstanceUID: 'StudyInstanceUID',
  accessionNumber: 'AccessionNumber',
  patientId: 'PatientID',
  patientName: 'PatientName',
};

const namedIn = (key: StudyKey): [keyof typeof NAMES, string] =>
  Object.entries(key)[0] as [keyof typeof NAMES, string];

export function studyQuery(key: StudyKey, limit: number): string {
  const [name, value] = namedIn(key);
  const asked = name === 'patientName' ? wildcardOf(value) : value;
  const query = new URLSearchParams({ [NAMES[name]]: asked, limit: `${limit}` });
  for (const tag of Object.values(TAGS)) query.append('includefield', tag);
  return query.toString();
}

/** Null: the answer is not a list. */
export function parseStudyAnswer(
  bytes: Uint8Array,
  key: StudyKey,
  limit: number,
): readonly DescribedStudy[] | null {
  const rows = jsonIn(bytes);
  return Array.isArray(rows) ? studiesIn(rows, key).slice(0, limit) : null;
}
export const STUDY_ANSWER = parserIn(import.meta.url, parseStudyAnswer);

function studiesIn(rows: readonly unknown[], key: StudyKey): readonly DescribedStudy[] {
  const [name, value] = namedIn(key);
  return rows.flatMap((row) => {
    const studyInstanceUID = textOf(row, STUDY_INSTANCE_UID);
    if (studyInstanceUID === null) return [];
    const said = Object.fromEntries(
      Object.entries(TAGS).map(([field, tag]) => [field, textOf(row, tag)]),
    ) as Record<keyof typeof TAGS, string | null>;
    const study = { studyInstanceUID, ...said };
    const isMeant = name === 'patientName' ? hasWords(study.patientName, value) : study[name] === value;
    return isMeant ? [study] : [];
  });
}

/** Separators between the words of a name as people write it, and characters that have another meaning for the PACS. */
const BETWEEN = /[\s,^=*?\\\p{Cc}]+/u;
const wordsOf = (text: string): string[] => text.split(BETWEEN).filter((word) => word !== '');

/**
 * Wild Card Matching (PS3.4 §C.2.2.2.4) fixes the order of the words, so only the longest word is sent: it narrows the
 * search most.
 */
function wildcardOf(name: string): string {
  const [longest = ''] = wordsOf(name).toSorted((a, b) => b.length - a.length);
  return `*${longest}*`;
}

/** Ignores case and accents, because a PACS may match without them. */
const folded = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase('en');

function hasWords(name: string | null, text: string): boolean {
  const words = wordsOf(text);
  const has = folded(name ?? '');
  return words.length > 0 && words.every((word) => has.includes(folded(word)));
}

/** PS3.18 F.2.2: a Person Name is an object with its component groups. */
function textOf(row: unknown, tag: string): string | null {
  const first = firstOf(row, tag);
  const text = typeof first === 'string' ? first : nameOf(first);
  const shown = text
    .replace(/\p{Cc}/gu, '')
    .trim()
    .slice(0, LONGEST);
  return shown === '' ? null : shown;
}

function firstOf(row: unknown, tag: string): unknown {
  const attribute = (row as Record<string, { readonly Value?: unknown } | null> | null)?.[tag];
  const values = attribute?.Value;
  return Array.isArray(values) ? values[0] : undefined;
}

function nameOf(value: unknown): string {
  const { Alphabetic, Ideographic, Phonetic } = (value ?? {}) as Record<string, unknown>;
  const groups = [Alphabetic, Ideographic, Phonetic].map((group) => (typeof group === 'string' ? group : ''));
  return trimEnd(groups.join('='), '=');
}
