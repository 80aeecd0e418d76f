/** The form of a bench and of its result. */

/**
 * A line of the result. `ratio` is our figure ÷ the peer's, or as the name says, wherever there is something to
 * compare; the other numbers explain it.
 */
export type BenchRow = {
  readonly name: string;
  readonly ratio?: number;
  readonly [figure: string]: number | string | undefined;
};

export type BenchOptions = {
  /** The names of single rows to measure; all of them when it is empty. */
  readonly rows: readonly string[];
  /** The folder of another checkout, with its packages, to measure in the same process; null: none. */
  readonly before: string | null;
};

export type Bench = (say: (line: string) => void, options: BenchOptions) => Promise<readonly BenchRow[]>;
