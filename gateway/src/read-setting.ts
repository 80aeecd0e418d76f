/** Reading one setting: texts without spaces around them, an empty one as none, and ports. */

export type Env = Readonly<Record<string, string | undefined>>;
/** Takes a mistake, with the expected form and an example. */
export type Report = (mistake: string) => void;

export const setting = (env: Env, name: string): string | undefined => env[name]?.trim() || undefined;

export function portOf(env: Env, name: string, otherwise: number, wrong: Report): number {
  const text = setting(env, name) ?? String(otherwise);
  if (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535) return Number(text);
  wrong(`${name} must be a port from 1 to 65535, for example ${name}=${otherwise}.`);
  return otherwise;
}
