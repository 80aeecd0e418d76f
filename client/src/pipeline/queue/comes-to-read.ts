/** Whether a person mainly reads what others send: a radiologist who has no role that sends studies. */
import type { Role, User } from '#shared/protocol/api.ts';

const SENDS: ReadonlySet<Role> = new Set(['technician', 'admin']);

export const comesToRead = ({ roles }: Pick<User, 'roles'>): boolean =>
  roles.includes('radiologist') && !roles.some((role) => SENDS.has(role));
