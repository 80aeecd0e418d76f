/**
 * The rows of a search for studies (QIDO-RS, PS3.18 §10.6) in the DICOM JSON Model (PS3.18 Annex F). They come from a
 * PACS and, through it, from many devices: any value may be missing, of a wrong type, too long or malicious.
 */
import { trimEnd } from '#shared/trim-end.ts';
import { isUid } from '#shared/dicom/uid.ts';

/** Values are empty where the PACS gives none, or none that can be read. */
export interface FoundStudy {
  readonly studyInstanceUID: string;
  /** A Person Name (PS3.5 §6.2.1), with its component groups separated by `=`. */
  readonly patientName: string;
  readonly patientID: string;
  /** YYYYMMDD */
  readonly date: string;
  /** HHMMSS */
  readonly time: string;
  readonly modalities: readonly string[];
  readonly description: string;
  readonly instances: number | null;
}

/** The most rows read from one answer; a PACS may return more than it is asked for. */
export const ROWS_READ = 1000;
/** In characters. A longer text would take more than a row. */
const TEXT_LIMIT = 128;
const MODALITIES_LIMIT = 6;

/** Characters that break the line, or change the text direction beyond their own text. */
const NOT_SHOWN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

/** The studies in an answer, one for each UID; null: the answer is not a list. */
export function readFound(answer: unknown): readonly FoundStudy[] | null {
  if (!Array.isArray(answer)) return null;
  const studies = new Map<string, FoundStudy>();
  for (const row of answer.slice(0, ROWS_READ)) {
    const study = readRow(row);
    if (study !== null && !studies.has(study.studyInstanceUID)) studies.set(study.studyInstanceUID, study);
  }
  return [...studies.values()];
}

function readRow(row: unknown): FoundStudy | null {
  const studyInstanceUID = valuesOf(row, '0020000D')[0];
  if (typeof studyInstanceUID !== 'string' || !isUid(studyInstanceUID)) return null;
  return {
    studyInstanceUID,
    patientName: nameOf(valuesOf(row, '00100010')[0]),
    patientID: textOf(valuesOf(row, '00100020')[0]),
    date: dateOf(valuesOf(row, '00080020')[0]),
    time: /^\d{2,6}/.exec(textOf(valuesOf(row, '00080030')[0]))?.[0].padEnd(6, '0') ?? '',
    modalities: valuesOf(row, '00080061')
      .map(textOf)
      .filter((modality) => /^[A-Z0-9_ ]{1,16}$/.test(modality))
      .slice(0, MODALITIES_LIMIT),
    description: textOf(valuesOf(row, '00081030')[0]),
    instances: countOf(valuesOf(row, '00201208')[0]),
  };
}

function valuesOf(row: unknown, tag: string): readonly unknown[] {
  const element = memberOf(row, tag);
  const values = memberOf(element, 'Value');
  return Array.isArray(values) ? values : [];
}

function memberOf(of: unknown, name: string): unknown {
  if (typeof of !== 'object' || of === null || !Object.hasOwn(of, name)) return undefined;
  return (of as Readonly<Record<string, unknown>>)[name];
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') return '';
  const shown = value
    .slice(0, 8 * TEXT_LIMIT)
    .replaceAll(NOT_SHOWN, ' ')
    .trim();
  return [...shown].slice(0, TEXT_LIMIT).join('');
}

/** PS3.18 §F.2.2: an object of component groups. Some PACSs write the name as a plain string. */
function nameOf(value: unknown): string {
  if (typeof value === 'string') return textOf(value);
  const groups = ['Alphabetic', 'Ideographic', 'Phonetic'].map((group) => textOf(memberOf(value, group)));
  return trimEnd(groups.join('='), '=');
}

/** A date, including the ACR-NEMA form with dots. */
function dateOf(value: unknown): string {
  const [, year, month, day] = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(textOf(value)) ?? [];
  return year === undefined ? '' : `${year}${month}${day}`;
}

/** An Integer String is a JSON number, but some PACSs send text. */
function countOf(value: unknown): number | null {
  const count = typeof value === 'string' && /^\d{1,12}$/.test(value.trim()) ? Number(value) : value;
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : null;
}
