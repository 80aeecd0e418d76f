/**
 * Remembers files that were chosen on a page but not sent. They are lost when the page closes or the browser is killed.
 * Each page therefore writes its unsent choice to the database. Later pages remind the person who chose, until the
 * files are sent or the reminder is dismissed.
 *
 * A page holds a lock named after its row while the choice is on it. A free lock means that the choice is lost.
 */
import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import {
  changeChoice,
  doubtChoice,
  isChoice,
  keepChoice,
  keepDoubt,
  watchChoices,
  type ChosenStudy,
  type KeptChoice,
  type KeptChoices,
} from '../pipeline/queue/rows/kept-choices.ts';
import type { IngestPhase } from '../pipeline/ingest/found/found-study.ts';
import type { LocalDatabase } from '../pipeline/queue/rows/local-database.ts';

interface ChoiceWatch {
  readonly page: Pick<Window, 'addEventListener'>;
  readonly database: LocalDatabase;
  readonly locks: Pick<LockManager, 'request'>;
  readonly createId: () => string;
  /** The account that is signed in; null: nobody is. */
  readonly account: ReadonlySignal<string | null>;
  /** Instances that are being written into the queue. */
  readonly unsafe: ReadonlySignal<number>;
  /** Instances that Send would take. */
  readonly chosen: ReadonlySignal<number>;
  /** The studies on the page that were not sent; null: the person who chose them has left, or nobody has chosen any. */
  readonly unsent: ReadonlySignal<readonly ChosenStudy[] | null>;
  /** Where reading of the choice was stopped. */
  readonly stopped: ReadonlySignal<Required<KeptChoice>['stopped'] | null>;
  readonly phase: ReadonlySignal<IngestPhase>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface LostChoice {
  /** Instances that this person chose on earlier pages, that were lost with those pages, and are not on this page. */
  readonly count: ReadonlySignal<number>;
  /** Such a page ended while it read files, so that `count` may be too low. */
  readonly isCutOff: ReadonlySignal<boolean>;
  /** Where reading was stopped on such a page; with several pages, on the last one. */
  readonly stopped: ReadonlySignal<Required<KeptChoice>['stopped'] | null>;
  /** Another open page of this device reads files, or has studies that were not sent. */
  readonly isElsewhere: ReadonlySignal<boolean>;
  /** `KeptChoices.doubtedAt`; undefined: not read yet. */
  readonly doubtedAt: ReadonlySignal<number | null | undefined>;
  noteDoubt(doubtedAt: number | null): void;
  dismiss(): void;
  /**
   * Call this before the person signs out, which clears the page. The person was told about this page's files, so they
   * are normally not kept. But if a reminder of an earlier page is shown, it names no study and would seem to count
   * everything unsent, so it then includes this page too.
   */
  beforeSignOut(): void;
}

export function watchChoice(watch: ChoiceWatch): LostChoice {
  const { page, database, account, unsafe, chosen } = watch;
  page.addEventListener('beforeunload', (event) => {
    if (unsafe.peek() + chosen.peek() > 0) event.preventDefault();
  });
  const leave = keepUnsent(watch);
  const { kept, gone, doubtedAt } = readKept(watch);
  const left = ({ mark, instances, sent }: ChosenStudy): number =>
    Math.max(0, instances - Math.max(0, (kept.value.queued.get(mark) ?? 0) - sent));
  const ended = computed(() => kept.value.choices.filter(({ id }) => gone.value.has(id)));
  const lost = computed(() =>
    ended.value.filter(({ account: whose }) => (whose ?? account.value) === account.value),
  );
  effect(() => {
    for (const choice of lost.value) {
      const studies = choice.studies.filter((study) => left(study) > 0);
      if (studies.length < choice.studies.length || choice.account !== account.value)
        change(database, withStudies({ ...choice, account: account.value }, studies));
    }
  });
  doubtCutOff(watch, ended);
  /** `here`: instances to leave out, by the mark of their study. */
  const countLost = (here: ReadonlyMap<number, number>): number => {
    // A study that was lost twice counts once.
    const counts = new Map<number, number>();
    for (const study of lost.value.flatMap(({ studies }) => studies)) {
      const lacking = Math.max(0, left(study) - (here.get(study.mark) ?? 0));
      counts.set(study.mark, Math.max(lacking, counts.get(study.mark) ?? 0));
    }
    return [...counts.values()].reduce((sum, instances) => sum + instances, 0);
  };
  return {
    // What was chosen again is counted by the page that it is on.
    count: computed(() =>
      countLost(new Map((watch.unsent.value ?? []).map(({ mark, instances }) => [mark, instances]))),
    ),
    isCutOff: computed(() => lost.value.some(({ isReading }) => isReading)),
    stopped: computed(() => lost.value.findLast(({ stopped }) => stopped)?.stopped ?? null),
    isElsewhere: computed(() => {
      const own = watch.phase.value === 'reading' || (watch.unsent.value?.length ?? 0) > 0 ? 1 : 0;
      return kept.value.choices.filter(({ id }) => !gone.value.has(id)).length > own;
    }),
    doubtedAt,
    noteDoubt: (at) =>
      void ignoreFailure(keepDoubt(database, at), 'without a database nothing is sent either'),
    dismiss() {
      for (const choice of lost.peek()) end(database, choice);
    },
    beforeSignOut() {
      if (countLost(new Map()) > 0) leave();
    },
  };
}

/** Where a page ended while it read, nobody knows how many files it left behind, whoever chose them. */
function doubtCutOff({ database, now }: ChoiceWatch, ended: ReadonlySignal<readonly KeptChoice[]>): void {
  const noted = new Set<string>();
  effect(() => {
    for (const choice of ended.value)
      if (choice.isReading && !choice.isDoubted && !noted.has(choice.id)) {
        noted.add(choice.id);
        void ignoreFailure(doubtChoice(database, choice.id, now()), 'the next page tries again');
      }
  });
}

/** When its last study is sent, the row ends. One without studies ends only when a person dismisses it. */
const withStudies = (choice: KeptChoice, studies: readonly ChosenStudy[]): KeptChoice => ({
  ...choice,
  studies,
  isReading: choice.isReading === true && (studies.length > 0 || choice.studies.length === 0),
});

const end = (database: LocalDatabase, choice: KeptChoice): void =>
  change(database, { ...choice, studies: [], isReading: false });

const change = (database: LocalDatabase, choice: KeptChoice): void =>
  void ignoreFailure(changeChoice(database, choice), 'it stays, and is told once more');

/** `gone`: ids of rows whose choice is no longer on any page. */
function readKept({ database, locks }: ChoiceWatch) {
  const kept = signal<Omit<KeptChoices, 'doubtedAt'>>({ choices: [], queued: new Map() });
  const doubtedAt = signal<number | null | undefined>(undefined);
  const gone = signal<ReadonlySet<string>>(new Set());
  const asked = new Set<string>();
  watchChoices(database, (now) => {
    kept.value = now;
    doubtedAt.value = now.doubtedAt;
    for (const { id } of now.choices) {
      if (asked.has(id)) continue;
      asked.add(id);
      void locks.request(lockOf(id), () => {
        gone.value = new Set([...gone.peek(), id]);
      });
    }
  });
  return { kept, gone, doubtedAt };
}

const lockOf = (id: string): string => `relaypacs-choice ${id}`;

/**
 * Writes each choice to a row of its own, so that the next person does not overwrite it. Returns a function that leaves
 * the current choice behind.
 */
function keepUnsent(watch: ChoiceWatch): () => void {
  const { database, account, unsent, stopped, phase, now } = watch;
  let row = openRow(watch);
  let owner: string | null = null;
  let isEmpty = true;
  let hasStudies = false;
  const leave = (): void => {
    if (isEmpty) return;
    if (!hasStudies) {
      // The person ended the reading, and nothing had been counted. Only the doubt remains.
      void ignoreFailure(keepDoubt(database, now()), 'without a database nothing is kept');
      row.write({ account: owner, studies: [] });
    }
    row.leave();
    row = openRow(watch);
    isEmpty = true;
    hasStudies = false;
  };
  effect(() => {
    const isReading = phase.value === 'reading';
    // Before the first study is found there is nobody's choice yet. Later it means that its person has left.
    const studies = unsent.value ?? (phase.value === 'idle' || hasStudies ? null : []);
    // Unsent studies belong to the person who chose them, even while the next person is signing in.
    owner = isEmpty ? account.value : (owner ?? account.value);
    if (studies !== null) {
      const kept = { account: owner, studies, ...(isReading && { isReading }), ...stoppedAt(stopped.value) };
      isEmpty = !isChoice(kept);
      hasStudies = studies.length > 0;
      row.write(kept);
    } else leave();
  });
  return leave;
}

/** Stores no study names; only the page itself knows more. */
const stoppedAt = (stopped: ChoiceWatch['stopped']['value']): Pick<KeptChoice, 'stopped'> | null =>
  stopped && { stopped: { filesRead: stopped.filesRead, filesFound: stopped.filesFound } };

function openRow({ database, locks, createId }: ChoiceWatch) {
  const id = createId();
  const left = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  let writing = held.promise;
  let wanted: KeptChoice = { id, account: null, studies: [] };
  let written = wanted;
  let last = '';
  void locks.request(lockOf(id), async () => {
    held.resolve();
    await left.promise;
    await writing;
  });
  const write = async (): Promise<void> => {
    if (wanted === written) return;
    written = wanted;
    await ignoreFailure(keepChoice(database, wanted), 'without a database nothing is kept');
  };
  return {
    write(now: Omit<KeptChoice, 'id'>): void {
      const text = JSON.stringify(now);
      if (text === last || !(isChoice(now) || isChoice(wanted))) return;
      last = text;
      wanted = { id, ...now };
      // While one value is being written, only the newest of those that follow is written next.
      writing = writing.then(write);
    },
    leave: () => left.resolve(),
  };
}
