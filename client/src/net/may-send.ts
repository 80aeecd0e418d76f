/**
 * Tells whether a user may send studies, and whether they may see what others sent and did. The gateway decides on
 * every request; the page only tells the person before they select studies in vain.
 */
import type { Role, User } from '#shared/protocol/api.ts';

const READS_ONLY: ReadonlySet<Role> = new Set(['auditor']);

export function maySend(user: Pick<User, 'roles'>): boolean {
  return user.roles.some((role) => !READS_ONLY.has(role));
}

export const mayReadAudit = ({ roles }: Pick<User, 'roles'>): boolean =>
  roles.includes('auditor') || roles.includes('admin');

/** READS_ALL of shared/src/protocol/api.ts, repeated here because that module is too large for the first page. */
const READS_SITE: ReadonlySet<Role> = new Set(['radiologist', 'admin']);

export function readsSite(user: Pick<User, 'roles'>): boolean {
  return user.roles.some((role) => READS_SITE.has(role));
}
