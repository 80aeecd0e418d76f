/**
 * The faults of a film that are a reason to repeat it. A rotated or inverted film is complete: its reader turns it, and
 * a second exposure would add dose and nothing else.
 */
import type { FilmMark } from '#shared/models/film.ts';
import type { FilmFinding } from '#shared/protocol/inference.ts';

/** A fault of a film of a queued study. `blank`: it shows nothing. */
export type FilmFault = FilmFinding | 'blank';

export const isToRepeat = (finding: FilmFinding): boolean =>
  finding === 'blurred' || finding === 'lungs-cut-off';

/** How a film is shown upright: turned clockwise by so many degrees, and black for white. For the screen alone. */
export interface Upright {
  readonly degrees: 0 | 90 | 180 | 270;
  readonly isInverted: boolean;
}

/** Null for a film that already is. */
export function uprightOf(marks: readonly FilmMark[]): Upright | null {
  const rotated = marks.find((mark) => mark.finding === 'rotated');
  const isInverted = marks.some(({ finding }) => finding === 'inverted');
  return rotated || isInverted ? { degrees: rotated?.degrees ?? 0, isInverted } : null;
}
