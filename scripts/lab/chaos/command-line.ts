/**
 * The second device: `relay upload … --wait --json` in a process of its own for each study. It is killed from
 * time to time and called again with the same files. Only its exit code and its document tell that a study is
 * in the PACS.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PASSWORD } from '#testing/accounts.ts';
import { setClock, shiftedClock, sweepClock } from '../../system/shifted-clock.ts';
import type { Queued, State } from './state.ts';
import type { World } from './world.ts';

const RELAY = fileURLToPath(new URL('../../relay.ts', import.meta.url));
const LOOK_AGAIN_MS = 1_000;

type Instance = {
  readonly sopInstanceUID: string;
  readonly digest: string;
  readonly state: string;
  readonly reason: string | null;
};
type Document = {
  readonly studies: readonly {
    readonly uploadId: string | null;
    readonly receipt: string | null;
    readonly state: string;
    readonly instances: readonly Instance[];
  }[];
};

export type CommandLine = {
  begin(study: Queued, clockSeconds: number): void;
  /** Kills a running one, drawn by lot; false if there is none. */
  killOne(random: () => number): boolean;
  /** Kills all and calls none again. */
  close(): Promise<void>;
};

/** The output of a command. `code` is -1 if it was killed. */
type Said = { readonly code: number; readonly stdout: string; readonly stderr: string };

async function runRelay(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  onChild: (child: ChildProcess) => void,
): Promise<Said> {
  const child = spawn(process.execPath, [RELAY, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  onChild(child);
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.stderr += text;
  });
  const code = await new Promise<number>((resolve) => {
    child.once('close', (status) => resolve(status ?? -1));
  });
  process.off('exit', endWithUs);
  await sweepClock(child.pid);
  return { code, ...texts };
}

/** A command that answers at once, such as `receipt verify`. */
export function relay(args: readonly string[]): Promise<Said> {
  return runRelay(args, { ...process.env, RELAY_PASSWORD: PASSWORD }, () => undefined);
}

export function createCommandLine(world: World, state: State): CommandLine {
  const running = new Map<number, ChildProcess>();
  const ending = new AbortController();
  const all = new Set<Promise<void>>();

  async function untilEnded(study: Queued, clockSeconds: number): Promise<void> {
    const onChild = (child: ChildProcess): void => void running.set(study.number, child);
    while (!ending.signal.aborted) {
      const said = await uploadOnce(world, study, clockSeconds, onChild);
      running.delete(study.number);
      if (hasEnded(state, study, said)) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }

  return {
    begin(study, clockSeconds) {
      const task = untilEnded(study, clockSeconds).catch((error: Error) => {
        state.wrong.push(`the command line: ${error.message}`);
      });
      all.add(task);
      void task.finally(() => all.delete(task));
    },
    killOne(random) {
      const child = [...running.values()][Math.floor(random() * running.size)];
      return child?.kill('SIGKILL') ?? false;
    },
    async close() {
      ending.abort();
      for (const child of running.values()) child.kill('SIGKILL');
      await Promise.all(all);
    },
  };
}

const nameOf = ({ number }: Queued): string => `relay-${number}`;

async function uploadOnce(
  world: World,
  study: Queued,
  clockSeconds: number,
  onChild: (child: ChildProcess) => void,
): Promise<Said> {
  const stamp = join(world.folder, `${nameOf(study)}.clock`);
  await setClock(stamp, clockSeconds);
  const env = {
    ...process.env,
    ...shiftedClock(world.faketime, stamp),
    RELAY_PASSWORD: PASSWORD,
    RELAY_CODING: study.isCoded ? 'on' : 'off',
  };
  const files = join(world.folder, 'studies', String(study.number));
  const account = ['--gateway', `${world.address}/api`, '--user', 'admin'];
  study.chosen += 1;
  const said = await runRelay(
    ['upload', files, ...account, '--policy', study.policy, '--wait', '--json'],
    env,
    onChild,
  );
  await mkdir(join(world.folder, 'said'), { recursive: true });
  await writeFile(
    join(world.folder, 'said', `${study.number}-${study.chosen}.txt`),
    `${said.code}\n${said.stderr}\n${said.stdout}`,
  );
  return said;
}

/**
 * Whether the study has ended. An answer without a document (killed, not signed in, gateway not reached) means
 * that the files are chosen again.
 */
function hasEnded(state: State, study: Queued, { code, stdout }: Said): boolean {
  let document: Document;
  try {
    document = JSON.parse(stdout) as Document;
  } catch {
    return false;
  }
  const [found] = document.studies;
  const others =
    found?.instances.filter((one) => one.state !== 'stored' && one.state !== 'already-stored') ?? [];
  const isLost =
    others.length === 1 && others[0]!.reason === 'conflicting-instance' && hasContest(state, study);
  if (found === undefined || document.studies.length !== 1 || (code !== 0 && !isLost)) {
    const reasons = others.map((one) => `${one.state} ${one.reason}`).slice(0, 3);
    state.wrong.push(
      `study ${study.number} ended with ${code}: ${reasons.join(', ') || 'it gave no reason'}`,
    );
  }
  Object.assign(study, { state: 'ended', uploadId: found?.uploadId ?? null, lostConflict: isLost });
  return true;
}

function hasContest({ queued }: State, { of }: Queued): boolean {
  return queued.some((other) => other.of === of && other.isConflict);
}
