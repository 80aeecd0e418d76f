/**
 * Whether something that was chosen on this device may have been left behind. Counts of unsent files can be lost: by a
 * reload, by sending another part of the same study, or by clearing a choice. So once anything was left behind, no disc
 * is said to be free until the person says that the rest is not needed, or a long shift is over.
 */
import { effect, signal, type ReadonlySignal } from '@preact/signals';
import type { IngestStore } from '../pipeline/ingest/found-study.ts';
import type { QueueStore } from '../pipeline/queue/queued-study.ts';
import { isLackingWhatWasSent } from './choice-outcome.ts';
import { hasNothing, outcomesOf, pageOf } from './choice-outcomes.ts';
import type { LostChoice } from './lost-choice.ts';

interface DoubtWatch {
  readonly page: Pick<Window, 'addEventListener'>;
  readonly ingest: IngestStore;
  readonly queue: Pick<QueueStore, 'studies'>;
  /** The account that is signed in; null: nobody is. */
  readonly account: ReadonlySignal<string | null>;
  readonly lost: Pick<LostChoice, 'count' | 'stopped'>;
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface DiscDoubt {
  readonly isDoubted: ReadonlySignal<boolean>;
  /** The person says that nothing left behind is needed. */
  settle(): void;
}

const KEPT_MS = 12 * 60 * 60 * 1000;
const keyOf = (account: string): string => `relaypacs-disc-doubt ${account}`;

export function watchDoubt(watch: DoubtWatch): DiscDoubt {
  const { page, ingest, account, storage, now } = watch;
  const isDoubted = signal(false);
  const note = (who: string | null): void => {
    if (who === null) return;
    storage.setItem(keyOf(who), String(now()));
    isDoubted.value = true;
  };
  effect(() => {
    const who = account.value;
    const at = who === null ? null : storage.getItem(keyOf(who));
    isDoubted.value = at !== null && Number(at) + KEPT_MS > now();
  });
  effect(() => {
    if (isLeftBehind(watch)) note(account.value);
  });
  page.addEventListener('pagehide', () => {
    if (!hasNothing(pageOf(ingest))) note(account.peek());
  });
  return {
    isDoubted,
    settle() {
      const who = account.peek();
      if (who !== null) storage.removeItem(keyOf(who));
      isDoubted.value = false;
    },
  };
}

/**
 * A study was sent without part of its choice, files left the page unsent, or an earlier page was closed with unsent
 * files.
 */
function isLeftBehind({ ingest, queue, lost }: DoubtWatch): boolean {
  const here = ingest.sentFromHere.value;
  if (here.isCleared || lost.count.value > 0 || lost.stopped.value !== null) return true;
  if (ingest.disc.value.leftUnread.length > 0) return true;
  return outcomesOf(here, queue.studies.value, pageOf(ingest)).choices.some(isLackingWhatWasSent);
}
