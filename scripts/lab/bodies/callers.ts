/** The callers of a contract at a gateway under test, signed in: each role, a device, and a key of each scope. */
import { ADMIN, ask as askAs, createAccount, type Account } from '#testing/accounts.ts';
import type { GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { ROLES } from '#shared/protocol/api.ts';
import { API_KEY_SCOPES } from '#shared/protocol/api-key.ts';
import { askAt, enrolDevice, openDoor, type Door } from '../hostile/door.ts';
import type { Ask } from './ask.ts';
import { DEVICE, keyOf, NOBODY } from './operations.ts';

export type Callers = {
  readonly ask: Ask;
  /** With a token that is good now, and for some minutes: an attack may have ended the session. */
  readonly doorOf: (caller: string) => Promise<Door>;
  /** Behind a role. */
  readonly accountOf: (role: string) => Account;
};

const EXPIRES_IN_DAYS = 1;
/** A token is good for ten minutes; an attack may take some of them. */
const OLD_MS = 300_000;
/** Accounts that may send and read all: three attack at once, and the last one is honest. */
export const CROWD = ['first', 'second', 'third', 'honest-one'] as const;
export const CROWD_ROLES = ['technician', 'radiologist'] as const;

export async function openCallers(gateway: GatewayUnderTest): Promise<Callers> {
  const { api } = gateway;
  const accounts = new Map<string, Account>();
  for (const role of ROLES) accounts.set(role, await createAccount(gateway, role, [role]));
  for (const name of CROWD) accounts.set(name, await createAccount(gateway, name, CROWD_ROLES));
  const nobody: Door = { who: NOBODY, api, token: null };

  async function open(caller: string): Promise<Door> {
    if (caller === DEVICE) return enrolDevice(await signedIn('technician'));
    const account = accounts.get(caller);
    return account === undefined ? nobody : openDoor(caller, api, account.username);
  }
  const doors = new Map<string, Promise<Door>>([[NOBODY, Promise.resolve(nobody)]]);
  for (const scope of API_KEY_SCOPES) {
    const role = scope === 'metrics' ? 'auditor' : 'technician';
    const body = {
      ...{ name: scope, accountId: accounts.get(role)!.id, scopes: [scope] },
      expiresInDays: EXPIRES_IN_DAYS,
    };
    const made = await askAs(gateway, ADMIN, { method: 'POST', path: '/admin/api-keys', body });
    if (made.status !== 201) throw new Error(await made.text());
    const { key } = (await made.json()) as { key: string };
    doors.set(keyOf(scope), Promise.resolve({ who: keyOf(scope), api, token: key }));
  }
  const openedAt = new Map<string, number>();
  const isOld = (caller: string): boolean => performance.now() - (openedAt.get(caller) ?? Infinity) > OLD_MS;
  const signIn = (caller: string): Promise<Door> => {
    const door = open(caller);
    doors.set(caller, door);
    openedAt.set(caller, performance.now());
    return door;
  };
  const signedIn = (caller: string): Promise<Door> =>
    (isOld(caller) ? undefined : doors.get(caller)) ?? signIn(caller);
  const ask: Ask = async (caller, { path, ...asked }) => {
    const said = await askAt(await signedIn(caller), path, asked);
    if (said.status !== 401 || (!accounts.has(caller) && caller !== DEVICE)) return said;
    return askAt(await signIn(caller), path, asked);
  };
  return {
    ask,
    async doorOf(caller) {
      await ask(caller, { method: 'GET', path: '/auth/me' });
      return signedIn(caller);
    },
    accountOf: (role) => accounts.get(role)!,
  };
}
