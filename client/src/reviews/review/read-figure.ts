/** Reads the number that a person typed into a field. */

/** A longer text is not a measurement. */
const LONGEST = 40;
// U+2212 is the typographic minus.
/**
 * With a point or a comma before the decimals. Three digits after a comma may be thousands, so such a text is not
 * accepted.
 */
const FIGURE = /^[-−]?\d+(?:\.\d*|,(?!\d{3}$)\d*)?$/;

/**
 * Null: nothing was typed. A text that is no number is returned unchanged, so that the check of the answers can report
 * it.
 */
export function readFigure(typed: string): number | string | null {
  const text = typed.trim().slice(0, LONGEST);
  if (text === '') return null;
  return FIGURE.test(text) ? Number(text.replace('−', '-').replace(',', '.')) : text;
}
