/**
 * Arguments of the command line: options by name, the rest in order. An unknown option is wrong usage; it is
 * not ignored.
 */
import { parseArgs } from 'node:util';

/** The command was called wrongly; the message says how. */
export class UsageError extends Error {}

export interface Options {
  /** Options with a value, by name without dashes. */
  readonly values: readonly string[];
  /** Options without one. */
  readonly flags: readonly string[];
}

export interface Arguments {
  readonly rest: readonly string[];
  value(name: string): string | null;
  flag(name: string): boolean;
}

/** Throws UsageError. Everything after `--` is a path, whatever it looks like. */
export function parseArguments(args: readonly string[], options: Options): Arguments {
  const known = Object.fromEntries([
    ...options.values.map((name) => [name, { type: 'string' as const }]),
    ...options.flags.map((name) => [name, { type: 'boolean' as const }]),
  ]);
  try {
    const { values: given, positionals } = parseArgs({
      args: [...args],
      options: known,
      allowPositionals: true,
      strict: true,
    });
    const values: Readonly<Record<string, unknown>> = given;
    return {
      rest: positionals,
      value: (name) => {
        const value = values[name];
        return typeof value === 'string' ? value : null;
      },
      flag: (name) => values[name] === true,
    };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'wrong arguments');
  }
}

/** Text for a terminal: control characters, which a file name may hold, are written out instead of obeyed. */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
