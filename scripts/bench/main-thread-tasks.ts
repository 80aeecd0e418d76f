/** From a trace of Chromium: how long each task of the page's own thread took. */

/** The parts of an event of the Trace Event Format that are used; times in microseconds. */
export type TraceEvent = {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly args?: { readonly name?: string };
};

const RUN_TASK = /RunTask$/;

const threadOf = ({ pid, tid }: TraceEvent): string => `${pid} ${tid}`;
const total = (tasks: readonly number[]): number => tasks.reduce((sum, ms) => sum + ms, 0);

/**
 * In milliseconds, of the renderer whose main thread was busiest: the others are empty pages and extensions. Nested
 * tasks count once.
 */
export function mainThreadTasks(events: readonly TraceEvent[]): number[] {
  const threads = events
    .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
    .map(threadOf);
  const byThread = new Map<string, number[]>(threads.map((thread) => [thread, []]));
  const open = new Map<string, number[]>();
  for (const event of [...events].sort((a, b) => a.ts - b.ts)) {
    const thread = threadOf(event);
    const tasks = byThread.get(thread);
    if (!tasks || !(RUN_TASK.test(event.name) || event.ph === 'E')) continue;
    const started = open.get(thread) ?? [];
    open.set(thread, started);
    if (event.ph === 'X' && started.length === 0) tasks.push((event.dur ?? 0) / 1000);
    else if (event.ph === 'B') started.push(event.ts);
    else if (event.ph === 'E' && started.length > 0) {
      const from = started.pop()!;
      if (started.length === 0) tasks.push((event.ts - from) / 1000);
    }
  }
  return [...byThread.values()].sort((a, b) => total(b) - total(a))[0] ?? [];
}
