/**
 * Measures how long a thread is at work between two turns of its event loop, in processor time: time in which other
 * processes had the cores does not count. An immediate runs once in each turn, after the answers of the sockets; one
 * that is not referenced keeps no loop awake. Collection of the whole heap is told apart, by the clock: it comes of all
 * that happened before. That of young objects is a part of the work that makes them.
 */
import { constants, PerformanceObserver } from 'node:perf_hooks';

/** `fromMs`, `toMs`: instants of `performance.now()`. */
type Span = { readonly fromMs: number; readonly toMs: number };
export type Turn = Span & { readonly event: 'turn'; readonly cpuMs: number };
export type Collection = Span & { readonly event: 'collection' };

/** Shorter ones are nobody's business. */
const TURN_FROM_MS = 5;
const COLLECTION_FROM_MS = 1;

/** Node’s entry of type `gc`. */
type CollectionEntry = PerformanceEntry & { readonly detail: { readonly kind: number } };
const isOfYoung = (kind: number): boolean => kind === constants.NODE_PERFORMANCE_GC_MINOR;

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Returns the function that ends it. */
export function measureTurns(say: (measured: Turn | Collection) => void): () => void {
  let at = performance.now();
  let cpu = threadCpuMs();
  let next: NodeJS.Immediate;
  const end = (): void => {
    const now = performance.now();
    const nowCpu = threadCpuMs();
    if (nowCpu - cpu >= TURN_FROM_MS) say({ event: 'turn', fromMs: at, toMs: now, cpuMs: nowCpu - cpu });
    at = now;
    cpu = nowCpu;
    next = setImmediate(end).unref();
  };
  next = setImmediate(end).unref();
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration, detail } of list.getEntries() as CollectionEntry[])
      if (duration >= COLLECTION_FROM_MS && !isOfYoung(detail.kind))
        say({ event: 'collection', fromMs: startTime, toMs: startTime + duration });
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => {
    clearImmediate(next);
    observer.disconnect();
  };
}
