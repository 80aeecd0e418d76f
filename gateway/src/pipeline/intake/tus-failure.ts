/** Turns failures that @tus/server would answer in its own words into ours. */
import { ERRORS } from '@tus/server';
import { Problem } from '#shared/protocol/problem.ts';

/**
 * Throws failures that have a code of ours. 409 stays as tus means it ("ask with HEAD"), and so do the statuses of a
 * lost connection.
 */
export function throwFailure(failure: unknown): void {
  if (failure instanceof Problem) throw failure;
  if (failure === ERRORS.ERR_LOCK_TIMEOUT)
    throw new Problem('parcel-busy', undefined, { 'Retry-After': '1' });
  const status = (failure as { status_code?: number } | null)?.status_code;
  if (status === 404 || status === 410) throw new Problem('not-found');
  if (status === 413) throw new Problem('body-too-large');
  // Not one of tus's own failures: unexpected, so it goes to the log.
  if (status === undefined && failure !== null) throw failure;
}
