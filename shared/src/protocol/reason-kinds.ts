/** Kinds of reasons. Their sentences (reasons.ts) stand apart: a page needs them only once it shows one. */
import type { ReasonCode } from './reasons.ts';

/** The same bytes may be stored later: the cause lay elsewhere. */
const MAY_PASS_LATER: readonly ReasonCode[] = [
  'digest-mismatch',
  'cannot-be-verified',
  'pacs-refused',
  'pacs-lost',
  'pacs-changed-it',
  'pacs-fails-on-it',
  'never-arrived',
];

/** Whether trying a refused instance again, unchanged, can help. False for a code outside the table. */
export function canRetry(code: string): boolean {
  return (MAY_PASS_LATER as readonly string[]).includes(code);
}

/** The same original is there: nothing is missing. */
export function isAlreadyHere(code: string | null): boolean {
  return code === 'already-here-other-policy' || code === 'already-here-other-boxes';
}

/** Held on the device: a person who looks at its pixels, or its texts, can release it. */
export function isReleasable(code: string | null): boolean {
  return isHeldForPixels(code) || code === 'named-by-companion';
}

/** Held because of its pixels: a person who looks at them can release it. */
export function isHeldForPixels(code: string | null): boolean {
  return code === 'burned-in-annotation' || code === 'undeclared-text';
}
