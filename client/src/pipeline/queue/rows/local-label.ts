/**
 * The local label of a study: initials and the last three characters of the Patient ID, so that people can still ask
 * for a study after its title was erased. It is encrypted under the device's key and kept until the screen is locked,
 * the person signs out (device-notes.ts) or their shift ends. A site may do without labels.
 */
import { open } from './device-key.ts';
import type { Label, LocalDatabase } from './local-database.ts';

/** Authenticated together with the label, so that a label cannot be opened as another study's. */
export const placeOfLabel = (id: string): string => `label/${id}`;

export async function openLabel(key: CryptoKey, id: string, { sealed }: Label): Promise<string> {
  return new TextDecoder().decode(await open(key, sealed, placeOfLabel(id)));
}

/** Erases labels whose shift has ended. `now`: milliseconds since 1970. */
export async function forgetEndedLabels(database: LocalDatabase, now: number): Promise<void> {
  await database.studies
    .filter(({ label }) => label !== undefined && label.until <= now)
    .modify((row) => void delete row.label);
}
