/** Works like check.worker.ts, but one instance, named by its SOP Instance UID in `workerData`, kills the process. */
import { workerData } from 'node:worker_threads';
import type { CheckTalk } from '../pipeline/verify/check-thread.ts';
import { toVerifyRules, verifyInstance } from '../pipeline/verify/verify-instance.ts';
import { serveTasks } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';

serveTasks<CheckTalk>(async ({ size, promised, rules }, ask, isOver) => {
  if (promised.sop_instance_uid === workerData) process.kill(process.pid, 'SIGKILL');
  const source = { size, read: (offset: number, length: number) => ask(giving({ offset, length })) };
  return giving(await verifyInstance(source, promised, await toVerifyRules(rules), isOver));
});
