/** The thread that looks at images: message glue, the work is examination.ts. */
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import { giving, serveTasks } from '../thread.ts';
import { examineImage, showImage } from './examination.ts';
import type { ExamineTalk } from './examine-thread.ts';

const codecs = loadCodecs();

serveTasks<ExamineTalk>(async (task, ask, isOver) => {
  if (task.kind === 'show') return giving(await showImage(task.bytes, task.frame, task.sideLimit, codecs, isOver));
  return giving(await examineImage(task.question, (role) => (input) => ask(giving({ role, input })), codecs, isOver));
});
