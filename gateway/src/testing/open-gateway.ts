/**
 * A whole gateway for tests, without ports: real database, real keys, a PACS that is not there, a clock that
 * the test moves.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Role, Session } from '#shared/protocol/api.ts';
import { type Config, readConfig } from '../config.ts';
import type { Database } from '../database/database.ts';
import { createGateway, type Gateway } from '../gateway.ts';
import type { Engine } from '../ports/engine/engine.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import { openTestDatabase } from './open-database.ts';

export const ADMIN_PASSWORD = 'correct horse battery';

export type TestGateway = Gateway & {
  readonly database: Database;
  /** All lines of the log, parsed. */
  readonly lines: Record<string, unknown>[];
  /** Moves both clocks forward. */
  wait(ms: number): void;
  /** The gateway's time. */
  now(): Date;
  /** `fetch` on port 8080, with a JSON body where there is one. */
  call(method: string, path: string, options?: CallOptions): Promise<Response>;
  signIn(username?: string, password?: string): Promise<Session>;
  /** A user with these roles, signed in. */
  userWith(roles: readonly Role[]): Promise<Session>;
  close(): Promise<void>;
};
export type CallOptions = {
  readonly token?: string;
  readonly body?: unknown;
  readonly form?: FormData;
  readonly headers?: Record<string, string>;
  readonly door?: 'api' | 'web';
};

export type TestGatewayOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly open?: () => Promise<Database>;
  readonly webFolder?: string;
  readonly pacs?: Pacs;
  readonly engine?: Engine;
};

export async function openTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'relaypacs-gateway-'));
  const database = await (options.open ?? openTestDatabase)();
  const lines: Record<string, unknown>[] = [];
  const clocks = createTestClocks();
  const gateway = await createGateway(settingsIn(folder, options.env), {
    database,
    now: clocks.now,
    clock: clocks.clock,
    write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
    ...(options.webFolder === undefined ? {} : { webFolder: options.webFolder }),
    ...(options.pacs && { pacs: options.pacs }),
    ...(options.engine && { engine: options.engine }),
  });
  await gateway.start();
  const call = callerOf(gateway);
  const signIn = signInBy(call);
  return {
    ...gateway,
    database,
    lines,
    call,
    signIn,
    wait: clocks.wait,
    now: clocks.now,
    userWith: addUserBy(call, signIn),
    async close() {
      await gateway.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function settingsIn(folder: string, env: TestGatewayOptions['env']): Config {
  return readConfig({
    RELAY_DATA_DIR: folder,
    // Nothing listens on the discard port: the PACS is down.
    PACS_URL: 'http://127.0.0.1:9/dicom-web',
    RELAY_ADMIN_PASSWORD: ADMIN_PASSWORD,
    RELAY_RATE_LIMIT: 'off',
    ...env,
  });
}

/**
 * Both stand still until the test moves them: a busy machine lets no limit recover in between. Whole
 * milliseconds, so that exactly the time passes for which a test waits.
 */
function createTestClocks() {
  const startedAt = Date.now();
  const began = Math.round(performance.now());
  let moved = 0;
  return {
    now: () => new Date(startedAt + moved),
    clock: () => began + moved,
    wait(ms: number) {
      moved += ms;
    },
  };
}

function callerOf(gateway: Gateway): TestGateway['call'] {
  return async (method, path, { token, body, form, headers = {}, door = 'api' } = {}) => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const init = {
      method,
      headers: { ...json, ...bearer, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(form && { body: form }),
    };
    return gateway[door].request(`http://localhost${path}`, init);
  };
}

function signInBy(call: TestGateway['call']): TestGateway['signIn'] {
  return async (username = 'admin', password = ADMIN_PASSWORD) => {
    const answer = await call('POST', '/auth/login', { body: { username, password } });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as Session;
  };
}

function addUserBy(call: TestGateway['call'], signIn: TestGateway['signIn']): TestGateway['userWith'] {
  let users = 0;
  return async (roles) => {
    const { accessToken } = await signIn();
    users += 1;
    const username = `user-${users}`;
    const answer = await call('POST', '/admin/users', {
      token: accessToken,
      body: { username, password: 'a long password', roles },
    });
    if (answer.status !== 201) throw new Error(await answer.text());
    return signIn(username, 'a long password');
  };
}
