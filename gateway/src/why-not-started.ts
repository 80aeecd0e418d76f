/**
 * Explains why the gateway cannot start to the person who started it. Errors that may hold a secret are never quoted:
 * only their kind, code and place are named.
 */
import { freeBytesOf } from './database/room.ts';
import { describeError } from './observability/log.ts';

/** The error codes of a full disk, from the system and from PostgreSQL (`disk_full`). */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', '53100']);
/** PostgreSQL does not start with less than this. */
const FULL_BELOW_BYTES = 16 * 1024 ** 2;

/** `folder`: the data directory; null: the settings could not be read. */
export async function whyNotStarted(error: unknown, folder: string | null): Promise<string> {
  const { code } = error as { code?: unknown };
  const free = folder === null ? null : await freeBytesOf(folder).catch(() => null);
  if (NO_ROOM.has(String(code)) || (free !== null && free < FULL_BELOW_BYTES)) {
    const left = free === null ? '' : ` (${Math.floor(free / 1024 ** 2)} MB free)`;
    return `The disk of ${folder ?? 'the data directory'} is full${left}. Make room and start again: nothing that was taken is lost.`;
  }
  if (error instanceof Error && code === undefined) return error.message;
  // Node's own errors name only a path and what was done with it.
  if (error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === 'number')
    return `The gateway cannot start: ${error.message}`;
  const { error: kind, stack } = describeError(error);
  const named = typeof code === 'string' && /^\w{1,40}$/.test(code) ? `${kind} ${code}` : kind;
  return `The gateway cannot start because of an unexpected error: ${named}, at ${stack[0] ?? 'an unknown place'}.`;
}
