/**
 * A thread's heap keeps what the last task left until there is need: beside the next task, and beside the heaps of the
 * other threads, that is memory twice.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** Ordinary tasks leave less behind; to collect after each of them would cost as much again. */
const GARBAGE_BYTES = 64 * 1024 ** 2;

/** In a thread, where it left much. */
export function collectGarbage(): void {
  if (getHeapStatistics().used_heap_size > GARBAGE_BYTES) collect();
}
