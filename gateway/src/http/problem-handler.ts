/**
 * Answers every refusal with RFC 9457 problem details: a stable code, the correlation id, a sentence for people, and
 * what to do next. For an unexpected error the caller learns only that it happened.
 */
import type { Context, ErrorHandler, Hono, NotFoundHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ProblemDetails } from '#shared/protocol/api.ts';
import { ALL_PROBLEMS, type AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { isDiskFull } from '../database/database.ts';
import { describeError, type Log } from '../observability/log.ts';
import { StorageFull } from '../ports/blobs/blobs.ts';
import { accessOf, type GatewayEnv } from './route.ts';

type AnyStatus = 200;

/** The answer for a problem. Sets `problemCode` on the context, for the request's log line. */
function answerProblem(c: Context<GatewayEnv>, problem: Problem): Response {
  const kind: { status: number; title: string; next?: string } = ALL_PROBLEMS[problem.code];
  const body: ProblemDetails = {
    type: `urn:relaypacs:problem:${problem.code}`,
    title: kind.title,
    status: kind.status,
    code: problem.code,
    ...(problem.detail === undefined ? {} : { detail: problem.detail }),
    ...(kind.next === undefined ? {} : { next: kind.next }),
    correlationId: c.get('correlationId'),
  };
  c.set('problemCode', problem.code);
  return c.body(JSON.stringify(body), kind.status as AnyStatus, {
    'Content-Type': 'application/problem+json',
    ...problem.headers,
  });
}

/** Hono's own refusals (a body that is not JSON, an unsupported media type) by their status. */
const CODES_BY_STATUS: Readonly<Record<number, AnyProblemCode>> = {
  400: 'bad-request',
  404: 'not-found',
  405: 'method-not-allowed',
  406: 'not-acceptable',
  413: 'body-too-large',
  415: 'unsupported-media-type',
};

/** There is no room for a file of the gateway itself, such as a study's key. */
const isNoRoom = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes((error as { code?: string } | null)?.code ?? '');

function toProblem(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  if (error instanceof StorageFull || isDiskFull(error) || isNoRoom(error))
    return new Problem('storage-full');
  const code = error instanceof HTTPException ? CODES_BY_STATUS[error.status] : undefined;
  return code ? new Problem(code) : null;
}

/** A database that was restarted is back soon. */
const NOT_READY = { 'Retry-After': '1' };

/**
 * For `app.onError`. After an unexpected error `isDatabaseUp` is called: if the database is away, the caller is told
 * so. If the disk is full, that is given as the reason.
 */
export function problemHandler(
  log: Log,
  isDatabaseUp: () => Promise<boolean>,
  isFull: () => Promise<boolean> = async () => false,
): ErrorHandler<GatewayEnv> {
  return async (error, c) => {
    const problem = toProblem(error);
    if (problem) return answerProblem(c, problem);
    log({ event: 'unexpected-error', where: 'request', ...describeError(error) });
    if (await isDatabaseUp()) return answerProblem(c, new Problem('unexpected'));
    return answerProblem(
      c,
      (await isFull()) ? new Problem('storage-full') : new Problem('not-ready', undefined, NOT_READY),
    );
  };
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

function methodsAt(app: Hono<GatewayEnv>, path: string): string[] {
  return METHODS.filter((method) =>
    app.router.match(method, path)[0].some(([[handler]]) => accessOf(handler) !== undefined),
  );
}

/** For `app.notFound`: callers who have not signed in do not learn which paths exist. */
export function notFoundHandler(app: Hono<GatewayEnv>): NotFoundHandler<GatewayEnv> {
  return (c) => {
    if (!c.get('caller'))
      return answerProblem(c, new Problem('not-authenticated', undefined, { 'WWW-Authenticate': 'Bearer' }));
    const methods = methodsAt(app, c.req.path);
    // RFC 9110 §15.5.6: "The origin server MUST generate an Allow header field in a 405 response".
    if (methods.length > 0)
      return answerProblem(c, new Problem('method-not-allowed', undefined, { Allow: methods.join(', ') }));
    return answerProblem(c, new Problem('not-found'));
  };
}
