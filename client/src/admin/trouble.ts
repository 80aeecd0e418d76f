/** Why a setting could not be read or changed, and what to do. */
import { PROBLEMS } from '#shared/protocol/problem-table.ts';
import { ApiProblem, Unreachable } from '../net/api-client.ts';
import { adminWords } from './admin-words.ts';

export type Trouble = { readonly title: string; readonly next: string | null; readonly code: string | null };

/** Of an error's own text only the gateway's title and its detail are shown: the rest may contain anything. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof Unreachable) return { ...adminWords.unreachable, code: null };
  if (!(error instanceof ApiProblem)) return { ...adminWords.notUnderstood, code: null };
  const known: { title: string; next?: string } | null = error.code === null ? null : PROBLEMS[error.code];
  const code = [error.anyCode ?? String(error.status), error.correlationId].filter(Boolean).join(' ');
  return { title: known?.title ?? error.message, next: error.detail ?? known?.next ?? null, code };
}
