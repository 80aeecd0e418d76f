/**
 * The marks of a review as its page shows them: the caller's own, including unsent changes, and those of others that
 * the caller may see. Each change is stored on the device at once and sent a moment later. All marks of a place are
 * sent together.
 */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import {
  ANNOTATIONS_LIMIT,
  lastNumberIn,
  reviewAnnotationsSchema,
  type Annotation,
  type ReviewAnnotations,
} from '#shared/protocol/annotations.ts';
import type { Trouble } from '../../kit/trouble.ts';
import type { ApiClient } from '../../net/api-client.ts';
import type { Outbox, Unsent as InOutbox } from '../../outbox/outbox.ts';
import type { Step } from '../../outbox/statements.ts';
import type { LocalDatabase } from '../../pipeline/queue/rows/local-database.ts';

/** `trouble`: why the gateway refused the step; null: it waits for the link. */
export type Unsent<S extends Step = Step> = {
  readonly given: S;
  readonly trouble: Trouble | null;
  readonly inOutbox: InOutbox;
};
type Annotate = Extract<Step, { step: 'annotate' }>;
export type Marks = readonly Annotation[];

/** The delay that turns a drag along an edge, or three quick key presses, into one request. */
export const SEND_AFTER_MS = 800;

export interface MarkTools {
  readonly api: Pick<ApiClient, 'json'>;
  readonly outbox: Pick<Outbox, 'statements' | 'answered' | 'ready' | 'keep' | 'give' | 'send' | 'discard'>;
  readonly database: LocalDatabase;
  /** The user's id. */
  readonly account: string;
  readonly newId: () => string;
  /** Calls `then` later. Returns a function that cancels it. */
  readonly wait: (ms: number, then: () => void) => () => void;
}

export interface MarkState {
  readonly unsent: ReadonlySignal<readonly Unsent[]>;
  readonly server: Signal<ReviewAnnotations | null>;
  /** The caller's place; null: the caller does not read this review. */
  readonly place: ReadonlySignal<number | null>;
  /** The caller's own marks as the page shows them: unsent marks replace those of the gateway; null: not known yet. */
  readonly own: ReadonlySignal<Marks | null>;
  /** The highest mark number used on this page, even if that mark was removed. */
  lastNumber: number;
}

export function openMarks(unsent: MarkState['unsent'], place: ReadonlySignal<number | null>): MarkState {
  const server = signal<ReviewAnnotations | null>(null);
  const own = computed(() => {
    const waiting = waitingMarks(unsent.value).at(-1);
    if (waiting) return waiting.given.request.annotations;
    return server.value && (placeIn(server.value, place.value)?.annotations ?? []);
  });
  return { unsent, server, place, own, lastNumber: 0 };
}

const isAnnotate = (one: Unsent): one is Unsent<Annotate> => one.given.step === 'annotate';

export const waitingMarks = (unsent: readonly Unsent[]): readonly Unsent<Annotate>[] =>
  unsent.filter(isAnnotate);

/** Reads the marks from the gateway. */
export async function loadMarks(
  { api }: Pick<MarkTools, 'api'>,
  state: MarkState,
  of: { readonly reviewId: string; readonly signal: AbortSignal },
): Promise<void> {
  const path = `/reviews/${of.reviewId}/annotations`;
  seeMarks(state, await api.json(path, reviewAnnotationsSchema, { signal: of.signal }));
}

/**
 * The only place where marks read from the gateway are stored. An answer older than the known version of the caller's
 * own marks is ignored.
 */
export function seeMarks({ server, place }: MarkState, read: ReviewAnnotations): void {
  const known = server.peek();
  const version = placeIn(read, place.peek())?.version ?? 0;
  if (version < (placeIn(known, place.peek())?.version ?? 0)) return;
  // Equal marks keep the same object, so that undo continues from them.
  if (JSON.stringify(read) !== JSON.stringify(known)) server.value = read;
}

const placeIn = (server: ReviewAnnotations | null | undefined, place: number | null) =>
  server?.places.find((one) => one.place === place) ?? null;

/**
 * The caller's marks at the gateway, where it refused those of this page; null: it refused none, or they are not read.
 */
export const marksElsewhere = ({ unsent, server, place }: MarkState): ReadonlySignal<Marks | null> =>
  computed(() => {
    const refused = waitingMarks(unsent.value).find(({ trouble }) => trouble !== null);
    const held = placeIn(server.value, place.value);
    return refused && held && held.version > refused.given.request.version ? held.annotations : null;
  });

export const versionOf = (state: MarkState, place: number): number =>
  placeIn(state.server.peek(), place)?.version ?? 0;

/** Marks of other places that the caller may see. */
export const othersOf = (
  state: MarkState,
  own: ReadonlySignal<{ readonly place: number } | null>,
): ReadonlySignal<ReviewAnnotations['places']> =>
  computed(() => (state.server.value?.places ?? []).filter(({ place }) => place !== own.value?.place));

/** The highest number that a mark of this reading has or had, as far as this page knows. */
export const lastNumberOf = (state: MarkState, place: number | null): number =>
  lastNumberIn(
    state.own.peek() ?? [],
    Math.max(
      state.lastNumber,
      placeIn(state.server.peek(), place)?.lastNumber ?? 0,
      ...waitingMarks(state.unsent.peek()).map(({ given }) => given.request.lastNumber),
    ),
  );

/** Two marks with the same drawing give the same text. */
const drawingOf = ({ id: _id, number: _number, ...drawn }: Annotation): string => JSON.stringify(drawn);

type Copying = {
  /** Ids of the previous copies. Those that the other reading does not have are removed. */
  readonly earlier: ReadonlySet<string>;
  readonly newId: () => string;
  readonly lastNumber: number;
};

/**
 * The caller's marks together with copies of another reader's marks. The copies belong to the caller and get new
 * numbers. A mark that exists already is not duplicated, and the limit on marks holds.
 */
export function withCopies(
  own: Marks,
  of: Marks,
  { earlier, newId, lastNumber }: Copying,
): { readonly marks: Marks; readonly copies: ReadonlySet<string> } {
  const wanted = new Set(of.map(drawingOf));
  const kept = own.filter((mark) => !earlier.has(mark.id) || wanted.has(drawingOf(mark)));
  const there = new Set(kept.map(drawingOf));
  const added = of
    .filter((mark) => !there.has(drawingOf(mark)))
    .slice(0, ANNOTATIONS_LIMIT - kept.length)
    .map((mark, at) => ({ ...mark, id: newId(), number: lastNumber + at + 1 }));
  const marks = [...kept, ...added];
  const copies = [...kept.filter(({ id }) => earlier.has(id)), ...added];
  return { marks, copies: new Set(copies.map(({ id }) => id)) };
}

/**
 * Stores these marks in place of the earlier ones. They replace a request that was never sent, under a new id, because
 * another tab may have sent the old one. Behind a request that was tried, a new one waits, so there are at most two.
 */
export async function keepMarks(
  { newId, outbox }: MarkTools,
  state: MarkState,
  of: { readonly reviewId: string; readonly place: number; readonly marks: Marks },
): Promise<void> {
  const { reviewId, place, marks } = of;
  const lastNumber = lastNumberIn(marks, lastNumberOf(state, place));
  state.lastNumber = lastNumber;
  const waiting = waitingMarks(state.unsent.peek());
  const last = waiting.at(-1);
  const open = last?.inOutbox.isFresh ? last : undefined;
  // The gateway may have counted a request already whose answer is still to come.
  const version = last ? last.given.request.version + (open ? 0 : 1) : versionOf(state, place);
  const request = { id: newId(), place, annotations: [...marks], lastNumber, version };
  await outbox.keep({ step: 'annotate', reviewId, request }, open ? [open.inOutbox] : []);
}
