/**
 * The process around one thread (start-thread.ts). It passes messages on in both directions, and ends with either side.
 * Its main thread does nothing else, so that it notices its parent's end whatever the script is doing. The thread gets
 * its first task only after the parent was told that it begins. So if the process ends before that, the task is not the
 * cause.
 */
import { writeFileSync } from 'node:fs';
import { BEGINS, startWorker, type ProcessStart } from './start-thread.ts';

const die = (): boolean => process.kill(process.pid, 'SIGKILL');

/** proc_pid_oom_score_adj(5): if memory runs out, the kernel ends this process, not its parent. */
function offerToKernel(): void {
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Without /proc, only the heap limit remains.
  }
}

// A signal to the parent's whole group (Ctrl-C) must not look like an end that the script has caused.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', die);
offerToKernel();
process.once('message', ({ script, heapMb, data }: ProcessStart) => {
  const early: unknown[] = [];
  let give = (message: unknown): void => void early.push(message);
  const worker = startWorker(
    { script: new URL(script), heapMb, data },
    {
      begin: () =>
        process.send?.(BEGINS, () => {
          give = (message) => worker.post(message, []);
          early.forEach(give);
        }),
      take: (message) => void process.send?.(message),
      lose: die,
    },
  );
  process.on('message', (message) => give(message));
});
