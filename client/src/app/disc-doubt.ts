/**
 * Whether something that was chosen on this device may have been left behind. Counts of what was not sent are lost in
 * many ways: by a reload, by another part of the same study, by a choice that was cleared. So once anything was left
 * behind, no disc is said to be free until a person says that it is not needed, or a long shift is over.
 */
import { computed, effect, untracked, type ReadonlySignal } from '@preact/signals';
import type { IngestStore } from '../pipeline/ingest/found/found-study.ts';
import type { QueueStore } from '../pipeline/queue/queued-study.ts';
import { isLackingWhatWasSent } from './choice-outcome.ts';
import { hasNothing, outcomesOf, pageOf } from './choice-outcomes.ts';
import type { LostChoice } from './lost-choice.ts';

interface DoubtWatch {
  readonly page: Pick<Window, 'addEventListener'>;
  readonly ingest: IngestStore;
  readonly queue: Pick<QueueStore, 'studies'>;
  readonly lost: Pick<LostChoice, 'count' | 'stopped' | 'isElsewhere' | 'doubtedAt' | 'noteDoubt'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface DiscDoubt {
  /** For the whole device: the disc stays in the drive when people change. null: not read yet. */
  readonly isDoubted: ReadonlySignal<boolean | null>;
  /** A person needs nothing of what was left behind. */
  settle(): void;
}

const KEPT_MS = 12 * 60 * 60 * 1000;

export function watchDoubt(watch: DoubtWatch): DiscDoubt {
  const { page, ingest, lost, now } = watch;
  const isKept = computed(() => {
    const { value: at } = lost.doubtedAt;
    return at === undefined ? null : at !== null && at + KEPT_MS > now();
  });
  const note = (): void => {
    if (isKept.peek() !== true) lost.noteDoubt(now());
  };
  effect(() => {
    if (isLeftBehind(watch)) untracked(note);
  });
  page.addEventListener('pagehide', () => {
    if (!hasNothing(pageOf(ingest))) note();
  });
  return {
    isDoubted: computed(() => (isKept.value === false ? lost.isElsewhere.value : isKept.value)),
    settle: () => lost.noteDoubt(null),
  };
}

/** A study went without some of its choice, files left the page unsent, or an earlier page took some along. */
function isLeftBehind({ ingest, queue, lost }: DoubtWatch): boolean {
  const here = ingest.sentFromHere.value;
  if (here.isCleared || lost.count.value > 0 || lost.stopped.value !== null) return true;
  const { leftUnread, stopped } = ingest.disc.value;
  if (leftUnread.length > 0 || stopped?.studies.size === 0) return true;
  return outcomesOf(here, queue.studies.value, pageOf(ingest)).choices.some(isLackingWhatWasSent);
}
