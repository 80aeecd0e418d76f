/**
 * A sentence saying that there is nothing. It needs a known answer, so that it is never said while the answer is
 * unknown. Words files mark each such sentence with it, and known-before-said.e2e.ts looks for all of them on every
 * page while nothing is known.
 */
import type { Known } from './resource.ts';

export type None = ((known: Known) => string) & { readonly said: string };

export const none = (said: string): None => Object.assign(() => said, { said });
