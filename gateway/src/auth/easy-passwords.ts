/**
 * Recognizes passwords that are guessed first. NIST SP 800-63B §5.1.1.2: verifiers "SHALL compare the prospective
 * secrets against a list that contains values known to be commonly-used, expected, or compromised", for example
 * "context-specific words, such as the name of the service, the username, and derivatives thereof". The list is
 * zxcvbn's (common-passwords.txt). It is read whenever somebody chooses a password, and not kept in memory.
 */
import { readFile } from 'node:fs/promises';
import { PASSWORD_LENGTH_LIMIT } from '#shared/protocol/limits.ts';

const LIST = new URL('./common-passwords.txt', import.meta.url);
/** Characters that people add to satisfy a rule: whoever guesses `password` also guesses `Password1!`. */
const DECORATION = /^\P{L}{1,4}|\P{L}{1,4}$/gu;

const fold = (text: string): string => text.normalize('NFKC').toLowerCase();

/** The product's name and its parts. */
const PRODUCT = ['relaypacs', 'relay', 'pacs'];
/** Sequences, which count forwards and backwards. Each row of a keyboard is one too. */
const SEQUENCES = ['abcdefghijklmnopqrstuvwxyz', '01234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm'];

/** The steps (0, 1 or -1) from the first character to the second, for each sequence in which they are neighbours. */
const stepsBetween = (first: string, second: string): readonly number[] => [
  ...(first === second ? [0] : []),
  ...SEQUENCES.flatMap((sequence) => {
    const step = sequence.indexOf(second) - sequence.indexOf(first);
    return sequence.includes(first) && sequence.includes(second) && Math.abs(step) === 1 ? [step] : [];
  }),
];

/**
 * The number of characters that cannot be guessed from those before: two for "aaaa" and "1234", three for "xyqxyq".
 */
function unforeseen(text: string): number {
  const all = [...text];
  const period = all.findIndex((_, at) => at > 0 && all.every((one, i) => i < at || one === all[i - at]));
  const part = period === -1 ? all : all.slice(0, period);
  const continues = (at: number): boolean => {
    const [one, two, three] = part.slice(at - 2, at + 1);
    const steps = stepsBetween(one!, two!);
    return stepsBetween(two!, three!).some((step) => steps.includes(step));
  };
  return part.filter((_, at) => at < 2 || !continues(at)).length;
}

/**
 * True if the password is common, a repetition or a sequence, or little more than the user's or the product's name.
 */
export async function isEasyPassword(password: string, username: string): Promise<boolean> {
  const common = new Set((await readFile(LIST, 'utf8')).split('\n'));
  const whole = fold(password);
  const withoutName = whole.replaceAll(fold(username), '');
  const withoutNames = PRODUCT.reduce((text, name) => text.replaceAll(name, ''), withoutName);
  return (
    unforeseen(withoutNames) < PASSWORD_LENGTH_LIMIT ||
    [whole, withoutName].some((text) => common.has(text) || common.has(text.replaceAll(DECORATION, '')))
  );
}
