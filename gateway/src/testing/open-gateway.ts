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
  /** Moves both clocks on. */
  wait(ms: number): void;
  /** What the gateway takes for the time. */
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

export async function openTestGateway({
  env = {},
  open,
  webFolder,
  pacs,
  engine,
}: TestGatewayOptions = {}): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'relaypacs-gateway-'));
  const config: Config = readConfig({
    // Nothing listens on the discard port: the PACS is down.
    RELAY_DATA_DIR: folder,
    PACS_URL: 'http://127.0.0.1:9/dicom-web',
    RELAY_ADMIN_PASSWORD: ADMIN_PASSWORD,
    RELAY_RATE_LIMIT: 'off',
    ...env,
  });
  const database = await (open ?? openTestDatabase)();
  const lines: Record<string, unknown>[] = [];
  // Both stand still until the test moves them: a busy machine lets no limit recover in between. Whole
  // milliseconds, so that what a test waits is exactly what passes.
  const [startedAt, began] = [Date.now(), Math.round(performance.now())];
  let moved = 0;
  const gateway = await createGateway(config, {
    database,
    now: () => new Date(startedAt + moved),
    clock: () => began + moved,
    write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
    ...(webFolder === undefined ? {} : { webFolder }),
    ...(pacs && { pacs }),
    ...(engine && { engine }),
  });
  await gateway.start();

  const call: TestGateway['call'] = async (
    method,
    path,
    { token, body, form, headers = {}, door = 'api' } = {},
  ) => {
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
  const signIn: TestGateway['signIn'] = async (username = 'admin', password = ADMIN_PASSWORD) => {
    const answer = await call('POST', '/auth/login', { body: { username, password } });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as Session;
  };
  let users = 0;
  return {
    ...gateway,
    database,
    lines,
    call,
    signIn,
    wait: (ms) => void (moved += ms),
    now: () => new Date(startedAt + moved),
    async userWith(roles) {
      const { accessToken } = await signIn();
      const username = `user-${(users += 1)}`;
      const answer = await call('POST', '/admin/users', {
        token: accessToken,
        body: { username, password: 'a long password', roles },
      });
      if (answer.status !== 201) throw new Error(await answer.text());
      return signIn(username, 'a long password');
    },
    async close() {
      await gateway.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
