/** Works like open-file.worker.ts on three entries, none of them DICOM, but the second one ends the process. */
import type { OpenTalk } from '../foreign/files/open-talk.ts';
import { serveTasks } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';

serveTasks<OpenTalk>(async ({ fatal }, ask) => {
  for (const entry of [1, 2, 3]) {
    const reason = fatal.includes(entry) ? 'cannot-be-opened' : 'not-dicom';
    if (!fatal.includes(entry)) {
      await ask(giving({ kind: 'begin', entry, bytes: 0 }));
      if (entry === 2) process.exit(1);
    }
    await ask(giving({ kind: 'leave', entry: { entry, state: 'refused', reason } }));
  }
  return giving(null);
});
