/** Says why signing in or changing a password was refused, and what to do. */
import { PROBLEMS, type ProblemCode } from '#shared/protocol/problem-table.ts';
import type { Trouble } from '../kit/trouble.ts';
import { ApiProblem } from '../net/api-client.ts';
import { appWords } from './app-words.ts';

/** Nobody asks an administrator about these mistakes, so they need no code. */
const OWN_MISTAKES: readonly ProblemCode[] = ['wrong-credentials', 'wrong-password', 'weak-password'];

/** `unreachable`: the message if the gateway has not answered. */
export function troubleOf(error: unknown, unreachable: Pick<Trouble, 'title' | 'next'>): Trouble {
  if (!(error instanceof ApiProblem) || error.code === null)
    return { ...unreachable, kind: 'wait', code: null };
  const known: { title: string; next?: string } = PROBLEMS[error.code];
  const code = OWN_MISTAKES.includes(error.code)
    ? null
    : [error.code, error.correlationId].filter(Boolean).join(' ');
  // The gateway tells how long it refuses. Nothing retries automatically here.
  const next =
    error.retryAfterMs !== null
      ? appWords.signIn.waitSeconds(Math.ceil(error.retryAfterMs / 1000))
      : error.status === 429
        ? appWords.signIn.waitMinute
        : (known.next ?? null);
  return { kind: 'stop', title: known.title, next, code };
}
