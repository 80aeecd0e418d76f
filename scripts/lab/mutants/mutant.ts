/** A small place of a source file that says something else. */
export type Mutant = {
  /** From the root. */
  readonly file: string;
  readonly operator: string;
  /** In characters of the file. */
  readonly start: number;
  readonly end: number;
  readonly to: string;
};

export function mutated(source: string, { start, end, to }: Pick<Mutant, 'start' | 'end' | 'to'>): string {
  return source.slice(0, start) + to + source.slice(end);
}

/** The line as a person looks for it: counted from 1. */
export function lineOf(source: string, { start }: Pick<Mutant, 'start'>): number {
  return source.slice(0, start).split('\n').length;
}
