/**
 * Reads one setting by its entry in the table: text, where an empty text counts as not set, a whole number, or one of
 * several words.
 */
import { SETTINGS, type NameOf, type SettingName } from './settings.ts';

export type Env = Readonly<Record<string, string | undefined>>;
/** Reports a mistake, with the expected form and an example. */
export type Report = (mistake: string) => void;
/** The variable with the path of the file that holds the secret. */
type SecretFile = `${NameOf<{ isSecret: true }>}_FILE`;

/** The value with its surrounding spaces, as a password may begin with one. */
export const settingAsTyped = (env: Env, name: SettingName): string | undefined => env[name] || undefined;

export const setting = (env: Env, name: SettingName | SecretFile): string | undefined =>
  env[name]?.trim() || undefined;

/** The variable in capitals, or in lower case as curl and others also read it. */
export const settingInEitherCase = (env: Env, name: 'HTTPS_PROXY' | 'NO_PROXY'): string | undefined =>
  setting(env, name) ?? (env[name.toLowerCase()]?.trim() || undefined);

/** The text, or the default of the table. */
export const settingOrDefault = (env: Env, name: NameOf<{ default: string }>): string =>
  setting(env, name) ?? SETTINGS[name].default;

/**
 * The number in a text that has only digits, and no more of them than `to`; null: any other text, or a number out of
 * bounds.
 */
export function wholeNumberIn(text: string, { from, to }: { from: number; to: number }): number | null {
  const isShort = text.length <= String(to).length;
  const value = isShort && /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= from && value <= to ? value : null;
}

export const PORTS = { from: 1, to: 65_535 };

/** The port that is set, or the default. A wrong one is reported. */
export function portOf(env: Env, name: NameOf<{ kind: 'port' }>, wrong: Report): number {
  const entry = SETTINGS[name];
  const otherwise = 'example' in entry ? entry.example : entry.default;
  const port = wholeNumberIn(setting(env, name) ?? String(otherwise), PORTS);
  if (port === null)
    wrong(`${name} must be a port from ${PORTS.from} to ${PORTS.to}, for example ${name}=${otherwise}.`);
  return port ?? otherwise;
}

/** The hours or minutes that are set, within the bounds of the table, or the default. A wrong value is reported. */
export function durationOf(env: Env, name: NameOf<{ kind: 'hours' | 'minutes' }>, wrong: Report): number {
  const entry = SETTINGS[name];
  const value = wholeNumberIn(setting(env, name) ?? String(entry.default), entry);
  if (value === null) {
    const from = 'atZero' in entry ? `0 (${entry.atZero})` : entry.from;
    wrong(
      `${name} must be ${entry.expected}, from ${from} to ${entry.to}, for example ${name}=${entry.default}.`,
    );
  }
  return value ?? entry.default;
}

/** For example "a, b or c". */
export const eitherOf = (words: readonly string[]): string =>
  words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

/** The choice from the table that is set, or the default. Any other text is reported. */
export function choiceOf<Name extends NameOf<{ kind: 'choice' }>>(
  env: Env,
  name: Name,
  wrong: Report,
): (typeof SETTINGS)[Name]['choices'][number] | (typeof SETTINGS)[Name]['default'] {
  const entry: { choices: readonly string[]; default: string | null; example?: string } = SETTINGS[name];
  const text = setting(env, name);
  const chosen = SETTINGS[name].choices.find((choice) => choice === text);
  if (text !== undefined && chosen === undefined)
    wrong(
      `${name} must be ${eitherOf(entry.choices)}, for example ${name}=${entry.example ?? entry.default}.`,
    );
  return chosen ?? SETTINGS[name].default;
}
