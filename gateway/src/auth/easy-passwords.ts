/**
 * Passwords that are guessed first. NIST SP 800-63B §5.1.1.2: verifiers "SHALL compare the prospective secrets
 * against a list that contains values known to be commonly-used, expected, or compromised", for example
 * "context-specific words, such as the name of the service, the username, and derivatives thereof". The list is
 * zxcvbn's (common-passwords.txt); it is read when somebody chooses a password, and not kept.
 */
import { readFile } from 'node:fs/promises';
import { PASSWORD_LENGTH_LIMIT } from '#shared/protocol/limits.ts';

const LIST = new URL('./common-passwords.txt', import.meta.url);
/** Decorations by which people meet a rule: `Password1!` is guessed with `password`. */
const DECORATION = /^\P{L}{1,4}|\P{L}{1,4}$/gu;

const fold = (text: string): string => text.normalize('NFKC').toLowerCase();

/** True where the password is common, or little more than the user's name. */
export async function isEasyPassword(password: string, username: string): Promise<boolean> {
  const common = new Set((await readFile(LIST, 'utf8')).split('\n'));
  const whole = fold(password);
  const withoutName = whole.replaceAll(fold(username), '');
  return (
    [...withoutName].length < PASSWORD_LENGTH_LIMIT ||
    [whole, withoutName].some((text) => common.has(text) || common.has(text.replaceAll(DECORATION, '')))
  );
}
