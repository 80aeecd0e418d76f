/**
 * Verdicts that could not be saved before their page was left: held in memory for this user while the window is
 * open, shown above the list, and given back to the page of the result. Nothing is written to the device: a reason
 * may name a person.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { Result } from '#shared/protocol/inference.ts';
import type { SessionStore } from '../net/session.ts';
import type { SignOutTasks } from '../net/sign-out-tasks.ts';
import type { VerifyRequest } from './finding-kinds.ts';
import type { Trouble } from './trouble.ts';

export interface Unsent {
  /** As it was when the verdict was given. */
  readonly result: Result;
  readonly request: VerifyRequest;
  readonly trouble: Trouble;
}

export interface UnsentWords {
  readonly all: ReadonlySignal<readonly Unsent[]>;
  hold(unsent: Unsent): void;
  /** Returns it and no longer holds it; null if there is none. */
  take(id: string): Unsent | null;
}

export function createUnsentWords(): UnsentWords {
  const all = signal<readonly Unsent[]>([]);
  const without = (id: string) => all.peek().filter(({ result }) => result.id !== id);
  return {
    all,
    hold(unsent) {
      all.value = [...without(unsent.result.id), unsent];
    },
    take(id) {
      const found = all.peek().find(({ result }) => result.id === id) ?? null;
      if (found) all.value = without(id);
      return found;
    },
  };
}

const ofUsers = new Map<string, UnsentWords>();

/**
 * The unsaved verdicts of the person who is signed in. They outlive the pages of results, and a person who signs
 * out while some are held is told.
 */
export function unsentWords(session: Pick<SessionStore, 'user'>, signOutTasks: SignOutTasks): UnsentWords {
  const user = session.user.peek()?.id ?? '';
  const known = ofUsers.get(user);
  if (known) return known;
  const words = createUnsentWords();
  ofUsers.set(user, words);
  signOutTasks.add(async () => session.user.peek()?.id !== user || words.all.peek().length === 0);
  return words;
}
