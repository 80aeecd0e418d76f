/** Why an administrator's request failed: what happened, what to do, and a small code. */
import { PROBLEMS } from '#shared/protocol/problem-table.ts';
import { ApiProblem } from '../net/api-client.ts';
import { adminWords as words } from './admin-words.ts';

export type Trouble = { readonly title: string; readonly next: string | null; readonly code: string | null };

/** Of an error's own text only the gateway's title is shown. */
export function troubleOf(error: unknown): Trouble {
  if (!(error instanceof ApiProblem) || error.anyCode === null) return { ...words.unreachable, code: null };
  const known: { readonly title: string; readonly next?: string } | null = error.code && PROBLEMS[error.code];
  return { title: error.message, next: known?.next ?? null, code: error.anyCode };
}
