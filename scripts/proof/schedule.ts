/**
 * Decides which test files run together in one process, in which order, and how many processes run at once:
 * enough to keep every core busy and none overloaded. A file that waits (for a browser, a link, a timer)
 * leaves room for others; one that computes takes a core.
 */
import { runsAlone, type Weight } from './weights.ts';
import type { PartName } from './test-parts.ts';

export type Job = {
  readonly files: readonly string[];
  readonly needs: readonly PartName[];
  readonly seconds: number;
  /** Cores that it keeps busy, on average. */
  readonly load: number;
};

/** Starting a process takes half a second; longer groups than this would leave one lane alone at the end. */
const SECONDS_TOGETHER = 20;
const FILES_TOGETHER = 40;
/** The least a running file is counted for: each has a process or more, and its memory. */
const LEAST_LOAD = 0.25;
/** With a browser that it shares with others, whose processor time nobody can ascribe to a file. */
const LEAST_LOAD_OF_BROWSER = 0.5;

/** The facts known about a file before it runs. */
export type Describe = {
  readonly needs: (file: string) => PartName[];
  readonly weigh: (file: string) => Weight;
};

function jobOf(files: readonly string[], { needs, weigh }: Describe): Job {
  const weights = files.map(weigh);
  const seconds = weights.reduce((sum, weight) => sum + weight.seconds, 0);
  const cpuSeconds = weights.reduce((sum, weight) => sum + weight.cpuSeconds, 0);
  const needed = [...new Set(files.flatMap(needs))];
  const least = needed.includes('chromium') ? LEAST_LOAD_OF_BROWSER : LEAST_LOAD;
  return {
    files,
    needs: needed,
    seconds,
    load: Math.max(least, seconds > 0 ? cpuSeconds / seconds : 1),
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
      seconds += describe.weigh(file).seconds;
      if (seconds < SECONDS_TOGETHER && batch.length < FILES_TOGETHER) continue;
      jobs.push(jobOf(batch, describe));
      batch = [];
      seconds = 0;
    }
    if (batch.length > 0) jobs.push(jobOf(batch, describe));
  }
  return jobs.sort((a, b) => b.seconds - a.seconds);
}

/**
 * Runs each job as soon as `cores` can carry it together with the running ones; a job that is too heavy runs
 * alone.
 */
export async function runJobs(
  jobs: readonly Job[],
  cores: number,
  run: (job: Job) => Promise<void>,
): Promise<void> {
  const waiting = [...jobs];
  const running = new Set<Promise<void>>();
  let load = 0;
  while (waiting.length > 0 || running.size > 0) {
    const index = waiting.findIndex((job) => running.size === 0 || load + job.load <= cores);
    if (index < 0) {
      await Promise.race(running);
      continue;
    }
    const [job] = waiting.splice(index, 1) as [Job];
    load += job.load;
    const done: Promise<void> = run(job).finally(() => {
      load -= job.load;
      running.delete(done);
    });
    running.add(done);
  }
}
