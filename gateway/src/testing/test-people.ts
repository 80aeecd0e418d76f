/** The people of a test by their first names, each with an account of one role. */
import type { Role, Session } from '#shared/protocol/api.ts';
import type { TestGateway } from './open-gateway.ts';

/** Two readers, a third who decides between them, an administrator who reads nothing, and who sends. */
export const REVIEW_PEOPLE = {
  ana: 'radiologist',
  ben: 'radiologist',
  cleo: 'radiologist',
  admin: 'admin',
  technician: 'technician',
} as const satisfies Record<string, Role>;
export type ReviewPerson = keyof typeof REVIEW_PEOPLE;

/** `join` opens their accounts, before the others are asked. `as`: for a call. */
export function testPeople<Who extends string>(roles: Readonly<Record<Who, Role>>) {
  const sessions = new Map<Who, Session>();
  return {
    join: async (gateway: TestGateway): Promise<void> => {
      for (const who of Object.keys(roles) as Who[]) sessions.set(who, await gateway.userWith([roles[who]]));
    },
    as: (who: Who): { readonly token: string } => ({ token: sessions.get(who)!.accessToken }),
    idOf: (who: Who): string => sessions.get(who)!.user.id,
    nameOf: (who: Who): string => sessions.get(who)!.user.username,
  };
}
