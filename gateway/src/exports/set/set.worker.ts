/** The thread that makes and searches sets. It only passes messages; make-set.ts and search-set.ts do the work. */
import { serveTasks } from '../../threads/serve-tasks.ts';
import { giving } from '../../threads/thread.ts';
import type { Identity } from '../anonymous/identity-texts.ts';
import { makeSet } from './make-set.ts';
import { searchSet } from './search-set.ts';
import type { SetInstance, SetStudy, SetTalk } from './set-thread.ts';

serveTasks<SetTalk>(async (task, ask, isOver) => {
  if (task.kind === 'search') {
    const set = {
      size: task.size,
      read: async (offset: number, length: number) =>
        (await ask(giving({ kind: 'read', offset, length }))) as Uint8Array<ArrayBuffer>,
      identities: async (patient: number) =>
        (await ask(giving({ kind: 'identities', patient }))) as readonly Identity[],
    };
    return giving(await searchSet(task, set, isOver));
  }
  const source = {
    next: async () => (await ask(giving({ kind: 'study' }))) as SetStudy | null,
    instance: async (at: number) => (await ask(giving({ kind: 'instance', at }))) as SetInstance,
    table: async () => (await ask(giving({ kind: 'table' }))) as string,
    take: async (bytes: Uint8Array<ArrayBuffer>) =>
      void (await ask(giving({ kind: 'bytes', bytes }, bytes.buffer))),
  };
  return giving(await makeSet(task, source, isOver));
});
