/**
 * Something that the gateway or the device is asked for: loading, known or failed by type, so that "none" can be drawn
 * from a known value alone. A failed refresh keeps the last value and says that it is old; the answer to a later
 * question wins; closing ends the question under way.
 */
import { computed, signal, type ReadonlySignal } from '@preact/signals';

export type Answer<T, Trouble> =
  | { readonly state: 'loading' }
  /** `old`: why the last question had no answer, so that this is the answer to one before; null: it is the newest. */
  | { readonly state: 'known'; readonly value: T; readonly old: Trouble | null }
  | { readonly state: 'failed'; readonly trouble: Trouble };

export type Known<T = unknown, Trouble = unknown> = Extract<Answer<T, Trouble>, { state: 'known' }>;

/** Why there is no answer, or none that is newer. */
export function troubleIn<Trouble>(answer: Answer<unknown, Trouble>): Trouble | null {
  if (answer.state === 'loading') return null;
  return answer.state === 'failed' ? answer.trouble : answer.old;
}

export interface Resource<T, Trouble> {
  readonly answer: ReadonlySignal<Answer<T, Trouble>>;
  /** Null: not known. Nobody draws "none" from it. */
  readonly value: ReadonlySignal<T | null>;
  readonly isAsking: ReadonlySignal<boolean>;
  /** Never throws: the answer tells why the question failed. */
  ask(question: (signal: AbortSignal) => Promise<T>): Promise<void>;
  /** The last question, as a person who was told of its failure asks it. */
  again(): Promise<void>;
  /** A newer value, as the answer to a change tells it: a question under way is no longer waited for. */
  take(value: T): void;
  /** Changes a known value in its place; a question under way continues. */
  change(to: (value: T) => T): void;
  /** Loading: what is known is no answer to the next question. */
  forget(): void;
  close(): void;
}

export function createResource<T, Trouble>(troubleOf: (error: unknown) => Trouble): Resource<T, Trouble> {
  const answer = signal<Answer<T, Trouble>>({ state: 'loading' });
  const value = computed(() => (answer.value.state === 'known' ? answer.value.value : null));
  const isAsking = signal(false);
  let asking = new AbortController();
  let last: ((until: AbortSignal) => Promise<T>) | null = null;
  let isClosed = false;
  const stop = (): void => {
    asking.abort();
    isAsking.value = false;
  };
  const know = (known: T): void => {
    answer.value = { state: 'known', value: known, old: null };
  };
  const ask = async (question: (until: AbortSignal) => Promise<T>): Promise<void> => {
    if (isClosed) return;
    stop();
    const mine = new AbortController();
    asking = mine;
    last = question;
    isAsking.value = true;
    try {
      const told = await question(mine.signal);
      if (!mine.signal.aborted) know(told);
    } catch (error) {
      if (!mine.signal.aborted) answer.value = without(answer.peek(), troubleOf(error));
    } finally {
      if (asking === mine) isAsking.value = false;
    }
  };
  const forget = (): void => {
    stop();
    answer.value = { state: 'loading' };
  };
  return {
    answer,
    value,
    isAsking,
    ask,
    async again() {
      if (answer.peek().state === 'failed') forget();
      if (last !== null) await ask(last);
    },
    take(newer) {
      stop();
      know(newer);
    },
    change(to) {
      const before = answer.peek();
      if (before.state === 'known') answer.value = { ...before, value: to(before.value) };
    },
    forget,
    close() {
      isClosed = true;
      stop();
    },
  };
}

/** A question had no answer: an earlier one stays. */
const without = <T, Trouble>(before: Answer<T, Trouble>, trouble: Trouble): Answer<T, Trouble> =>
  before.state === 'known' ? { ...before, old: trouble } : { state: 'failed', trouble };
