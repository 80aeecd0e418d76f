/**
 * On a full disk nothing new is taken: each such request is answered 507 before it touches the database. Requests
 * that read, delete, sign in, or bring a study to its end still pass.
 */
import type { MiddlewareHandler } from 'hono';
import { Problem } from '#shared/protocol/problem.ts';
import { namedMethod } from './named-method.ts';
import type { GatewayEnv } from './route.ts';

const BRINGS_DATA = new Set(['POST', 'PUT', 'PATCH']);
const PASSES = /^\/(auth\/|upload\/[^/]+\/(complete|decisions)$)/;

export function refuseWhenFull(isFull: () => Promise<boolean>): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    if (BRINGS_DATA.has(namedMethod(c.req)) && !PASSES.test(c.req.path) && (await isFull()))
      throw new Problem('storage-full');
    await next();
  };
}
