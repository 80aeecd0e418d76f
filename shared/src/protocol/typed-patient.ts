/** Texts that a person types to find a patient. Apart from the schemas, which are too large for the page of studies. */

/** The Patient ID of a de-identified instance (deid/pseudonyms.ts). */
export const PATIENT_PSEUDONYM = /^RP-[0-9A-HJKMNP-TV-Z]{26}$/;

/** The whole pseudonym that a person typed, in either case; null: it is something else. */
export function typedPseudonym(text: string): string | null {
  const typed = text.toUpperCase();
  return PATIENT_PSEUDONYM.test(typed) ? typed : null;
}

/** A name or Patient ID of which a search may be made: two letters or digits, and nothing but a line of text. */
export const PATIENT = /^(?=(?:[^\p{L}\p{N}]*[\p{L}\p{N}]){2})[^\p{Cc}\\*?]+$/u;
export const PATIENT_LENGTH = 64;

export const mayBePatient = (typed: string): boolean =>
  typed.trim().length <= PATIENT_LENGTH && PATIENT.test(typed.trim());
