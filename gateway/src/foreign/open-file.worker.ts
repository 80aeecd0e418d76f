/** The thread that opens files: message glue, the work is open-file.ts. */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { serveTasks } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';
import { toDevicePolicy } from './device-policy.ts';
import { openFile } from './open-file.ts';
import { ROOMLESS_BYTES, type OpenTalk } from './open-talk.ts';

serveTasks<OpenTalk>(async ({ size, form, policy, fatal }, ask, signal) => {
  const file = {
    size,
    read: (offset: number, length: number) => ask(giving({ kind: 'read', offset, length })),
  };
  /** The gateway may still bring the instance before, while the next one is read. */
  let taken: Promise<unknown> = Promise.resolve();
  await openFile(file, {
    form,
    fatal: new Set(fatal),
    async begin(entry, bytes) {
      const begun = ask(giving({ kind: 'begin', entry, bytes }));
      // It is heard before whatever is asked afterwards.
      if (bytes > ROOMLESS_BYTES) await begun;
      else void ignoreFailure(begun, 'then the task is stopped');
    },
    policy: await toDevicePolicy(policy, () => ask(giving({ kind: 'patient' }))),
    // Nobody hears of these pseudonyms: their patients do not count.
    unsent: await toDevicePolicy(policy, async () => undefined),
    async takePlaced(opened) {
      await taken;
      taken = ask(giving({ kind: 'take', opened }));
      void ignoreFailure(taken, 'the next one, or the end, is told');
    },
    take: async (opened) => void (await ask(giving({ kind: 'take', opened }, opened.bytes.buffer))),
    leave: async (entry, of) => void (await ask(giving({ kind: 'leave', entry, of }))),
    signal,
  });
  await taken;
  return giving(undefined);
});
