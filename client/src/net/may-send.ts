/**
 * Who may send studies. The gateway decides at every request; here it is only shown before somebody chooses a
 * study in vain.
 */
import type { Role, User } from '#shared/protocol/api.ts';

const READS_ONLY: ReadonlySet<Role> = new Set(['auditor']);

export function maySend(user: Pick<User, 'roles'>): boolean {
  return user.roles.some((role) => !READS_ONLY.has(role));
}
