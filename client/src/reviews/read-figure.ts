/** Reads the number that a person typed into a field. */

/** Longer ones are no measurement. */
const LONGEST = 40;
// U+2212 is the typographic minus.
/** With a point or a comma before the decimals. Three digits behind a comma may be thousands: such a text is none. */
const FIGURE = /^[-−]?\d+(?:\.\d*|,(?!\d{3}$)\d*)?$/;

/** Null: nothing was typed. A text that is no number is given back as it is, for whoever checks the answers. */
export function readFigure(typed: string): number | string | null {
  const text = typed.trim().slice(0, LONGEST);
  if (text === '') return null;
  return FIGURE.test(text) ? Number(text.replace('−', '-').replace(',', '.')) : text;
}
