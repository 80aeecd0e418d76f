/**
 * Decides which test files run together in one process, in which order, and how many processes run at once: as many
 * as keep the processor busy. The cost of a file, in its own process or in one that others share, is seen and not
 * guessed: another process begins when the processor has been idle for a moment.
 */
import { availableParallelism, cpus } from 'node:os';
import { setTimeout as after } from 'node:timers/promises';
import { runsAlone } from './weights.ts';
import type { PartName } from './test-parts.ts';

export type Job = {
  readonly files: readonly string[];
  readonly needs: readonly PartName[];
  readonly seconds: number;
};

/** Loading the gateway takes a second; longer groups than this would leave one lane alone at the end. */
const SECONDS_TOGETHER = 80;
const FILES_TOGETHER = 120;

/** The facts known about a file before it runs. */
export type Describe = {
  readonly needs: (file: string) => PartName[];
  readonly seconds: (file: string) => number;
};

function jobOf(files: readonly string[], { needs, seconds }: Describe): Job {
  return {
    files,
    needs: [...new Set(files.flatMap(needs))],
    seconds: files.reduce((sum, file) => sum + seconds(file), 0),
  };
}

/** Unit files that need the same parts share processes; every other file has one of its own. Longest first. */
export function planJobs(files: readonly string[], describe: Describe): Job[] {
  const jobs = files.filter(runsAlone).map((file) => jobOf([file], describe));
  const byNeeds = Map.groupBy(
    files.filter((file) => !runsAlone(file)),
    (file) => describe.needs(file).join(' '),
  );
  for (const together of byNeeds.values()) {
    let batch: string[] = [];
    let seconds = 0;
    for (const file of together) {
      batch.push(file);
      seconds += describe.seconds(file);
      if (seconds < SECONDS_TOGETHER && batch.length < FILES_TOGETHER) continue;
      jobs.push(jobOf(batch, describe));
      batch = [];
      seconds = 0;
    }
    if (batch.length > 0) jobs.push(jobOf(batch, describe));
  }
  return jobs.sort((a, b) => b.seconds - a.seconds);
}

export type Lanes = {
  /** So many always run, and never more than `most`. */
  readonly least: number;
  readonly most: number;
  /** Resolves after a moment: whether the processor had time to spare in it. */
  readonly isIdle: () => Promise<boolean>;
};

const LOOK_MS = 400;
/** Below this share of one core in all of them, another process would only slow the others down. */
const IDLE_CORES = 0.35;

/** Each core carries at most four lanes: a browser and its pages take half a gigabyte. */
export function createLanes(): Lanes {
  const cores = availableParallelism();
  const idleMs = (): number => cpus().reduce((sum, { times }) => sum + times.idle, 0);
  return {
    least: cores,
    most: 4 * cores,
    async isIdle() {
      const before = idleMs();
      const from = performance.now();
      await after(LOOK_MS);
      return idleMs() - before > IDLE_CORES * (performance.now() - from);
    },
  };
}

/** Runs the jobs in their order. @throws what a job throws; no further one begins. */
export async function runJobs(
  jobs: readonly Job[],
  { least, most, isIdle }: Lanes,
  run: (job: Job) => Promise<void>,
): Promise<void> {
  const waiting = [...jobs];
  const running = new Set<Promise<void>>();
  // Kept, as nobody may wait for a job at the moment in which it fails.
  const failures: unknown[] = [];
  while (failures.length === 0 && (waiting.length > 0 || running.size > 0)) {
    const mayBegin = running.size < least || (running.size < most && waiting.length > 0 && (await isIdle()));
    if (waiting.length > 0 && mayBegin) {
      const done: Promise<void> = run(waiting.shift()!)
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(done));
      running.add(done);
    } else if (waiting.length === 0 || running.size >= most) await Promise.race(running);
  }
  if (failures.length > 0) throw failures[0];
}
