/**
 * The marks of a review as its page has them: those of the caller, with what was not sent yet, and those of others that
 * the caller may see. Each change is kept on the device at once and sent a moment later; all of a place go together.
 */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import {
  ANNOTATIONS_LIMIT,
  lastNumberIn,
  reviewAnnotationsSchema,
  type Annotation,
  type ReviewAnnotations,
} from '#shared/protocol/annotations.ts';
import type { Trouble } from '../kit/trouble.ts';
import { keepGiven, type Given, type OutboxTools } from './review-outbox.ts';

/** `trouble`: the gateway refused it; null: it waits for the link. */
export type Unsent = { readonly given: Given; readonly trouble: Trouble | null };
export type Annotate = Extract<Given, { step: 'annotate' }>;
export type Marks = readonly Annotation[];

/** A drag along an edge, or three quick steps with a key, are one request. */
export const SEND_AFTER_MS = 800;

export interface MarkTools extends OutboxTools {
  readonly now: () => number;
  readonly newId: () => string;
  /** Calls back later; the answer calls that off. */
  readonly wait: (ms: number, then: () => void) => () => void;
}

export interface MarkState {
  readonly unsent: Signal<readonly Unsent[]>;
  readonly server: Signal<ReviewAnnotations | null>;
  /** The caller's own, as the page shows them; null: not known yet. */
  readonly own: Signal<Marks | null>;
  /** Ids of requests that may have reached the gateway: their content can no longer change. */
  readonly tried: Set<string>;
  /** The highest that a mark had on this page, whatever became of it. */
  lastNumber: number;
  /** Writes of marks follow one another: the older never goes over the newer. */
  keeping: Promise<void>;
}

export const openMarks = (unsent: MarkState['unsent']): MarkState => ({
  unsent,
  server: signal<ReviewAnnotations | null>(null),
  own: signal<Marks | null>(null),
  tried: new Set(),
  lastNumber: 0,
  keeping: Promise.resolve(),
});

const isAnnotate = (given: Given): given is Annotate => given.step === 'annotate';

export const waitingMarks = (unsent: readonly Unsent[]): readonly Annotate[] =>
  unsent.map(({ given }) => given).filter(isAnnotate);

/** Read for another place: what was the caller's own is not, and the other way round. */
export function forgetMarks(state: MarkState): void {
  state.server.value = null;
  state.own.value = waitingMarks(state.unsent.peek()).at(-1)?.request.annotations ?? null;
}

/** Reads them from the gateway; what waits on the device goes over that. */
export async function loadMarks(
  { api }: Pick<OutboxTools, 'api'>,
  state: MarkState,
  of: { readonly reviewId: string; readonly place: number | null; readonly signal: AbortSignal },
): Promise<void> {
  const path = `/reviews/${of.reviewId}/annotations`;
  state.server.value = await api.json(path, reviewAnnotationsSchema, { signal: of.signal });
  showMarks(state, of.place);
}

/** Shows the marks as they are known here. */
export function showMarks(state: MarkState, place: number | null): void {
  const waiting = waitingMarks(state.unsent.peek()).at(-1);
  state.own.value = waiting?.request.annotations ?? placeIn(state.server.peek(), place)?.annotations ?? [];
}

const placeIn = (server: ReviewAnnotations | null | undefined, place: number | null) =>
  server?.places.find((one) => one.place === place) ?? null;

export const versionOf = (state: MarkState, place: number): number =>
  placeIn(state.server.peek(), place)?.version ?? 0;

/** Marks of other places that the caller may see. */
export const othersOf = (
  state: MarkState,
  own: ReadonlySignal<{ readonly place: number } | null>,
): ReadonlySignal<ReviewAnnotations['places']> =>
  computed(() => (state.server.value?.places ?? []).filter(({ place }) => place !== own.value?.place));

/** The highest that a mark of the reading has or had, as far as is known here. */
export const lastNumberOf = (state: MarkState, place: number | null): number =>
  lastNumberIn(
    state.own.peek() ?? [],
    Math.max(
      state.lastNumber,
      placeIn(state.server.peek(), place)?.lastNumber ?? 0,
      ...waitingMarks(state.unsent.peek()).map(({ request }) => request.lastNumber),
    ),
  );

/** The same of two marks that are drawn alike. */
const drawingOf = ({ id: _id, number: _number, ...drawn }: Annotation): string => JSON.stringify(drawn);

type Copying = {
  /** The copies of the last time: those that the other does not have are taken back. */
  readonly earlier: ReadonlySet<string>;
  readonly newId: () => string;
  readonly lastNumber: number;
};

/**
 * The caller's marks with copies of another's, which are the caller's own from then on, with numbers of their own. A
 * mark that is there already is not doubled; there are at most as many as may be.
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
 * Keeps these in place of those before. A request that was never sent takes them up; behind one that was, a new one
 * waits: so two at most.
 */
export async function keepMarks(
  tools: MarkTools,
  state: MarkState,
  of: { readonly reviewId: string; readonly place: number; readonly marks: Marks },
): Promise<void> {
  const { reviewId, place, marks } = of;
  const annotations = [...marks];
  state.own.value = marks;
  const lastNumber = lastNumberIn(marks, lastNumberOf(state, place));
  state.lastNumber = lastNumber;
  const waiting = waitingMarks(state.unsent.peek());
  const open = waiting.find(({ request }) => !state.tried.has(request.id));
  const given: Annotate = open
    ? { ...open, request: { ...open.request, annotations, lastNumber } }
    : {
        ...{ step: 'annotate', reviewId, at: tools.now() },
        request: {
          ...{ id: tools.newId(), place, annotations, lastNumber },
          version: versionOf(state, place) + waiting.length,
        },
      };
  const rest = state.unsent.peek();
  state.unsent.value = open
    ? rest.map((one) => (one.given === open ? { given, trouble: null } : one))
    : [...rest, { given, trouble: null }];
  state.keeping = state.keeping.then(() => keepGiven(tools, given));
  await state.keeping;
}
