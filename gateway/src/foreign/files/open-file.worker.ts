/** The thread that opens files. This only handles messages; the work is in open-file.ts. */
import { deserialize, serialize } from 'node:v8';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { collectGarbage } from '../../threads/collect-garbage.ts';
import { serveTasks } from '../../threads/serve-tasks.ts';
import { giving, toOwn } from '../../threads/thread.ts';
import { toDevicePolicy } from './device-policy.ts';
import { openFile, type Opening } from './open-file.ts';
import { ROOMLESS_BYTES, type OpenTalk } from './open-talk.ts';

serveTasks<OpenTalk>(async ({ size, form, policy, fatal, from }, ask, signal) => {
  const file = {
    size,
    read: (offset: number, length: number) => ask(giving({ kind: 'read', offset, length })),
  };
  /** The gateway may still be storing the previous instance while the next one is read. */
  let taken: Promise<unknown> = Promise.resolve();
  /** The reply to the latest `begin`. */
  let begun = Promise.resolve(new Uint8Array(0));
  const opening: Opening = {
    form,
    fatal: new Set(fatal),
    async begin(entry, bytes) {
      // Frees the garbage of this entry before another thread gets the room for its entry.
      collectGarbage();
      // The reply to the last `begin` arrived before that entry's bytes.
      if ((await begun).length > 0) return false;
      begun = ask(giving({ kind: 'begin', entry, bytes }));
      // The gateway receives `begin` before any later message.
      if (bytes > ROOMLESS_BYTES) await begun;
      else void ignoreFailure(begun, 'then the task is stopped');
      return true;
    },
    policy: await toDevicePolicy(policy, (patient) => ask(giving({ kind: 'patient', patient }))),
    // Nobody receives these pseudonyms, so their patients are not counted.
    unsent: await toDevicePolicy(policy, async () => undefined),
    async takePlaced(opened) {
      await taken;
      taken = ask(giving({ kind: 'take', opened }));
      void ignoreFailure(taken, 'the next one, or the end, is told');
    },
    take: async (opened) => void (await ask(giving({ kind: 'take', opened }, opened.bytes.buffer))),
    leave: async (entry, of) => void (await ask(giving({ kind: 'leave', entry, of }))),
    signal,
  };
  const paused = await openFile(file, opening, from === null ? undefined : deserialize(from));
  collectGarbage();
  await taken;
  if (paused === null) return giving(null);
  const bytes = toOwn(serialize(paused));
  return giving(bytes, bytes.buffer);
});
