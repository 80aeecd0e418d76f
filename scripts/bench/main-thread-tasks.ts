/**
 * From a trace of Chromium: how long each task of the page's own thread took, and in which functions the long
 * ones spent their time.
 */

/** The parts of an event of the Trace Event Format that are used; times in microseconds. */
export type TraceEvent = {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly args?: { readonly name?: string; readonly src_func?: string };
};

/**
 * `at`: when it began, in microseconds of the trace's clock; `postedBy`: the function of the browser that
 * asked for it.
 */
export type Task = {
  readonly at: number;
  readonly ms: number;
  readonly thread: string;
  readonly postedBy: string;
};

const RUN_TASK = /RunTask$/;

const threadOf = ({ pid, tid }: TraceEvent): string => `${pid} ${tid}`;
const total = (tasks: readonly Task[]): number => tasks.reduce((sum, { ms }) => sum + ms, 0);

/**
 * Of the renderer whose main thread was busiest: the others are empty pages and extensions. Nested tasks
 * count once.
 */
export function mainThreadTasks(events: readonly TraceEvent[]): Task[] {
  const threads = events
    .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
    .map(threadOf);
  const byThread = new Map<string, Task[]>(threads.map((thread) => [thread, []]));
  const open = new Map<string, number[]>();
  for (const event of [...events].sort((a, b) => a.ts - b.ts)) {
    const thread = threadOf(event);
    const tasks = byThread.get(thread);
    if (!tasks || !(RUN_TASK.test(event.name) || event.ph === 'E')) continue;
    const started = open.get(thread) ?? [];
    open.set(thread, started);
    const postedBy = event.args?.src_func ?? '';
    if (event.ph === 'X' && started.length === 0)
      tasks.push({ at: event.ts, ms: (event.dur ?? 0) / 1000, thread, postedBy });
    else if (event.ph === 'B') started.push(event.ts);
    else if (event.ph === 'E' && started.length > 0) {
      const from = started.pop()!;
      if (started.length === 0) tasks.push({ at: from, ms: (event.ts - from) / 1000, thread, postedBy });
    }
  }
  return [...byThread.values()].sort((a, b) => total(b) - total(a))[0] ?? [];
}

/**
 * The used parts of a CPU profile (Chrome DevTools Protocol, Profiler.Profile); its clock is that of the trace.
 */
export type Profile = {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly startTime: number;
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
};

/** Innermost first; more of a stack says little. */
const FRAMES = 6;
const LINES = 3;

/**
 * Of the `most` longest tasks: how long each took, when, what the browser itself did in it, and the stacks it
 * was seen in most often.
 */
export function describeLongTasks(
  tasks: readonly Task[],
  events: readonly TraceEvent[],
  profile: Profile,
  most: number,
): string[] {
  const sampled = samplesOf(profile);
  return [...tasks]
    .sort((a, b) => b.ms - a.ms)
    .slice(0, most)
    .map(({ at, ms, thread, postedBy }) => {
      const isInside = (moment: number): boolean => moment >= at && moment <= at + ms * 1000;
      const own = events.filter(
        (event) =>
          event.ph === 'X' && !RUN_TASK.test(event.name) && threadOf(event) === thread && isInside(event.ts),
      );
      const parts = own
        .toSorted((a, b) => (b.dur ?? 0) - (a.dur ?? 0))
        .slice(0, LINES)
        .map(({ name, dur = 0 }) => `\n    ${(dur / 1000).toFixed(0)} ms ${name}`);
      const stacks = Map.groupBy(
        sampled.filter((sample) => isInside(sample.at)),
        ({ stack }) => stack,
      );
      const often = [...stacks]
        .sort(([, a], [, b]) => b.length - a.length)
        .slice(0, LINES)
        .map(([stack, seen]) => `\n    ${seen.length} × ${stack}`);
      return `${ms.toFixed(0)} ms, ${((at - (tasks[0]?.at ?? at)) / 1e6).toFixed(1)} s after the first, posted by ${postedBy}${[...parts, ...often].join('')}`;
    });
}

function samplesOf({
  nodes,
  startTime,
  samples = [],
  timeDeltas = [],
}: Profile): { readonly at: number; readonly stack: string }[] {
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      `${functionName || '(anonymous)'}${url && ` ${url.split('/').pop()}:${lineNumber + 1}`}`,
    ]),
  );
  const stackOf = (node: number): string => {
    const stack: string[] = [];
    for (let id: number | undefined = node; id !== undefined && stack.length < FRAMES; id = parents.get(id))
      stack.push(names.get(id)!);
    return stack.join(' < ');
  };
  let now = startTime;
  return samples.map((node, nth) => {
    now += timeDeltas[nth] ?? 0;
    return { at: now, stack: stackOf(node) };
  });
}
