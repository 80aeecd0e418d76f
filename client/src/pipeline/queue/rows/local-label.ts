/**
 * The local label of a study: initials and the last three characters of the Patient ID, so that "is it there?" can
 * be answered after the title was erased. It is encrypted under the device's key and kept until the screen is
 * locked, the person signs out (device-notes.ts) or their shift ends; a site may do without it.
 */
import { open } from './device-key.ts';
import type { Label, LocalDatabase } from './local-database.ts';

/** Authenticated with the label: it opens only where it belongs. */
export const placeOfLabel = (id: string): string => `label/${id}`;

export async function openLabel(key: CryptoKey, id: string, { sealed }: Label): Promise<string> {
  return new TextDecoder().decode(await open(key, sealed, placeOfLabel(id)));
}

/** Erases those whose shift has ended. `now` in milliseconds since 1970. */
export async function forgetEndedLabels(database: LocalDatabase, now: number): Promise<void> {
  await database.studies
    .filter(({ label }) => label !== undefined && label.until <= now)
    .modify((row) => void delete row.label);
}
