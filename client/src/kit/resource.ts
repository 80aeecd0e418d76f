/**
 * An answer requested from the gateway or the device. Its state is loading, known or failed, so that a page can say
 * "none" only if the answer is known to be empty. A failed refresh keeps the last value and marks it as old. The answer
 * to the latest question wins. Closing cancels the question in progress.
 */
import { computed, signal, type ReadonlySignal } from '@preact/signals';

export type Answer<T, Trouble> =
  | { readonly state: 'loading' }
  /** `old`: why the latest question failed, so that the value answers an earlier one; null: the value is current. */
  | { readonly state: 'known'; readonly value: T; readonly old: Trouble | null }
  | { readonly state: 'failed'; readonly trouble: Trouble };

export type Known<T = unknown, Trouble = unknown> = Extract<Answer<T, Trouble>, { state: 'known' }>;

/** Why there is no answer, or no newer one. */
export function troubleIn<Trouble>(answer: Answer<unknown, Trouble>): Trouble | null {
  if (answer.state === 'loading') return null;
  return answer.state === 'failed' ? answer.trouble : answer.old;
}

export interface Resource<T, Trouble> {
  readonly answer: ReadonlySignal<Answer<T, Trouble>>;
  /** Null: not known. Never draw "none" from null. */
  readonly value: ReadonlySignal<T | null>;
  readonly isAsking: ReadonlySignal<boolean>;
  /** Never throws. If the question fails, `answer` contains the reason. */
  ask(question: (signal: AbortSignal) => Promise<T>): Promise<void>;
  /** Asks the last question again, for a person who was told that it failed. */
  again(): Promise<void>;
  /** Sets a newer value, such as the answer to a change, and cancels the question in progress. */
  take(value: T): void;
  /** Modifies a known value. A question in progress continues. */
  change(to: (value: T) => T): void;
  /** Returns to loading, for a next question that the known value does not answer. */
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

/** The state after a failed question: an earlier value stays. */
const without = <T, Trouble>(before: Answer<T, Trouble>, trouble: Trouble): Answer<T, Trouble> =>
  before.state === 'known' ? { ...before, old: trouble } : { state: 'failed', trouble };
