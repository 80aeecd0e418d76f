/** The thread that draws reports. It only passes messages; draw-report.ts does the work. */
import { serveTasks } from '../../threads/serve-tasks.ts';
import { giving } from '../../threads/thread.ts';
import { drawReport } from './draw-report.ts';
import type { ReportCase, ReportPicture, ReportTalk } from './report-thread.ts';

serveTasks<ReportTalk>(async (head, ask) => {
  await drawReport(head, {
    next: async () => (await ask(giving({ kind: 'case' }))) as ReportCase | null,
    picture: async (at) => (await ask(giving({ kind: 'picture', at }))) as ReportPicture,
    take: async (bytes) => void (await ask(giving({ kind: 'bytes', bytes }, bytes.buffer))),
  });
  return giving(null);
});
