/** Whatever is to be restored kills the process. */
import type { RestoreTalk } from '../pipeline/verify/restore-thread.ts';
import { serveTasks } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';

serveTasks<RestoreTalk>(async () => {
  process.kill(process.pid, 'SIGKILL');
  return giving('it lives');
});
