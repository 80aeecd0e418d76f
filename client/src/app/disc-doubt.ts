/**
 * Whether something that was chosen on this device may have been left behind. Counts of what was not sent are lost in
 * many ways: by a reload, by another part of the same study, by a choice that was cleared. So once anything was left
 * behind, no disc is said to be free until a person says that it is not needed, or a long shift is over.
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
  readonly lost: Pick<LostChoice, 'count' | 'stopped'>;
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface DiscDoubt {
  readonly isDoubted: ReadonlySignal<boolean>;
  /** A person needs nothing of what was left behind. */
  settle(): void;
}

/** One entry for the device, whoever uses it: the disc stays in the drive when people change. */
const KEY = 'relaypacs-disc-doubt';
const KEPT_MS = 12 * 60 * 60 * 1000;

export function watchDoubt(watch: DoubtWatch): DiscDoubt {
  const { page, ingest, storage, now } = watch;
  const isNoted = (): boolean => {
    const at = storage.getItem(KEY);
    return at !== null && Number(at) + KEPT_MS > now();
  };
  const isDoubted = signal(isNoted());
  const note = (): void => {
    if (isDoubted.peek()) return;
    storage.setItem(KEY, String(now()));
    isDoubted.value = true;
  };
  effect(() => {
    if (isLeftBehind(watch)) note();
  });
  page.addEventListener('pagehide', () => {
    if (!hasNothing(pageOf(ingest))) note();
  });
  // Another tab has noted it, or its person has settled it.
  page.addEventListener('storage', () => {
    isDoubted.value = isNoted();
  });
  return {
    isDoubted,
    settle() {
      storage.removeItem(KEY);
      isDoubted.value = false;
    },
  };
}

/** A study went without some of its choice, files left the page unsent, or an earlier page took some along. */
function isLeftBehind({ ingest, queue, lost }: DoubtWatch): boolean {
  const here = ingest.sentFromHere.value;
  if (here.isCleared || lost.count.value > 0 || lost.stopped.value !== null) return true;
  if (ingest.disc.value.leftUnread.length > 0) return true;
  return outcomesOf(here, queue.studies.value, pageOf(ingest)).choices.some(isLackingWhatWasSent);
}
