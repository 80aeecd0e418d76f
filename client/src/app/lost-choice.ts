/**
 * A page that goes, or whose browser is killed, takes along what was chosen on it and not sent. Each page keeps that
 * in the database while it is so, and later ones tell the person who chose, until it is sent or dismissed.
 *
 * A page holds a lock named after its row for as long as the choice is on it: where the lock is free, it is lost.
 */
import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import {
  changeChoice,
  keepChoice,
  keepDoubt,
  watchChoices,
  type ChosenStudy,
  type KeptChoice,
  type KeptChoices,
} from '../pipeline/queue/rows/kept-choices.ts';
import type { LocalDatabase } from '../pipeline/queue/rows/local-database.ts';

interface ChoiceWatch {
  readonly page: Pick<Window, 'addEventListener'>;
  readonly database: LocalDatabase;
  readonly locks: Pick<LockManager, 'request'>;
  readonly createId: () => string;
  /** The account that is signed in; null: none is. */
  readonly account: ReadonlySignal<string | null>;
  /** Instances that are being written into the queue. */
  readonly unsafe: ReadonlySignal<number>;
  /** Instances that Send would take. */
  readonly chosen: ReadonlySignal<number>;
  /** The studies on the page that were not sent; null: their person has left, or nobody has chosen any. */
  readonly unsent: ReadonlySignal<readonly ChosenStudy[] | null>;
  /** Where reading of them was stopped. */
  readonly stopped: ReadonlySignal<Required<KeptChoice>['stopped'] | null>;
}

export interface LostChoice {
  /** The instances of the person who is here that earlier pages took along. */
  readonly count: ReadonlySignal<number>;
  /** Where reading was stopped on such a page: the files of the last one. */
  readonly stopped: ReadonlySignal<Required<KeptChoice>['stopped'] | null>;
  /** Another open page of this device has studies that were not sent. */
  readonly isElsewhere: ReadonlySignal<boolean>;
  /** `KeptChoices.doubtedAt`; undefined: not read yet. */
  readonly doubtedAt: ReadonlySignal<number | null | undefined>;
  noteDoubt(doubtedAt: number | null): void;
  dismiss(): void;
  /**
   * Call it before the person signs out, which clears the page. Of what is on it they were told; where a reminder of an
   * earlier page stands, which names no study, it would seem to be all that is not sent: then it counts this page too.
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
  const lost = computed(() =>
    kept.value.choices.filter(
      ({ id, account: whose }) => gone.value.has(id) && (whose ?? account.value) === account.value,
    ),
  );
  effect(() => {
    for (const choice of lost.value) {
      const studies = choice.studies.filter((study) => left(study) > 0);
      if (studies.length < choice.studies.length || choice.account !== account.value)
        change(database, { ...choice, account: account.value, studies });
    }
  });
  const count = computed(() => {
    // A study that was lost twice is one.
    const counts = new Map<number, number>();
    for (const study of lost.value.flatMap(({ studies }) => studies))
      counts.set(study.mark, Math.max(left(study), counts.get(study.mark) ?? 0));
    return [...counts.values()].reduce((sum, instances) => sum + instances, 0);
  });
  return {
    count,
    stopped: computed(() => lost.value.findLast(({ stopped }) => stopped)?.stopped ?? null),
    isElsewhere: computed(() => {
      const own = (watch.unsent.value?.length ?? 0) > 0 ? 1 : 0;
      return kept.value.choices.filter(({ id }) => !gone.value.has(id)).length > own;
    }),
    doubtedAt,
    noteDoubt: (at) =>
      void ignoreFailure(keepDoubt(database, at), 'without a database nothing is sent either'),
    dismiss() {
      for (const choice of lost.peek()) change(database, { ...choice, studies: [] });
    },
    beforeSignOut() {
      if (count.peek() > 0) leave();
    },
  };
}

const change = (database: LocalDatabase, choice: KeptChoice): void =>
  void ignoreFailure(changeChoice(database, choice), 'it stays, and is told once more');

/** `gone`: rows whose page no longer has the choice. */
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
 * A row a choice: what somebody leaves behind is not overwritten by the next person. Returns what leaves the choice of
 * now behind.
 */
function keepUnsent(watch: ChoiceWatch): () => void {
  const { account, unsent, stopped } = watch;
  let row = openRow(watch);
  let owner: string | null = null;
  let isEmpty = true;
  const leave = (): void => {
    if (isEmpty) return;
    row.leave();
    row = openRow(watch);
    isEmpty = true;
  };
  effect(() => {
    const studies = unsent.value;
    // Unsent studies belong to whoever chose them, also while the next person is signing in.
    owner = isEmpty ? account.value : (owner ?? account.value);
    if (studies !== null) {
      isEmpty = studies.length === 0;
      row.write({ account: owner, studies, ...stoppedAt(stopped.value) });
    } else leave();
  });
  return leave;
}

/** Names no study: more is known of it on its page. */
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
      if (text === last || now.studies.length + wanted.studies.length === 0) return;
      last = text;
      wanted = { id, ...now };
      // While one is written, the ones before the newest are passed over.
      writing = writing.then(write);
    },
    leave: () => left.resolve(),
  };
}
