/** `anonymise=1`: the caller asks to leave out everything that may hold a name, for a demonstration or a screenshot. */
import { z } from '@hono/zod-openapi';
import { Problem } from '#shared/protocol/problem.ts';

export const anonymise = z
  .enum(['1'])
  .optional()
  .openapi({ description: 'Leave out what may hold a name: `withheld` says what that is.' });

/** Refuses `anonymise=1` where every part of the answer may hold a name. @throws Problem invalid-request. */
export function refuseAnonymous(asked: '1' | undefined): void {
  if (asked === '1') throw new Problem('invalid-request', 'Invalid: anonymise (all of it may hold a name).');
}
