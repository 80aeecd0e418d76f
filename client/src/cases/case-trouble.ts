/** Why a request about cases failed: what happened, what to do, and a small code. */
import { ALL_PROBLEMS } from '#shared/protocol/inference-problems.ts';
import { ApiProblem, Unreachable } from '../net/api-client.ts';
import { caseWords } from './case-words.ts';

export type CaseTrouble = {
  /** `wait`: nobody has to decide. */
  readonly kind?: 'wait';
  readonly title: string;
  readonly next: string | null;
  readonly code: string | null;
};

/** Only the gateway's title is shown of an error's own text. */
export function troubleOf(error: unknown): CaseTrouble {
  if (error instanceof Unreachable) return { ...caseWords.trouble.unreachable, kind: 'wait', code: null };
  if (!(error instanceof ApiProblem)) return { ...caseWords.trouble.notUnderstood, code: null };
  const problems: Readonly<Record<string, { readonly title: string; readonly next?: string }>> = ALL_PROBLEMS;
  const code = error.anyCode ?? `${error.status}`;
  const known = Object.hasOwn(problems, code) ? problems[code] : undefined;
  return { title: error.message, next: known?.next ?? null, code };
}
