/** Why a request to the gateway failed: what happened, what to do, and a small code. */
import { ALL_PROBLEMS } from '#shared/protocol/inference-problems.ts';
import type { Trouble } from '../kit/trouble.ts';
import { ApiProblem, ForeignAnswer, OtherAccount, Unreachable } from './api-client.ts';
import { troubleWords as words } from './trouble-words.ts';

type Problem = { readonly title: string; readonly next?: string; readonly retry: string };

/** Codes of states that end without anybody acting here. */
const WAITS: readonly string[] = ['pacs-unreachable', 'not-ready'];

/** The problem of a code; undefined: the code is newer than this page. */
function problemOf(code: string): Problem | undefined {
  const problems: Readonly<Record<string, Problem>> = ALL_PROBLEMS;
  return Object.hasOwn(problems, code) ? problems[code] : undefined;
}

/** Whether the same request may succeed later. An unknown code counts as yes. */
export const mayRetry = (code: string): boolean => (problemOf(code)?.retry ?? 'later') === 'later';

/** The sentences for a code. `title`: the title for a code that this page does not know yet. */
export function troubleOfCode(code: string, title: string = words.unknown): Trouble {
  const problem = problemOf(code);
  return {
    kind: WAITS.includes(code) ? 'wait' : 'stop',
    title: problem?.title ?? title,
    next: problem === undefined ? words.unknownNext : (problem.next ?? null),
    code,
  };
}

/**
 * Outside a page, `navigator` has no such property. A device that is offline learns nothing about the gateway or a
 * PACS.
 */
const isDeviceOffline = (): boolean => navigator.onLine === false;

/** Shows none of an error's own text, except the gateway's title for a code that this page does not know. */
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
