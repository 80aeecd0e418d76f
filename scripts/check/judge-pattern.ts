/** Asks recheck whether the time of a regular expression grows with its text, and with no more than that. */
import { check } from 'recheck';
import { isBounded, type Pattern } from './pattern-form.ts';

/** No limit is a time: the verdict is the same on every machine. */
const UNTIMED = { timeout: null, attackTimeout: null, incubationTimeout: null, seedingTimeout: null };
/**
 * A pattern that ends within so many characters always takes time in proportion, and recheck would not look further.
 * The question is how much for each character: it is refused above 1 000 steps, on texts of 2 000 characters.
 */
const OF_BOUNDED = {
  checker: 'fuzz',
  accelerationMode: 'off',
  maxAttackStringSize: 2_000,
  attackLimit: 2_000_000,
} as const;

/** Null: it is safe. */
export async function judgePattern(pattern: Pattern): Promise<string | null> {
  const limits = isBounded(pattern) ? { ...UNTIMED, ...OF_BOUNDED } : UNTIMED;
  const verdict = await check(pattern.source, pattern.flags, limits);
  switch (verdict.status) {
    case 'safe':
      return null;
    case 'vulnerable':
      return `${verdict.complexity.summary}, by ${verdict.attack.pattern}`;
    case 'unknown':
      return `unknown: ${'message' in verdict.error ? verdict.error.message : verdict.error.kind}`;
  }
}
