/** Whether a person comes to read what others send: a radiologist without a role of those who send. */
import type { Role, User } from '#shared/protocol/api.ts';

const SENDS: ReadonlySet<Role> = new Set(['technician', 'admin']);

export const comesToRead = ({ roles }: Pick<User, 'roles'>): boolean =>
  roles.includes('radiologist') && !roles.some((role) => SENDS.has(role));
