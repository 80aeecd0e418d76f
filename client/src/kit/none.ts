/**
 * A sentence that says that there is nothing: only a known answer says it. Words files mark each such sentence with it,
 * and known-before-said.e2e.ts looks for all of them on every page while nothing is known.
 */
import type { Known } from './resource.ts';

export type None = ((known: Known) => string) & { readonly said: string };

export const none = (said: string): None => Object.assign(() => said, { said });
