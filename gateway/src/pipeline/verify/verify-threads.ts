/**
 * The threads of verify, and when each account gets one. Accounts take turns, and each thread has one instance at a
 * time, so that an instance that ends its thread can be identified. Suspects go one by one through a thread in a
 * process of its own, where they can end nothing else and hold up only other suspects.
 */
import { createThreadLine } from '../../threads/fair-line.ts';
import { keepThread, type KeptThread, type Talk, type ThreadOptions } from '../../threads/thread.ts';
import type { Turn } from '../plan/pipeline-tools.ts';

/** One thread for an account whose instances are slow, and one for all others. */
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
