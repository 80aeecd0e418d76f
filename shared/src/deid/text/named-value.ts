/** Values that a header names. Other modules find them; the page only gathers them. */

/** A value as written in the header, with its attribute, which tells what it is. It is the same under every policy. */
export interface NamedValue {
  readonly tag: number;
  readonly vr: string;
  readonly value: string;
}

/** Two named values are the same if their keys are. */
export const keyOfNamed = ({ tag, vr, value }: NamedValue): string => `${tag} ${vr} ${value}`;

/**
 * The distinct values that the headers of a study name, by key. The code that gathers them adds the values of each
 * header.
 */
export type StudyNames = Map<string, NamedValue>;

export function noteNamed(study: StudyNames, values: Iterable<NamedValue>): void {
  for (const named of values) study.set(keyOfNamed(named), named);
}
