/**
 * The patients of a queued study, as its row names them under the device's key: by marks of 64 bits, which no two
 * patients share by chance. A person who chooses the study again is not asked twice about the same patients.
 */
import { open, seal } from './device-key.ts';
import type { Sealed, StudyRow } from './local-database.ts';

export interface PatientMarks {
  /** The mark of each patient of the whole study, also of those whom a person left out. */
  readonly parts: readonly string[];
  /** Where a person has said that each patient is sent under their own name: of each, with their instances. */
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

/** Null: it says nothing of them, or cannot be opened. */
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
