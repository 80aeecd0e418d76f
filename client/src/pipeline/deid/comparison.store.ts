/**
 * The screen before and after: the displayed instance, the changes that the policy makes to it, and the state of the
 * list. Values are kept only here and are discarded by `close()`.
 */
import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import type { FoundFile } from '../ingest/found/group-studies.ts';
import type { IngestStore } from '../ingest/found/found-study.ts';
import type { InspectedSeries } from '../ingest/found/inspection.ts';
import { NotPrepared } from '../ingest/prepare/prepare-policy.ts';
import type { Comparison } from '../compare/comparison.ts';
import { openChangeList, type ChangeListStore } from './change-list.store.ts';
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
export interface ComparisonStore extends Looked, ChangeListStore {
  readonly series: ReadonlySignal<readonly InspectedSeries[]>;
  /** Null if the study has no instances any more. */
  readonly place: ReadonlySignal<Place | null>;
  readonly shown: ReadonlySignal<Shown>;
  show(found: FoundFile): void;
  again(): void;
  close(): void;
}

type ComparingIngest = Pick<IngestStore, 'inspection' | 'policy' | 'released' | 'studies'>;

export function createComparisonStore(ingest: ComparingIngest, studyInstanceUID: string): ComparisonStore {
  const wanted = signal<number | null>(null);
  const attempt = signal(0);
  // Depends on the drawn studies, because more files may come while reading continues.
  const series = computed(() => {
    void ingest.studies.value;
    return ingest.inspection.seriesOf(studyInstanceUID);
  });
  const place = computed(() => placeOf(series.value, wanted.value));
  const comparing = compareCurrent(ingest, { studyInstanceUID, place, attempt });
  const { shown } = comparing;
  const rows = computed(() => (shown.value.kind === 'compared' ? shown.value.rows : []));
  const startsWith = ingest.policy.peek()?.deidentify === false ? 'all' : 'changed';
  const changes = openChangeList(rows, startsWith);
  return {
    series,
    place,
    shown,
    ...changes,
    ...createLooked(),
    show({ ordinal }) {
      wanted.value = ordinal;
    },
    again() {
      attempt.value += 1;
    },
    close() {
      comparing.stop();
      changes.search('');
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
