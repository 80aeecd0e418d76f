/** A command of the command line, and its surroundings. */

/** Given to a command in addition to its arguments. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  print(line: string): void;
  /** For the person at the terminal: refusals, progress. */
  say(line: string): void;
}

export interface Command {
  readonly words: readonly string[];
  readonly usage: string;
  /** For `--help` of this command alone. */
  readonly about?: readonly string[];
  /** Resolves to the exit code. */
  readonly run: (args: readonly string[], around: Surroundings) => Promise<number>;
}
