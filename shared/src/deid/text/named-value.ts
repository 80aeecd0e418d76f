/** Values that a header names. How they are found stands elsewhere: the page only gathers them. */

/** A value as the header has it, with the attribute that says what it is; the same under every policy. */
export interface NamedValue {
  readonly tag: number;
  readonly vr: string;
  readonly value: string;
}

/** Two named values are the same if their keys are. */
export const keyOfNamed = ({ tag, vr, value }: NamedValue): string => `${tag} ${vr} ${value}`;

/** The distinct values that the headers of a study name, by key; whoever gathers them adds each header. */
export type StudyNames = Map<string, NamedValue>;

export function noteNamed(study: StudyNames, values: Iterable<NamedValue>): void {
  for (const named of values) study.set(keyOfNamed(named), named);
}
