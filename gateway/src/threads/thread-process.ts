/**
 * The process around one thread (start-thread.ts): passes on what both sides say, and ends with either. Its main
 * thread does nothing else, so that it sees its parent's end whatever the script is busy with. The thread is given
 * its first task once the parent was told that it begins: whoever ends the process before is not the task.
 */
import { writeFileSync } from 'node:fs';
import { BEGINS, startWorker, type ProcessStart } from './start-thread.ts';

const die = (): boolean => process.kill(process.pid, 'SIGKILL');

/** proc_pid_oom_score_adj(5): the kernel that runs out of memory ends this process, not its parent. */
function offerToKernel(): void {
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Without /proc the limit of the heap remains.
  }
}

// A signal to the parent's whole group (Ctrl-C) is no end that the script has brought about.
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
