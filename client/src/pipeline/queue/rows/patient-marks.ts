/**
 * The patients of a queued study, as its row stores them under the device's key: as marks of 64 bits, so that no two
 * patients share one by chance. A person who chooses the study again is not asked twice about the same patients.
 */
import { open, seal } from './device-key.ts';
import type { Sealed, StudyRow } from './local-database.ts';

export interface PatientMarks {
  /** The mark of each patient of the whole study, including patients whom a person left out. */
  readonly parts: readonly string[];
  /**
   * Present if a person has said that each patient is sent under their own name: a mark of each patient with their
   * instances.
   */
  readonly settled?: readonly string[];
}

const PRIME = 0x1b3;
const HIGHER = 2 ** 32;

/** 64 bits of FNV-1a (prime 2^40 + 0x1b3), as hexadecimal digits. */
export function markOf(text: string): string {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (let at = 0; at < text.length; at += 1) {
    low = (low ^ text.charCodeAt(at)) >>> 0;
    const product = low * PRIME;
    high = (high * PRIME + Math.floor(product / HIGHER) + low * 2 ** 8) % HIGHER;
    low = product % HIGHER;
  }
  return [high, low].map((half) => half.toString(16).padStart(8, '0')).join('');
}

const placeOf = (id: string): string => `patients/${id}`;

export const sealPatients = (key: CryptoKey, id: string, marks: PatientMarks): Promise<Sealed> =>
  seal(key, new TextEncoder().encode(JSON.stringify(marks)), placeOf(id));

/** Null: the row has no marks, or they cannot be opened. */
export async function openPatients(
  key: CryptoKey,
  { id, patients }: Pick<StudyRow, 'id' | 'patients'>,
): Promise<PatientMarks | null> {
  if (patients === undefined) return null;
  return open(key, patients, placeOf(id)).then(
    (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as PatientMarks,
    () => null,
  );
}
