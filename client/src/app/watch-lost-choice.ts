/** Connects the reminder of lost choices and the record of what this page sent to this browser's storage. */
import { computed } from '@preact/signals';
import { NOTHING_SENT } from '../pipeline/ingest/found/sent-from-here.ts';
import { unsentStudies } from './choice-outcomes.ts';
import type { Device } from './device.ts';
import { keepSent } from './keep-sent.ts';
import { chosenIn } from './use-chosen.ts';
import { watchDoubt, type DiscDoubt } from './disc-doubt.ts';
import { watchChoice, type LostChoice } from './lost-choice.ts';

/** The choices that were lost, and the doubt whether anything was left behind. */
export type ChoiceMemory = LostChoice & { readonly doubt: DiscDoubt };

export function watchLostChoice({ ingest, queue, database, session, signOutTasks }: Device): ChoiceMemory {
  const account = computed(() => session.user.value?.id ?? null);
  keepSent({ ingest, account, storage: sessionStorage, now: Date.now });
  const lost = watchChoice({
    page: window,
    database,
    locks: navigator.locks,
    createId: () => crypto.randomUUID(),
    account,
    unsafe: queue.unsafe,
    chosen: computed(() => chosenIn(ingest)),
    stopped: computed(() => ingest.disc.value.stopped),
    phase: ingest.phase,
    now: Date.now,
    unsent: computed(() => (ingest.sentFromHere.value === NOTHING_SENT ? null : unsentStudies(ingest))),
  });
  signOutTasks.onLeave(lost.beforeSignOut);
  return { ...lost, doubt: watchDoubt({ page: window, ingest, queue, lost, now: Date.now }) };
}
