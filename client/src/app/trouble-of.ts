/** Why signing in, or changing a password, was refused, and what to do: in words. */
import { PROBLEMS, type ProblemCode } from '#shared/protocol/problem-table.ts';
import type { Trouble } from '../kit/trouble.ts';
import { ApiProblem } from '../net/api-client.ts';
import { appWords } from './app-words.ts';

/** Nobody asks an administrator about these, so they need no code. */
const OWN_MISTAKES: readonly ProblemCode[] = ['wrong-credentials', 'wrong-password', 'weak-password'];

/** `unreachable`: the message where the gateway has not answered. */
export function troubleOf(error: unknown, unreachable: Pick<Trouble, 'title' | 'next'>): Trouble {
  if (!(error instanceof ApiProblem) || error.code === null)
    return { ...unreachable, kind: 'wait', code: null };
  const known: { title: string; next?: string } = PROBLEMS[error.code];
  const code = OWN_MISTAKES.includes(error.code)
    ? null
    : [error.code, error.correlationId].filter(Boolean).join(' ');
  // The gateway knows how long it refuses: nothing resumes automatically here.
  const next =
    error.retryAfterMs !== null
      ? appWords.signIn.waitSeconds(Math.ceil(error.retryAfterMs / 1000))
      : error.status === 429
        ? appWords.signIn.waitMinute
        : (known.next ?? null);
  return { kind: 'stop', title: known.title, next, code };
}
