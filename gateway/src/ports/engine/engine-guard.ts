/**
 * A thread of the engine's process that ends the process from within, whatever a model is doing on the main thread:
 * when it holds more memory than it may, and when the gateway is gone, because a model that hangs would then run for
 * ever.
 */
import { workerData } from 'node:worker_threads';
import { MEMORY_SIGNAL } from './engine-messages.ts';

export type GuardOrders = { readonly memoryBytes: number; readonly parentPid: number };

/**
 * Memory fills at some GB a second, so at most some 100 MB more are taken before this is noticed. A check costs 20 µs.
 */
const LOOK_MS = 20;

const { memoryBytes, parentPid } = workerData as GuardOrders;
setInterval(() => {
  if (process.ppid !== parentPid) process.kill(process.pid, 'SIGKILL');
  if (process.memoryUsage.rss() > memoryBytes) process.kill(process.pid, MEMORY_SIGNAL);
}, LOOK_MS);
