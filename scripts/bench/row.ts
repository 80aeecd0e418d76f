/** The form of a bench and of its result. */

/**
 * One line of the result. `ratio` is our figure ÷ the peer's, or as the name says, wherever there is something
 * to compare; the other numbers explain it.
 */
export type BenchRow = {
  readonly name: string;
  readonly ratio?: number;
  readonly [figure: string]: number | string | undefined;
};

/** `rows`: the names of single rows to measure; all of them when it is empty. */
export type Bench = (say: (line: string) => void, rows: readonly string[]) => Promise<readonly BenchRow[]>;
