/**
 * Declares routes: a route's schemas (which validate, and from which `/openapi.json` is made), who may call
 * it, and the problems that it may answer. A route that names no roles does not compile; a path that is
 * served without having been declared fails the walk in gateway.test.ts.
 */
import { createRoute, OpenAPIHono, type RouteConfig, type z } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Role, User } from '#shared/protocol/api.ts';
import type { ApiKeyScope } from '#shared/protocol/api-key.ts';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { isKeyText } from './api-key.ts';
import { invalidRequest } from './invalid-request.ts';
import { isJson, readJson } from './json-body.ts';
import { operationIdOf } from './operation-id.ts';
import { withRefusals } from './refusals.ts';

/** The callers who are let in: everybody, or those with one of the roles. */
export type Access = 'public' | readonly Role[];

/**
 * The caller. `scheme`: how they proved it. `epoch`: the account's, which the token is of. `scope`: `session` for
 * all that the roles allow, `upload` for the uploads of `device` alone, `key` for what the roles and the scopes of an
 * API key allow.
 */
export type Caller = User & { readonly scheme: 'bearer'; readonly epoch: number } & (
    | { readonly scope: 'session'; readonly device: null }
    | { readonly scope: 'upload'; readonly device: string }
    | {
        readonly scope: 'key';
        readonly device: null;
        readonly key: {
          readonly id: string;
          readonly scopes: readonly ApiKeyScope[];
          /** Policy of files and store requests that name none; null: the gateway's. */
          readonly policy: string | null;
        };
      }
  );

/** Whether the caller may read what its roles may: a device sends and reads nothing, and a key needs the scope. */
export function readsAsRoles(caller: Caller): boolean {
  return caller.scope === 'session' || (caller.scope === 'key' && caller.key.scopes.includes('read'));
}

/** Tells whoever serves a caller for longer than one answer whether its token still holds. */
export type TokenWatch = {
  stillHolds(): Promise<boolean>;
  /** Like `stillHolds`, except that expiry does not count: a request that was let in before may last longer. */
  isNotTaken(): Promise<boolean>;
  /** Calls `changed` whenever the rights of its account or device have changed. Returns the function that ends it. */
  watch(changed: () => void): () => void;
};

export type GatewayEnv = {
  /**
   * The servers add the socket, and through which door the request came. Absent in a test's `app.request`.
   */
  Bindings: {
    incoming?: { socket: { remoteAddress?: string } };
    outgoing?: { once(event: 'finish', heard: () => void): unknown };
    throughWeb?: true;
  };
  Variables: {
    /** null: nobody signed in, or a token that no longer holds. */
    caller: Caller | null;
    /** Absent where nobody is signed in. */
    tokenWatch: TokenWatch | null | undefined;
    /** Where the request comes from, as limits count: client-address.ts. `local` in a test's `app.request`. */
    address: string;
    correlationId: string;
    /** Set if the answer is a problem. */
    problemCode: AnyProblemCode | undefined;
    /** The request came to the app's own origin, port RELAY_WEB_PORT, under `/api/`. */
    throughWeb: boolean;
  };
};
export type GatewayContext = Context<GatewayEnv>;
export type Router = OpenAPIHono<GatewayEnv>;

/** A router that validates its requests; an invalid one is answered by `invalid-request`. */
export function createRouter(): Router {
  return new OpenAPIHono<GatewayEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      throw invalidRequest(result.error.issues, result.target);
    },
  });
}

/**
 * `uploadRight`: a device's right to send is enough. `keys`: so is an API key of one of these scopes. Without them
 * callers must be signed in.
 */
type AllowOptions = { readonly uploadRight?: boolean; readonly keys?: readonly ApiKeyScope[] };
type Guard = MiddlewareHandler<GatewayEnv> & Required<AllowOptions> & { readonly access: Access };

/**
 * Lets callers pass who have access. For routes that are not declared with `defineRoute` (tus); those have it
 * already.
 */
export function allow(access: Access, { uploadRight = false, keys = [] }: AllowOptions = {}): Guard {
  const guard: MiddlewareHandler<GatewayEnv> = async (c, next) => {
    if (access !== 'public') {
      const caller = callerOf(c);
      // First: other roles of the account help no key that lacks the scope.
      requireScope(caller, { uploadRight, keys });
      if (!caller.roles.some((role) => access.includes(role))) throw new Problem('not-allowed');
    }
    await next();
  };
  return Object.assign(guard, { access, uploadRight, keys });
}

const OPENS = {
  upload: 'send studies',
  read: 'read',
  metrics: 'read how busy the gateway is',
} satisfies Record<ApiKeyScope, string>;

/** @throws Problem not-allowed, key-lacks-scope, not-for-keys. */
function requireScope(caller: Caller, { uploadRight, keys }: Required<AllowOptions>): void {
  switch (caller.scope) {
    case 'session':
      return;
    case 'upload':
      if (!uploadRight) throw new Problem('not-allowed');
      return;
    case 'key': {
      if (keys.length === 0) throw new Problem('not-for-keys');
      const isEnough = caller.key.scopes.some((scope) => keys.includes(scope));
      const missing = keys.map((scope) => OPENS[scope]).join(' or ');
      if (!isEnough) throw new Problem('key-lacks-scope', `This API key may not ${missing}.`);
      return;
    }
    default:
      caller satisfies never;
  }
}

/** The access declared for a handler, or undefined; for the walk over all routes in gateway.test.ts. */
export function accessOf(handler: unknown): Access | undefined {
  return typeof handler === 'function' && 'access' in handler ? (handler as Guard).access : undefined;
}

/** Whether a handler serves a device's right to send as well. */
export function servesUploadRight(handler: unknown): boolean {
  return accessOf(handler) !== undefined && (handler as Guard).uploadRight;
}

/** The caller of a route that is not public. */
export function callerOf(c: Context<GatewayEnv>): Caller {
  const caller = c.get('caller');
  if (caller) return caller;
  // RFC 6750 §3: the challenge says whether there was a token that does not hold.
  const shown = c.req.header('authorization');
  if (shown) throw tokenEnded(isKeyText(shown.replace(/^bearer +/i, '')));
  throw new Problem('not-authenticated', undefined, { 'WWW-Authenticate': 'Bearer' });
}

/** The caller's token or API key does not hold, or no longer. */
export function tokenEnded(isKey = false): Problem {
  const challenge = { 'WWW-Authenticate': 'Bearer error="invalid_token"' };
  return new Problem(isKey ? 'key-ended' : 'not-authenticated', undefined, challenge);
}

type RouteDefinition<P extends string> = Omit<RouteConfig, 'path' | 'middleware' | 'security'> & {
  path: P;
  /** The callers who are let in. */
  roles: Access;
  /** A device's right to send is enough; no session is needed. */
  uploadRight?: boolean;
  /** So is an API key of one of these scopes. */
  keys?: readonly ApiKeyScope[];
  /** The largest body that is read, in bytes; 64 KiB unless said otherwise. */
  bodyBytesLimit?: number;
  /** Problems beyond those that every such route may answer. */
  problems?: readonly AnyProblemCode[];
};

/**
 * A route for `router.openapi(route, handler)`. Adds the check of roles, and the problems that every route
 * may answer.
 */
export function defineRoute<P extends string, R extends RouteDefinition<P>>(definition: R & { path: P }): R {
  const { roles, uploadRight = false, keys = [], bodyBytesLimit = BODY_BYTES_LIMIT, request } = definition;
  const route = {
    ...inContract(definition),
    middleware: [allow(roles, { uploadRight, keys }), ...forBody(request?.body, bodyBytesLimit)],
  };
  return createRoute(route as unknown as RouteConfig & { path: P }) as unknown as R;
}

type Body = NonNullable<RouteConfig['request']>['body'];
/** Handlers read bodies of other types than JSON themselves. */
const forBody = (body: Body, bytesLimit: number): MiddlewareHandler<GatewayEnv>[] =>
  body === undefined
    ? []
    : [limitBody(bytesLimit), ...('application/json' in body.content ? [readJsonBody] : [])];

/** Adds a route that is served without schemas (a stream) to the contract; its server also calls `allow`. */
export function describeRoute(router: Router, definition: RouteDefinition<string>): void {
  router.openAPIRegistry.registerPath(inContract(definition) as unknown as RouteConfig);
}

/** A route as the contract has it: with a name, the problems that every such route may answer, and its callers. */
function inContract(definition: RouteDefinition<string>) {
  const { roles, uploadRight = false, keys = [], problems = [], bodyBytesLimit: _, ...route } = definition;
  const codes = new Set([...alwaysPossible(definition), ...problems]);
  return {
    operationId: operationIdOf(route.method, route.path),
    ...route,
    responses: withRefusals(route.responses, codes),
    ...accessInContract(roles, { uploadRight, keys }),
  };
}

/** Security requirements of one list are alternatives (OpenAPI 3.1 §4.8.10). */
function accessInContract(roles: Access, { uploadRight, keys }: Required<AllowOptions>) {
  if (roles === 'public') return { security: [], 'x-roles': roles };
  const security = [
    { bearer: [] },
    ...(uploadRight ? [{ uploadRight: [] }] : []),
    // The names in a requirement are all needed (OpenAPI 3.1 §4.8.30), and of the scopes one is enough.
    ...keys.map((scope) => ({ apiKey: [scope] })),
  ];
  return { security, 'x-roles': [...roles] };
}

/** Far above every small request (a password, a decision); routes with larger bodies say so. */
const BODY_BYTES_LIMIT = 64 * 1024;

function limitBody(maxSize: number): MiddlewareHandler {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new Problem('body-too-large');
    },
  });
}

/** The parameters of the path, where the handler reads its body itself. @throws Problem invalid-request. */
export function paramsOf<S extends z.ZodType>(schema: S, c: GatewayContext): z.infer<S> {
  const outcome = schema.safeParse(c.req.param());
  if (outcome.success) return outcome.data;
  throw invalidRequest(outcome.error.issues, 'param');
}

/** `c.req.json()` gives the values of a JSON body then. */
const readJsonBody: MiddlewareHandler<GatewayEnv> = async (c, next) => {
  if (isJson(c.req.header('content-type'))) {
    const from = c.get('caller')?.id ?? c.get('address');
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    const value = await readJson({ bytes, from, signal: c.req.raw.signal });
    c.req.json = async () => value as never;
  }
  await next();
};

function alwaysPossible({ roles, keys = [], request }: RouteDefinition<string>): AnyProblemCode[] {
  const codes: AnyProblemCode[] = ['rate-limited', 'unexpected', 'not-ready'];
  const toKeys = ['key-ended', keys.length === 0 ? 'not-for-keys' : 'key-lacks-scope'] as const;
  if (roles !== 'public') codes.push('not-authenticated', 'not-allowed', ...toKeys);
  if (request) codes.push('invalid-request');
  if (request?.body) codes.push('bad-request', 'body-too-large', 'unsupported-media-type');
  return codes;
}

/** `c.json` is typed by the route; this names a JSON response in a definition. */
export function jsonResponse<S>(schema: S, description: string) {
  return { description, content: { 'application/json': { schema } } } as const;
}
/** A JSON request body in a definition. */
export function jsonBody<S>(schema: S) {
  return { required: true, content: { 'application/json': { schema } } } as const;
}
