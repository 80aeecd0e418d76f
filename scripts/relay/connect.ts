/**
 * Signs the command line in: a token that was given, or a user's name with the password in RELAY_PASSWORD.
 */
import { parseArgs } from 'node:util';
import { createApiClient, type ApiClient } from '../../client/src/net/api-client.ts';
import { createSession } from '../../client/src/net/session.ts';
import type { Surroundings } from './command.ts';
import { UsageError, type Arguments } from './arguments.ts';

export const CONNECTION_OPTIONS = ['gateway', 'token', 'user'] as const;
const DEFAULT_GATEWAY = 'http://127.0.0.1:8080';

/** The session ended and cannot be renewed. */
export class SignedOut extends Error {
  constructor() {
    super('The session has ended: the token is no longer valid.');
  }
}

export interface Connection {
  readonly gateway: string;
  readonly api: ApiClient;
}

export function gatewayOf(args: Arguments): string {
  const gateway = (args.value('gateway') ?? DEFAULT_GATEWAY).replace(/\/+$/, '');
  if (!URL.canParse(gateway) || !/^https?:/.test(gateway))
    throw new UsageError('--gateway is not an http or https URL');
  return gateway;
}

/** The gateway that these arguments ask, for a message; whatever else is wrong with them. */
export function addressAsked(args: readonly string[]): string {
  const { values } = parseArgs({
    args: [...args],
    options: { gateway: { type: 'string' } },
    allowPositionals: true,
    strict: false,
  });
  return typeof values.gateway === 'string' ? values.gateway : DEFAULT_GATEWAY;
}

/**
 * Throws UsageError, ApiProblem (`wrong-credentials` …) or Unreachable. A user's token is renewed as long as
 * the work lasts: by its refresh token, and by the password when that has ended too.
 */
export async function connect(args: Arguments, around: Surroundings): Promise<Connection> {
  const gateway = gatewayOf(args);
  const token = args.value('token');
  const username = args.value('user');
  if ((token === null) === (username === null)) throw new UsageError('give --token T or --user U');
  if (username === null) {
    const tokens = openSession(gateway, token);
    return { gateway, api: createApiClient({ baseUrl: gateway, fetch, tokens }) };
  }
  const password = around.env.RELAY_PASSWORD;
  if (!password) throw new UsageError('RELAY_PASSWORD must hold the password of --user');
  return { gateway, api: await connectAs(gateway, username, password) };
}

const openSession = (gateway: string, token: string | null) =>
  createSession({ baseUrl: gateway, fetch, now: () => performance.now(), alone: (work) => work() }, token);

/** Throws ApiProblem (`wrong-credentials` …) or Unreachable. */
export async function connectAs(gateway: string, username: string, password: string): Promise<ApiClient> {
  const session = openSession(gateway, null);
  await session.signIn(username, password);
  let signingIn: Promise<string | null> | null = null;
  // Many requests meet the end of a session at once: one of them signs in for all.
  const again = async (renewed: string | null) => {
    if (renewed !== null) return renewed;
    signingIn ??= session
      .signIn(username, password)
      .then(() => session.accessToken())
      .finally(() => {
        signingIn = null;
      });
    return signingIn;
  };
  const tokens = {
    accessToken: async () => again(await session.accessToken()),
    renew: async (stale: string | null) => again(await session.renew(stale)),
  };
  return createApiClient({ baseUrl: gateway, fetch, tokens });
}
