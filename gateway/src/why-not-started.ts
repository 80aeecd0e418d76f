/**
 * Why the gateway cannot start, in words for the person who started it. No word comes from an error that may hold
 * a secret: of those the kind, the code and the place are named.
 */
import { freeBytesOf } from './database/room.ts';
import { describeError } from './observability/log.ts';

/** The codes of a full disk: of the system, and of PostgreSQL (`disk_full`). */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', '53100']);
/** With less than this PostgreSQL does not start. */
const FULL_BELOW_BYTES = 16 * 1024 ** 2;

/** `folder`: the data directory, where the settings could be read. */
export async function whyNotStarted(error: unknown, folder: string | null): Promise<string> {
  const { code } = error as { code?: unknown };
  const free = folder === null ? null : await freeBytesOf(folder).catch(() => null);
  if (NO_ROOM.has(String(code)) || (free !== null && free < FULL_BELOW_BYTES)) {
    const left = free === null ? '' : ` (${Math.floor(free / 1024 ** 2)} MB free)`;
    return `The disk of ${folder ?? 'the data directory'} is full${left}. Make room and start again: nothing that was taken is lost.`;
  }
  if (error instanceof Error && code === undefined) return error.message;
  // Node's own errors name a path and what was done with it.
  if (error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === 'number')
    return `The gateway cannot start: ${error.message}`;
  const { error: kind, stack } = describeError(error);
  const named = typeof code === 'string' && /^\w{1,40}$/.test(code) ? `${kind} ${code}` : kind;
  return `The gateway cannot start because of an unexpected error: ${named}, at ${stack[0] ?? 'an unknown place'}.`;
}
