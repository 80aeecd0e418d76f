/** Describes a failure between this page and the gateway: what happened, what to do, and a small code. */
import { ApiProblem, ForeignAnswer, OtherAccount, Unreachable } from '../net/api-client.ts';
import { ALL_PROBLEMS } from '#shared/protocol/inference-problems.ts';
import { resultWords } from './result-words.ts';

/** `wait`: no one has to do anything; `stop`: a person has to act. */
export interface Trouble {
  readonly kind: 'wait' | 'stop';
  readonly title: string;
  readonly next: string | null;
  readonly code: string | null;
}

const WAITS: readonly string[] = ['pacs-unreachable', 'not-ready'];

/** Whether the same request may succeed later. An unknown code counts as yes. */
export function mayRetry(code: string): boolean {
  const problems: Readonly<Record<string, { readonly retry: string }>> = ALL_PROBLEMS;
  return !Object.hasOwn(problems, code) || problems[code]?.retry === 'later';
}

/** The sentences of a code, or of a code that this page does not know yet. */
export function troubleOfCode(code: string, title?: string): Trouble {
  const problems: Readonly<Record<string, { readonly title: string; readonly next?: string }>> = ALL_PROBLEMS;
  const problem = Object.hasOwn(problems, code) ? problems[code] : undefined;
  return {
    kind: WAITS.includes(code) ? 'wait' : 'stop',
    title: problem?.title ?? title ?? resultWords.trouble.unknown,
    next: problem?.next ?? null,
    code,
  };
}

/** Of an error's own text only the gateway's title is shown: the rest may contain anything. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof ForeignAnswer) return { ...resultWords.trouble.foreign, kind: 'wait', code: null };
  if (error instanceof Unreachable) return { ...resultWords.trouble.unreachable, kind: 'wait', code: null };
  if (error instanceof OtherAccount) return { ...resultWords.trouble.otherAccount, kind: 'wait', code: null };
  // A code newer than this page still comes with a title.
  if (error instanceof ApiProblem) return troubleOfCode(error.anyCode ?? `${error.status}`, error.message);
  return { ...resultWords.trouble.notUnderstood, kind: 'stop', code: null };
}
