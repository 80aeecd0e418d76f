/**
 * `relay user add|password|list`: who may sign in, through the gateway's `/admin/users`; `password` without a session
 * changes the database of the gateway on this machine. The new user's
 * password is RELAY_NEW_PASSWORD; without it one is made and printed once. Nothing is asked at the terminal,
 * so that scripts can use it.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { ROLES, roleSchema, type Role } from '#shared/protocol/api.ts';
import { problemOf } from '../../client/src/net/api-client.ts';
import type { Surroundings } from './command.ts';
import { parseArguments, printable, UsageError, type Arguments } from './arguments.ts';
import { connect, CONNECTION_OPTIONS, type Connection } from './connect.ts';
import type { PasswordHere } from '../../gateway/src/auth/set-password-here.ts';

const listedSchema = z.object({
  id: z.uuid(),
  username: z.string(),
  roles: z.array(roleSchema),
  disabled: z.boolean(),
});
const listSchema = z.object({ users: z.array(listedSchema) });

export async function userList(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, { values: [...CONNECTION_OPTIONS], flags: ['json'] });
  const { users } = await (await connect(options, around)).api.json('/admin/users', listSchema, {
    signal: around.signal,
  });
  if (options.flag('json')) around.print(JSON.stringify({ users }, null, 2));
  else
    for (const user of users)
      around.print(
        `${printable(user.username)}  ${user.roles.join(', ')}${user.disabled ? '  (disabled)' : ''}`,
      );
  return 0;
}

export async function userAdd(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, { values: [...CONNECTION_OPTIONS, 'roles'], flags: ['json'] });
  const username = nameOf(options);
  const roles = rolesOf(options.value('roles'));
  const { password, isMade } = newPassword(around.env);
  const { api } = await connect(options, around);
  const user = await api.json('/admin/users', listedSchema, {
    body: { username, password, roles },
    signal: around.signal,
  });
  const line = `${printable(user.username)} was added: ${user.roles.join(', ')}.`;
  return tell({ line, document: { user }, password: isMade ? password : null }, options, around);
}

export async function userPassword(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, { values: [...CONNECTION_OPTIONS], flags: ['json'] });
  const username = nameOf(options);
  const { password, isMade } = newPassword(around.env);
  const isHere = CONNECTION_OPTIONS.every((name) => options.value(name) === null);
  const chosen = { username, password };
  await (isHere ? setHere(chosen, around) : setByApi(chosen, options, around));
  const line = `The password of ${printable(username)} was set; the user is signed out everywhere.`;
  return tell({ line, document: { username }, password: isMade ? password : null }, options, around);
}

async function setHere(chosen: PasswordHere, around: Surroundings): Promise<void> {
  // Only this command opens a database.
  const [{ setPasswordHere }, { readPlaces }] = await Promise.all([
    import('../../gateway/src/auth/set-password-here.ts'),
    import('../../gateway/src/config.ts'),
  ]);
  if (!(await setPasswordHere(readPlaces(around.env).database, chosen))) throw noSuchUser();
}

async function setByApi({ username, password }: PasswordHere, options: Arguments, around: Surroundings) {
  const connection = await connect(options, around);
  const { id } = await findUser(connection, username, around.signal);
  const headers = { 'content-type': 'application/json' };
  const response = await connection.api.send(`/admin/users/${id}/password`, {
    method: 'PUT',
    headers,
    body: JSON.stringify({ password }),
    signal: around.signal,
  });
  if (!response.ok) throw await problemOf(response);
}

const noSuchUser = (): UsageError => new UsageError('there is no user of this name');

function nameOf(options: Arguments): string {
  const [name, ...more] = options.rest;
  if (name === undefined || more.length > 0) throw new UsageError('name one user');
  return name;
}

function rolesOf(text: string | null): Role[] {
  const names = (text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const roles = ROLES.filter((role) => names.includes(role));
  if (roles.length === 0 || roles.length !== new Set(names).size)
    throw new UsageError(`--roles is one or more of ${ROLES.join(', ')}`);
  return roles;
}

function newPassword(env: NodeJS.ProcessEnv): { password: string; isMade: boolean } {
  const given = env.RELAY_NEW_PASSWORD;
  return given
    ? { password: given, isMade: false }
    : { password: randomBytes(15).toString('base64url'), isMade: true };
}

interface Told {
  readonly line: string;
  readonly document: object;
  /** null: the caller gave it, and knows it. */
  readonly password: string | null;
}

function tell({ line, document, password }: Told, options: Arguments, around: Surroundings): number {
  const isMade = password !== null;
  if (options.flag('json'))
    around.print(JSON.stringify(isMade ? { ...document, password } : document, null, 2));
  else around.print(isMade ? `${line}\nIts password, shown once: ${password}` : line);
  return 0;
}

async function findUser({ api }: Connection, username: string, signal: AbortSignal) {
  const { users } = await api.json('/admin/users', listSchema, { signal });
  const user = users.find((each) => each.username === username);
  if (!user) throw noSuchUser();
  return user;
}
