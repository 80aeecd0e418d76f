/**
 * The faults for which a film should be repeated. A rotated or inverted film is complete: its reader can turn it, and
 * a second exposure would only add dose.
 */
import type { FilmMark } from '#shared/models/film.ts';
import type { FilmFinding } from '#shared/protocol/inference.ts';

/** A fault of a film in a queued study. `blank`: the film shows nothing. */
export type FilmFault = FilmFinding | 'blank';

export const isToRepeat = (finding: FilmFinding): boolean =>
  finding === 'blurred' || finding === 'lungs-cut-off';

/**
 * How a film is displayed upright: rotated clockwise by `degrees`, with black and white exchanged if inverted.
 * Display only.
 */
export interface Upright {
  readonly degrees: 0 | 90 | 180 | 270;
  readonly isInverted: boolean;
}

/** Null for a film that is already upright. */
export function uprightOf(marks: readonly FilmMark[]): Upright | null {
  const rotated = marks.find((mark) => mark.finding === 'rotated');
  const isInverted = marks.some(({ finding }) => finding === 'inverted');
  return rotated || isInverted ? { degrees: rotated?.degrees ?? 0, isInverted } : null;
}
