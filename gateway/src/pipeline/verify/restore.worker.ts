/** The thread that restores coded instances: only message glue; shared/src/transfer/coding does the work. */
import { CodingError } from '#shared/transfer/coding/coded-format.ts';
import { restoreInstance } from '#shared/transfer/coding/restore-instance.ts';
import { serveTasks } from '../../threads/serve-tasks.ts';
import { giving, toOwn } from '../../threads/thread.ts';
import type { RestoreTalk } from './restore-thread.ts';

serveTasks<RestoreTalk>(async ({ size, encoding, bytes }, ask) => {
  const source = {
    size,
    read: (offset: number, length: number) => ask(giving({ kind: 'read', offset, length })),
  };
  try {
    for await (const made of restoreInstance(source, encoding, bytes)) {
      const piece = toOwn(made);
      await ask(giving({ kind: 'piece', piece }, piece.buffer));
    }
    return giving(null);
  } catch (error) {
    if (error instanceof CodingError) return giving(error.message);
    throw error;
  }
});
