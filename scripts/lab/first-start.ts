/**
 * `npm run lab -- first-start [--kills N] [--seed N]`: a first start in a fresh clone, timed by part, and killed at
 * moments of the whole of it. It runs under the Node and npm of the machine, with an empty cache of npm.
 *
 * After each kill (SIGKILL to everything that was started) the next start must be ready, and a person must be able to
 * sign in: with the password that was shown, or with one set by `relay user password`. Orthanc is installed beside npm
 * where it is missing, which this script does not remove.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { seededRandom } from '../../shared/testing/synthetic-study.ts';
import { calibrate, describeCalibration } from '../calibration.ts';
import { freePort } from '../system/ports.ts';
import { readRunning } from '../system/running.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READY = 'RelayPACS is ready.';
const run = promisify(execFile);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A clone with a data directory and a cache of npm of its own. */
type Place = { readonly folder: string; readonly clone: string; readonly env: NodeJS.ProcessEnv };

async function openPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-first-'));
  const clone = join(folder, 'clone');
  await run('git', ['clone', '-q', ROOT, clone]);
  const own = (process.env.PATH ?? '').split(delimiter).filter((path) => !path.includes('.runtime'));
  const env = {
    HOME: process.env.HOME,
    PATH: own.join(delimiter),
    npm_config_cache: join(folder, 'cache'),
    RELAY_PORT: String(await freePort()),
    RELAY_WEB_PORT: String(await freePort()),
    RELAY_PACS_PORT: String(await freePort()),
    RELAY_DATA_DIR: join(folder, 'data'),
  };
  return { folder, clone, env };
}

type Line = { readonly atMs: number; readonly text: string };
type Start = {
  /** The lines that it printed so far. */
  readonly lines: readonly Line[];
  /** How long it took; null: it ended before it was ready. */
  readonly ready: Promise<number | null>;
  /** The signal goes to npm and all that belongs to its terminal. Returns when npm is gone. */
  end(signal: NodeJS.Signals): Promise<void>;
};

/** The starts that have not ended. */
const open = new Set<Start>();
const interrupting = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(name, () => {
    interrupting.abort(new Error('interrupted'));
    for (const one of open) void one.end('SIGTERM');
  });

/** @throws Error when this script was interrupted. */
function start({ clone, env }: Place): Start {
  interrupting.signal.throwIfAborted();
  const began = performance.now();
  const child = spawn('npm', ['start'], {
    cwd: clone,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const lines: Line[] = [];
  const ready = Promise.withResolvers<number | null>();
  createInterface({ input: child.stderr }).on('line', (text) => {
    const atMs = performance.now() - began;
    lines.push({ atMs, text });
    if (text === READY) ready.resolve(atMs);
  });
  const one: Start = {
    lines,
    ready: ready.promise,
    async end(signal) {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, signal);
      await exited;
    },
  };
  open.add(one);
  const exited = once(child, 'exit').then(() => {
    open.delete(one);
    ready.resolve(null);
  });
  return one;
}

const madePassword = (starts: readonly Start[]): string | undefined =>
  starts
    .flatMap(({ lines }) => lines.map(({ text }) => /with the password (\S+) /.exec(text)?.[1]))
    .filter((made) => made !== undefined)
    .at(-1);

async function megabytesOf(folder: string): Promise<number> {
  const { stdout } = await run('du', ['-sm', folder]);
  return Number(stdout.split('\t')[0]);
}

function describe({ lines }: Start): void {
  for (const { atMs, text } of lines)
    if (text !== '') say(`  ${(atMs / 1000).toFixed(1).padStart(6)} s  ${text}`);
}

/** Whether somebody can sign in at the gateway that runs: with the password that was shown, or a new one. */
async function canSignIn(place: Place, shown: string | undefined): Promise<boolean> {
  const password = shown ?? (await newPassword(place));
  const running = await readRunning(place.env.RELAY_DATA_DIR!);
  const answer = await fetch(`${running!.api}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password }),
  });
  return answer.ok;
}

async function newPassword({ clone, env }: Place): Promise<string> {
  const { stdout } = await run('npm', ['run', '-s', 'relay', '--', 'user', 'password', 'admin', '--json'], {
    cwd: clone,
    env,
  });
  return (JSON.parse(stdout) as { password: string }).password;
}

/** The milliseconds until it was ready. */
async function timeBoth(place: Place): Promise<number> {
  const first = start(place);
  const readyMs = await first.ready;
  describe(first);
  await first.end('SIGTERM');
  if (readyMs === null) throw new Error('the first start did not become ready');
  for (const part of ['node_modules', '.runtime'])
    say(`  ${part}: ${await megabytesOf(join(place.clone, part))} MB`);
  const again = start(place);
  const againMs = await again.ready;
  await again.end('SIGTERM');
  if (againMs === null) throw new Error('the second start did not become ready');
  say(
    `first start ready after ${(readyMs / 1000).toFixed(1)} s, the second after ${(againMs / 1000).toFixed(1)} s`,
  );
  return readyMs;
}

/** False: the next start was not ready, or nobody could sign in. */
async function killAt(atMs: number): Promise<boolean> {
  const place = await openPlace();
  try {
    const killed = start(place);
    await Promise.race([after(atMs), killed.ready]);
    await killed.end('SIGKILL');
    const reached = killed.lines.at(-1)?.text ?? 'nothing';
    const next = start(place);
    const isOpen = await next.ready
      .then((readyMs) => readyMs !== null && canSignIn(place, madePassword([killed, next])))
      .finally(() => next.end('SIGTERM'));
    say(
      `killed after ${(atMs / 1000).toFixed(1)} s (${reached}): ${isOpen ? 'ready, and signed in' : 'NOT WELL'}`,
    );
    if (!isOpen) describe(next);
    return isOpen;
  } finally {
    await rm(place.folder, { recursive: true, force: true });
  }
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { kills: { type: 'string' }, seed: { type: 'string' } },
  });
  const kills = Number(values.kills ?? 0);
  const seed = Number(values.seed ?? 1);
  if (!Number.isSafeInteger(kills) || kills < 0 || !Number.isSafeInteger(seed)) {
    say('usage: npm run lab -- first-start [--kills N] [--seed N]');
    return 2;
  }
  const random = seededRandom(seed);
  say(`${describeCalibration(await calibrate())}; seed ${seed}`);
  const place = await openPlace();
  const readyMs = await timeBoth(place).finally(() => rm(place.folder, { recursive: true, force: true }));
  let wrong = 0;
  for (let kill = 0; kill < kills; kill += 1) if (!(await killAt(random() * readyMs))) wrong += 1;
  if (kills > 0) say(`${kills} kills, ${wrong} after which it was not well`);
  return wrong === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2)).catch((error: Error) => {
  if (!interrupting.signal.aborted) throw error;
  say('interrupted');
  return 1;
});
