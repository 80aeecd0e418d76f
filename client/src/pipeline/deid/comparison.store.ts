/**
 * The screen before and after: the displayed instance, the changes that the policy makes to it, and the state of the
 * list. Values are kept only here and are discarded by `close()`.
 */
import { computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { FoundFile } from '../ingest/found/group-studies.ts';
import type { IngestStore } from '../ingest/found/found-study.ts';
import type { InspectedSeries } from '../ingest/found/inspection.ts';
import { NotPrepared } from '../ingest/prepare/prepare-policy.ts';
import type { Comparison } from '../compare/comparison.ts';
import {
  createListing,
  keyOfRow,
  type Entry,
  type Filter,
  type Heading,
  type Listed,
  type ListState,
} from './list-entries.ts';
import { createLooked, type Looked } from './looked-frames.ts';

/** `reading`: also while another instance is loaded; `failed`: the page failed, not the instance. */
export type Shown =
  | { readonly kind: 'reading' }
  | { readonly kind: 'policy-unknown' }
  /** The instance's pseudonyms need the gateway, which did not provide them. */
  | { readonly kind: 'not-prepared' }
  | { readonly kind: 'failed' }
  | Comparison;

/** The displayed instance, and its position in its series. */
interface Place {
  readonly series: InspectedSeries;
  readonly found: FoundFile;
  /** Counted from 0. */
  readonly at: number;
}

/** `looked`: the frames that this screen has shown uncovered and large enough to be read. */
export interface ComparisonStore extends Looked {
  readonly series: ReadonlySignal<readonly InspectedSeries[]>;
  /** Null if the study has no instances any more. */
  readonly place: ReadonlySignal<Place | null>;
  readonly shown: ReadonlySignal<Shown>;
  readonly list: Signal<ListState>;
  readonly entries: ReadonlySignal<Listed>;
  /** False if there are no changes to filter by. */
  readonly hasChanges: ReadonlySignal<boolean>;
  show(found: FoundFile): void;
  again(): void;
  setFilter(filter: Filter): void;
  search(query: string): void;
  turn(heading: Heading): void;
  flip(entry: Extract<Entry, { kind: 'row' }>): void;
  close(): void;
}

const NOTHING_TURNED = { turned: new Set<Heading>(), flipped: new Set<string>() };

type ComparingIngest = Pick<IngestStore, 'inspection' | 'policy' | 'released' | 'studies'>;

export function createComparisonStore(ingest: ComparingIngest, studyInstanceUID: string): ComparisonStore {
  const wanted = signal<number | null>(null);
  const attempt = signal(0);
  const startsWith: Filter = ingest.policy.peek()?.deidentify === false ? 'all' : 'changed';
  const list = signal<ListState>({ filter: startsWith, query: '', ...NOTHING_TURNED });

  // Depends on the drawn studies, because more files may come while reading continues.
  const series = computed(() => {
    void ingest.studies.value;
    return ingest.inspection.seriesOf(studyInstanceUID);
  });
  const place = computed(() => placeOf(series.value, wanted.value));
  const comparing = compareCurrent(ingest, { studyInstanceUID, place, attempt });
  const { shown } = comparing;
  const rows = computed(() => (shown.value.kind === 'compared' ? shown.value.rows : []));
  const listing = computed(() => createListing(rows.value));
  const change = (some: Partial<ListState>) => {
    list.value = { ...list.peek(), ...some };
  };
  return {
    series,
    place,
    shown,
    list,
    ...createLooked(),
    hasChanges: computed(() => rows.value.some(({ change }) => change !== 'kept')),
    entries: computed(() => listing.value(list.value)),
    show({ ordinal }) {
      wanted.value = ordinal;
    },
    again() {
      attempt.value += 1;
    },
    setFilter: (filter) => change({ filter, turned: NOTHING_TURNED.turned }),
    search: (query) => change({ query, ...NOTHING_TURNED }),
    turn: (heading) => change({ turned: turned(list.peek().turned, heading) }),
    flip: ({ heading, row }) => change({ flipped: turned(list.peek().flipped, keyOfRow(heading, row)) }),
    close() {
      comparing.stop();
      change({ query: '', ...NOTHING_TURNED });
    },
  };
}

type Comparing = {
  readonly studyInstanceUID: string;
  readonly place: ReadonlySignal<Place | null>;
  readonly attempt: ReadonlySignal<number>;
};

/** Compares the instance at `place`, and again after each change of the policy, of its release or of `attempt`. */
function compareCurrent(
  ingest: ComparingIngest,
  { studyInstanceUID, place, attempt }: Comparing,
): { readonly shown: ReadonlySignal<Shown>; stop(): void } {
  const shown = signal<Shown>({ kind: 'reading' });
  const abort = new AbortController();
  const current = computed(() => place.value?.found ?? null);
  const released = computed(() => current.value && ingest.released.value.get(current.value.ordinal));
  let asked = 0;

  async function compare(found: FoundFile): Promise<void> {
    asked += 1;
    const turn = asked;
    shown.value = { kind: 'reading' };
    const said = await ingest.inspection.compare({ studyInstanceUID, found }, abort.signal).then(
      (compared) => compared ?? ({ kind: 'policy-unknown' } as const),
      (error: unknown) => ({ kind: error instanceof NotPrepared ? 'not-prepared' : 'failed' }) as const,
    );
    // Otherwise a newer request is running, or the screen is closed.
    if (turn === asked && !abort.signal.aborted) shown.value = said;
  }

  const stop = effect(() => {
    void [ingest.policy.value, released.value, attempt.value];
    if (current.value !== null) void compare(current.value);
  });
  return {
    shown,
    stop() {
      stop();
      abort.abort();
      shown.value = { kind: 'reading' };
    },
  };
}

/** The requested instance, or else the first one. */
function placeOf(series: readonly InspectedSeries[], ordinal: number | null): Place | null {
  for (const each of series) {
    const at = each.files.findIndex((found) => found.ordinal === ordinal);
    if (at >= 0) return { series: each, found: each.files[at]!, at };
  }
  const first = series.find(({ files }) => files.length > 0);
  return first ? { series: first, found: first.files[0]!, at: 0 } : null;
}

function turned<T>(set: ReadonlySet<T>, item: T): ReadonlySet<T> {
  const next = new Set(set);
  if (!next.delete(item)) next.add(item);
  return next;
}
