/**
 * The second device: `relay upload … --wait --json` in a process of its own for each study, killed now and
 * then and then called again with the same files. It says that a study is in the PACS by its exit code and
 * its document, and by nothing else.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PASSWORD } from '#testing/accounts.ts';
import { offsetText, shiftedClock, sweepClock } from './gateway.ts';
import type { Queued, State, StateWriter } from './state.ts';
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
  /** One that is under way, by lot; false where there is none. */
  killOne(random: () => number): boolean;
  /** None is called again. */
  close(): Promise<void>;
};

/** Ends with what the program printed; null: it was killed or printed nothing. */
async function runRelay(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  onChild: (child: ChildProcess) => void,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [RELAY, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  onChild(child);
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
  const code = await new Promise<number>(
    (resolve) => void child.once('close', (status) => resolve(status ?? -1)),
  );
  process.off('exit', endWithUs);
  await sweepClock(child.pid);
  return { code, ...texts };
}

/** A command that answers at once, such as `receipt verify`. */
export function relay(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return runRelay(args, { ...process.env, RELAY_PASSWORD: PASSWORD }, () => undefined);
}

export function createCommandLine(world: World, state: State, writer: StateWriter): CommandLine {
  const running = new Map<number, ChildProcess>();
  const ending = new AbortController();
  const all = new Set<Promise<void>>();

  async function once(study: Queued, clockSeconds: number): Promise<boolean> {
    const name = `relay-${study.number}`;
    const stamp = join(world.folder, `${name}.clock`);
    await writeFile(stamp, `${offsetText(clockSeconds)}\n`);
    const env = {
      ...process.env,
      ...shiftedClock(world.faketime, stamp),
      RELAY_PASSWORD: PASSWORD,
      RELAY_CODING: study.isCoded ? 'on' : 'off',
    };
    const args = [
      'upload',
      join(world.folder, 'studies', String(study.number)),
      '--gateway',
      `${world.address}/api`,
      '--user',
      'admin',
      '--policy',
      study.policy,
      '--wait',
      '--json',
    ];
    study.chosen += 1;
    const { code, stdout, stderr } = await runRelay(args, env, (child) => {
      running.set(study.number, child);
      if (child.pid !== undefined) void writer.note(name, child.pid);
    });
    running.delete(study.number);
    delete state.processes[name];
    await mkdir(join(world.folder, 'said'), { recursive: true });
    await writeFile(
      join(world.folder, 'said', `${study.number}-${study.chosen}.txt`),
      `${code}\n${stderr}\n${stdout}`,
    );
    return judge(study, code, stdout);
  }

  /**
   * True: it has ended. An answer without a document (killed, not signed in, not reached) means that the
   * files are chosen again.
   */
  function judge(study: Queued, code: number, stdout: string): boolean {
    let document: Document;
    try {
      document = JSON.parse(stdout) as Document;
    } catch {
      return false;
    }
    const [found] = document.studies;
    const others =
      found?.instances.filter(({ state: its }) => its !== 'stored' && its !== 'already-stored') ?? [];
    const isLost = others.length === 1 && others[0]!.reason === 'conflicting-instance' && hasContest(study);
    if (found === undefined || document.studies.length !== 1 || (code !== 0 && !isLost)) {
      state.wrong.push(
        `study ${study.number} ended with ${code}: ${
          others
            .map((one) => `${one.state} ${one.reason}`)
            .slice(0, 3)
            .join(', ') || 'nothing was said'
        }`,
      );
    }
    Object.assign(study, { state: 'ended', uploadId: found?.uploadId ?? null, lostConflict: isLost });
    return true;
  }

  const hasContest = ({ of }: Queued): boolean =>
    state.queued.some((other) => other.of === of && other.isConflict);

  async function untilEnded(study: Queued, clockSeconds: number): Promise<void> {
    while (!ending.signal.aborted && !(await once(study, clockSeconds))) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }

  return {
    begin(study, clockSeconds) {
      const task = untilEnded(study, clockSeconds).catch(
        (error: Error) => void state.wrong.push(`the command line: ${error.message}`),
      );
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
