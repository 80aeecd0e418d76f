/**
 * A thread's heap keeps the last task's garbage until memory is needed. Together with the next task, and with the heaps
 * of the other threads, that would take memory twice.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** Ordinary tasks leave less behind; collecting after each of them would double their cost. */
const GARBAGE_BYTES = 64 * 1024 ** 2;

/** Call it in a thread after a task: collects if the task left much behind. */
export function collectGarbage(): void {
  if (getHeapStatistics().used_heap_size > GARBAGE_BYTES) collect();
}
