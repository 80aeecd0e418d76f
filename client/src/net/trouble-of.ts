/** Why a request to the gateway failed: what happened, what to do, and a small code. */
import { ALL_PROBLEMS } from '#shared/protocol/inference-problems.ts';
import type { Trouble } from '../kit/trouble.ts';
import { ApiProblem, ForeignAnswer, OtherAccount, Unreachable } from './api-client.ts';
import { troubleWords as words } from './trouble-words.ts';

type Problem = { readonly title: string; readonly next?: string; readonly retry: string };

/** Codes of states that end without a person here. */
const WAITS: readonly string[] = ['pacs-unreachable', 'not-ready'];

/** The problem of a code; undefined: this page is older than the code. */
function problemOf(code: string): Problem | undefined {
  const problems: Readonly<Record<string, Problem>> = ALL_PROBLEMS;
  return Object.hasOwn(problems, code) ? problems[code] : undefined;
}

/** Whether the same request may succeed later. An unknown code counts as yes. */
export const mayRetry = (code: string): boolean => (problemOf(code)?.retry ?? 'later') === 'later';

/** The sentences of a code; `title`: those of a code that this page does not know yet. */
export function troubleOfCode(code: string, title: string = words.unknown): Trouble {
  const problem = problemOf(code);
  return {
    kind: WAITS.includes(code) ? 'wait' : 'stop',
    title: problem?.title ?? title,
    next: problem?.next ?? null,
    code,
  };
}

/** `navigator` has none where there is no page. A device that is offline learns nothing of the gateway or a PACS. */
const isDeviceOffline = (): boolean => navigator.onLine === false;

/** Shows nothing of an error's own text but the gateway's title, where this page does not know its code. */
export function troubleOf(error: unknown, isOffline: () => boolean = isDeviceOffline): Trouble {
  if (error instanceof ForeignAnswer) return { ...words.foreign, kind: 'wait', code: null };
  if (error instanceof OtherAccount) return { ...words.otherAccount, kind: 'wait', code: null };
  if (error instanceof Unreachable)
    return { ...(isOffline() ? words.offline : words.unreachable), kind: 'wait', code: null };
  if (!(error instanceof ApiProblem)) return { ...words.notUnderstood, kind: 'stop', code: null };
  // A proxy's refusal has neither a code nor a title.
  if (error.anyCode === null) return troubleOfCode(`${error.status}`);
  return troubleOfCode(error.anyCode, error.message);
}
