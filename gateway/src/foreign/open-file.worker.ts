/** The thread that opens files: message glue, the work is open-file.ts. */
import { serveTasks } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';
import { toDevicePolicy } from './device-policy.ts';
import { openFile } from './open-file.ts';
import type { OpenTalk } from './open-talk.ts';

serveTasks<OpenTalk>(async ({ size, form, policy, fatal }, ask, signal) => {
  const file = {
    size,
    read: (offset: number, length: number) => ask(giving({ kind: 'read', offset, length })),
  };
  await openFile(file, {
    form,
    fatal: new Set(fatal),
    begin: async (entry) => void (await ask(giving({ kind: 'begin', entry }))),
    policy: await toDevicePolicy(policy, () => ask(giving({ kind: 'patient' }))),
    // Nobody hears of these pseudonyms: their patients do not count.
    unsent: await toDevicePolicy(policy, async () => undefined),
    takePlaced: async (opened) => void (await ask(giving({ kind: 'take', opened }))),
    take: async (opened) => void (await ask(giving({ kind: 'take', opened }, opened.bytes.buffer))),
    leave: async (entry, of) => void (await ask(giving({ kind: 'leave', entry, of }))),
    signal,
  });
  return giving(undefined);
});
