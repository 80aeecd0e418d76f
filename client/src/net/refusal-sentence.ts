/** The sentence shown when a request to the gateway failed. */
import { PROBLEMS } from '#shared/protocol/problem-table.ts';
import { ApiProblem } from './api-client.ts';

/**
 * A refusal is shown in the gateway's own words. `otherwise`: the sentence if something else answered, or nothing did.
 */
export function refusalSentence(error: unknown, otherwise: string): string {
  if (!(error instanceof ApiProblem) || error.anyCode === null) return otherwise;
  if (error.detail !== null) return error.detail;
  const next = error.code === null ? undefined : (PROBLEMS[error.code] as { readonly next?: string }).next;
  return [error.message, next].filter(Boolean).join(' ');
}
