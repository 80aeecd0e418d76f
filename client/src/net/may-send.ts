/**
 * Tells whether a user may send studies. The gateway decides on every request; the page only says so before
 * somebody selects studies in vain.
 */
import type { Role, User } from '#shared/protocol/api.ts';

const READS_ONLY: ReadonlySet<Role> = new Set(['auditor']);

export function maySend(user: Pick<User, 'roles'>): boolean {
  return user.roles.some((role) => !READS_ONLY.has(role));
}
