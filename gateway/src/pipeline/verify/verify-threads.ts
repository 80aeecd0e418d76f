/**
 * The threads of verify, and who may have one when: accounts take turns, and each thread has one instance at a
 * time, so that an instance that ends its thread is known for it. Suspects go one by one through a thread in a
 * process of its own, so that they can end nothing else, and nobody suffers by them but suspects.
 */
import { createThreadLine } from '../../threads/fair-line.ts';
import { keepThread, type KeptThread, type Talk, type ThreadOptions } from '../../threads/thread.ts';
import type { Turn } from '../pipeline-tools.ts';

/** A thread for an account whose instances are slow, and one for everybody else. */
const THREADS = 2;

/** Runs `work` with a thread once it is this account's turn. Throws what `work` throws. */
type VerifyThreads<T extends Talk> = <R>(
  turn: Turn,
  work: (thread: KeptThread<T>) => Promise<R>,
) => Promise<R>;

export function createVerifyThreads<T extends Talk>(script: URL, options: ThreadOptions): VerifyThreads<T> {
  const threads = Array.from({ length: THREADS }, () => keepThread<T>(script, options));
  const line = createThreadLine(threads);
  const suspects = createThreadLine([keepThread<T>(script, { ...options, hasOwnProcess: true })]);
  return ({ account, isSuspect, signal }, work) => (isSuspect ? suspects : line)(account, work, signal);
}
