/**
 * Texts that a person types to find a patient. They are kept apart from the schemas, which are too large for the page
 * of studies.
 */

/** The Patient ID of a de-identified instance (deid/pseudonyms.ts). */
export const PATIENT_PSEUDONYM = /^RP-[0-9A-HJKMNP-TV-Z]{26}$/;

/** The pseudonym that a person typed in full, in either case; null: the text is something else. */
export function typedPseudonym(text: string): string | null {
  const typed = text.toUpperCase();
  return PATIENT_PSEUDONYM.test(typed) ? typed : null;
}

/** A name or Patient ID to search for: one line with at least two letters or digits. */
export const PATIENT = /^(?=(?:[^\p{L}\p{N}]*[\p{L}\p{N}]){2})[^\p{Cc}\\*?]+$/u;
export const PATIENT_LENGTH = 64;

export const mayBePatient = (typed: string): boolean =>
  typed.trim().length <= PATIENT_LENGTH && PATIENT.test(typed.trim());
