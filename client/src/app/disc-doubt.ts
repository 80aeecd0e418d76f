/**
 * Whether something that was chosen on this device may have been left behind. Counts of what was not sent are lost in
 * many ways: by a reload, by another part of the same study, by a choice that was cleared. So once anything was left
 * behind, no disc is said to be free until a person says that it is not needed, or a long shift is over.
 */
import { computed, effect, untracked, type ReadonlySignal } from '@preact/signals';
import type { IngestStore } from '../pipeline/ingest/found/found-study.ts';
import type { QueueStore } from '../pipeline/queue/queued-study.ts';
import { leftBehindOf } from './choice-outcome.ts';
import { hasNothing, outcomesOf, pageOf, type Outcomes } from './choice-outcomes.ts';
import { lackOf } from './disc-of.ts';
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
  /** The doubt comes from another tab alone, which still has the files. */
  readonly isElsewhere: ReadonlySignal<boolean>;
  /** The outcome of every choice on this page. */
  readonly outcomes: ReadonlySignal<Outcomes>;
  /** A person needs nothing of what was left behind. */
  settle(): void;
}

const KEPT_MS = 12 * 60 * 60 * 1000;

export function watchDoubt(watch: DoubtWatch): DiscDoubt {
  const { page, ingest, queue, lost, now } = watch;
  const outcomes = computed(() => outcomesOf(ingest.sentFromHere.value, queue.studies.value, pageOf(ingest)));
  const isKept = computed(() => {
    const { value: at } = lost.doubtedAt;
    return at === undefined ? null : at !== null && at + KEPT_MS > now();
  });
  let known: readonly number[] = [];
  effect(() => {
    const left = leftBehind(watch, outcomes.value);
    // The hours begin again with each new cause, since the disc in the drive may be another one.
    if (left.some((count, at) => count > (known[at] ?? 0))) untracked(() => lost.noteDoubt(now()));
    known = left;
  });
  page.addEventListener('pagehide', () => {
    if (!hasNothing(pageOf(ingest))) lost.noteDoubt(now());
  });
  return {
    isDoubted: computed(() => (isKept.value === false ? lost.isElsewhere.value : isKept.value)),
    isElsewhere: lost.isElsewhere,
    outcomes,
    settle: () => lost.noteDoubt(null),
  };
}

/**
 * Counts, by cause, what an earlier page took along, files that left the page unsent, and what the studies that were
 * sent lack.
 */
function leftBehind({ ingest, lost }: DoubtWatch, { choices, notSent }: Outcomes): readonly number[] {
  const { leftUnread, stopped } = ingest.disc.value;
  return [
    ingest.sentFromHere.value.clearings,
    lost.count.value,
    Number(lost.stopped.value !== null),
    leftUnread.length,
    Number(stopped?.studies.size === 0),
    notSent.leftOut.reduce((sum, study) => sum + lackOf(study), 0),
    ...choices.flatMap(leftBehindOf),
  ];
}
