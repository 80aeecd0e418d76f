/**
 * A whole gateway for tests, without ports: real database, real keys, a PACS that is not there, a clock that
 * the test moves.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PATIENCE_MS } from '#testing/environment.ts';
import type { Role, Session } from '#shared/protocol/api.ts';
import { insertAccount } from '../auth/account.store.ts';
import { defaultSiteId } from '../database/default-site.ts';
import { hashPassword } from '../auth/password.ts';
import { type Config, readConfig } from '../config.ts';
import type { Database } from '../database/database.ts';
import { createGateway, type Gateway } from '../gateway.ts';
import type { InferencePatience } from '../inference/inference-tools.ts';
import type { Pace } from '../jobs/pace.ts';
import type { Engine } from '../ports/engine/engine.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import type { ViewerPackage } from '../viewer/viewer-package.ts';
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
  /** A body that is no JSON. */
  readonly form?: FormData | Uint8Array<ArrayBuffer>;
  readonly headers?: Record<string, string>;
  readonly door?: 'api' | 'web';
  readonly signal?: AbortSignal;
};

export type TestGatewayOptions = {
  /** A data directory that stays; without it a fresh one is made and removed. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly open?: () => Promise<Database>;
  readonly webFolder?: string;
  readonly pacs?: Pacs;
  readonly engine?: Engine;
  readonly isFull?: () => Promise<boolean>;
  readonly viewerPackage?: ViewerPackage;
  readonly pace?: Partial<Pace>;
  readonly inferencePatience?: InferencePatience;
  /** False: it answers, and works on no jobs until the test starts it. */
  readonly start?: boolean;
};

export async function openTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'relaypacs-gateway-'));
  const database = await (options.open ?? openTestDatabase)();
  const lines: Record<string, unknown>[] = [];
  const clocks = createTestClocks();
  const gateway = await createGateway(settingsIn(folder, options.env), {
    database,
    now: clocks.now,
    clock: clocks.clock,
    passwordCost: CHEAP,
    inferencePatience: options.inferencePatience ?? { answerMs: PATIENCE_MS, backOffSeconds: [0] },
    ...(options.pace && { pace: options.pace }),
    write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
    ...(options.webFolder === undefined ? {} : { webFolder: options.webFolder }),
    ...(options.pacs && { pacs: options.pacs }),
    ...(options.engine && { engine: options.engine }),
    ...(options.isFull && { isFull: options.isFull }),
    ...(options.viewerPackage && { viewerPackage: options.viewerPackage }),
  });
  if (options.start !== false) await gateway.start();
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
    userWith: addUserTo(database, signIn),
    async close() {
      await gateway.stop();
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
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
  return async (method, path, { token, body, form, headers = {}, door = 'api', signal } = {}) => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const init = {
      method,
      headers: { ...json, ...bearer, ...headers },
      ...(signal && { signal }),
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

/** A hundredth: the tests of passwords pay the whole price. */
const CHEAP = { N: 1024, r: 8, p: 1 };

function addUserTo({ db }: Database, signIn: TestGateway['signIn']): TestGateway['userWith'] {
  let users = 0;
  return async (roles) => {
    users += 1;
    const username = `user-${users}`;
    const password = 'a long password';
    const passwordHash = await hashPassword(password, CHEAP);
    await db.transaction().execute(async (trx) => {
      await insertAccount(trx, { siteId: await defaultSiteId(trx), username, roles, passwordHash });
    });
    return signIn(username, password);
  };
}
