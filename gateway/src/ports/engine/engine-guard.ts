/**
 * A thread of the engine's process that ends it from within, whatever a model does meanwhile on the main
 * thread: when it holds more memory than it may, and when the gateway is gone, which would leave a model that
 * hangs to run for ever.
 */
import { workerData } from 'node:worker_threads';
import { MEMORY_SIGNAL } from './engine-messages.ts';

export type GuardOrders = { readonly memoryBytes: number; readonly parentPid: number };

/**
 * Memory is filled with some GB a second: at most some 100 MB more are taken before it is seen. Looking costs
 * 20 µs.
 */
const LOOK_MS = 20;

const { memoryBytes, parentPid } = workerData as GuardOrders;
setInterval(() => {
  if (process.ppid !== parentPid) process.kill(process.pid, 'SIGKILL');
  if (process.memoryUsage.rss() > memoryBytes) process.kill(process.pid, MEMORY_SIGNAL);
}, LOOK_MS);
