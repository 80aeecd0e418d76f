/**
 * A gateway as its own process, for tests that kill it: real ports, a real data directory, its typed log
 * lines readable as they come.
 *
 * Ends only the process that it started. Does not judge: waiting for a line or for a condition fails with
 * what was seen instead.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as after } from 'node:timers/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GATEWAY_MEMORY, GATEWAY_NODE_FLAGS } from '../../scripts/system/gateway-process.ts';
import { PATIENCE_MS } from './environment.ts';
import { atFailure } from './failures.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CHEAP_PASSWORDS = new URL('./cheap-passwords.ts', import.meta.url).href;
const LOOK_AGAIN_MS = 20;
/** Lines kept for the message of a failure, and for its traces. */
const TAIL_LINES = 30;
const LOG_LINES = 2_000;

export type LogLine = { readonly event: string; readonly [field: string]: unknown };

export type GatewayUnderTest = {
  readonly api: string;
  readonly web: string;
  /** All typed lines of all its lives. */
  readonly lines: readonly LogLine[];
  readonly pid: number;
  /** `more`: settings of this life, besides its own. */
  start(more?: Readonly<Record<string, string>>): Promise<void>;
  /** SIGKILL, and waits until the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; waits until it has drained. */
  stop(): Promise<void>;
};

export type GatewaySettings = {
  readonly port: number;
  readonly webPort: number;
  readonly dataDir: string;
  readonly pacs: { readonly url: string; readonly authorization: string };
  readonly adminPassword: string;
  readonly databaseUrl?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The sources to run: another copy of the project. */
  readonly root?: string;
};

/**
 * Waits until `condition` gives something; looks every `everyMs`. @throws Error after PATIENCE_MS, naming
 * `what`.
 */
export async function until<T>(
  what: string,
  condition: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  everyMs: number = LOOK_AGAIN_MS,
): Promise<T> {
  const end = performance.now() + PATIENCE_MS;
  while (performance.now() < end) {
    const found = await condition();
    if (found) return found;
    await after(everyMs);
  }
  throw new Error(`waited ${PATIENCE_MS / 1000} s for: ${what}`);
}

export function createGatewayUnderTest(settings: GatewaySettings): GatewayUnderTest {
  const log = createLog();
  const api = `http://127.0.0.1:${settings.port}`;
  const main = join(settings.root ?? ROOT, 'gateway/src/main.ts');
  const env = environmentOf(settings);
  let child: ChildProcess | null = null;
  const keepLog = (folder: string): Promise<void> =>
    writeFile(join(folder, `gateway-${settings.port}.log`), readLog(log.lines));
  let forget = (): void => {};

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    child = null;
    if (ending === null) return;
    await endProcess(ending, signal);
    forget();
  }

  return {
    api,
    web: `http://127.0.0.1:${settings.webPort}`,
    lines: log.lines,
    get pid() {
      return child?.pid ?? 0;
    },
    async start(more = {}) {
      forget = atFailure(keepLog);
      const started = spawn(process.execPath, [...GATEWAY_NODE_FLAGS, '--import', CHEAP_PASSWORDS, main], {
        env: { ...env, ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = started;
      createInterface({ input: started.stdout }).on('line', log.note);
      createInterface({ input: started.stderr }).on('line', log.note);
      await until('the gateway to be ready', async () => {
        if (started.exitCode !== null || started.signalCode !== null)
          throw new Error(`the gateway ended at its start:\n${log.tail()}`);
        const answer = await fetch(`${api}/health/ready`).catch(() => null);
        await answer?.body?.cancel();
        return answer?.ok ?? false;
      });
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

/** The last of the typed lines, as a file. */
export const readLog = (lines: readonly LogLine[]): string =>
  lines
    .slice(-LOG_LINES)
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');

function environmentOf(settings: GatewaySettings): NodeJS.ProcessEnv {
  return {
    ...GATEWAY_MEMORY,
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    // By which it is found and ended where its test was killed.
    RELAY_TEST_RUN: process.env.RELAY_TEST_RUN,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    RELAY_PORT: String(settings.port),
    RELAY_WEB_PORT: String(settings.webPort),
    RELAY_DATA_DIR: settings.dataDir,
    RELAY_ADMIN_PASSWORD: settings.adminPassword,
    RELAY_RATE_LIMIT: 'off',
    PACS_URL: settings.pacs.url,
    PACS_AUTHORIZATION: settings.pacs.authorization,
    ...(settings.databaseUrl === undefined ? {} : { DATABASE_URL: settings.databaseUrl }),
    ...settings.env,
  };
}

/** The typed lines of a process, and the last of all its lines. */
function createLog() {
  const lines: LogLine[] = [];
  const tail: string[] = [];
  const note = (line: string): void => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    try {
      lines.push(JSON.parse(line) as LogLine);
    } catch {
      // Text for people, such as a stack trace, is kept only in the tail.
    }
  };
  return { lines, note, tail: () => tail.join('\n') };
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await gone;
}
