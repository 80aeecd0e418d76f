/** The thread in which instances get other values: only message glue; coerce-file.ts does the work. */
import { serveTasks } from '../../threads/serve-tasks.ts';
import { giving } from '../../threads/thread.ts';
import { coerceFile } from './coerce-file.ts';
import type { CoerceTalk } from './coerce-thread.ts';

serveTasks<CoerceTalk>(async ({ size, coercion, at }, ask, isOver) => {
  const file = { size, read: (offset: number, length: number) => ask(giving({ offset, length })) };
  return giving(await coerceFile(file, { coercion, at }, isOver));
});
