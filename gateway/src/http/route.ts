/**
 * Declares routes: a route's schemas (which validate, and from which `/openapi.json` is made), who may call it, and the
 * problems that it may answer with. A route that names no roles does not compile. A path that is served without a
 * declaration fails the check of all routes in gateway.test.ts.
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

/** Who may call: everybody, or callers with one of the roles. */
export type Access = 'public' | readonly Role[];

/**
 * The caller. `scheme`: how they authenticated. `epoch`: the account's epoch in the token. `scope`: `session` allows
 * all that the roles allow, `upload` only the uploads of `device`, `key` what both the roles and the API key's scopes
 * allow.
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
          /** The policy for files and store requests that name none; null: the gateway's. */
          readonly policy: string | null;
        };
      }
  );

/** Whether the caller may read what its roles allow. A device may not, because it only sends; a key needs the scope. */
export function readsAsRoles(caller: Caller): boolean {
  return caller.scope === 'session' || (caller.scope === 'key' && caller.key.scopes.includes('read'));
}

/** For whoever serves a caller for longer than one answer: tells whether the caller's token is still valid. */
export type TokenWatch = {
  stillHolds(): Promise<boolean>;
  /** Like `stillHolds`, but ignores expiry: a request that was let in before may last longer. */
  isNotTaken(): Promise<boolean>;
  /**
   * Calls `changed` whenever the rights of the account or device have changed. Returns the function that ends the
   * watch.
   */
  watch(changed: () => void): () => void;
};

export type GatewayEnv = {
  /** Added by the servers: the socket, and on which port the request came. Missing in a test's `app.request`. */
  Bindings: {
    incoming?: { socket: { remoteAddress?: string } };
    outgoing?: { once(event: 'finish', heard: () => void): unknown };
    throughWeb?: true;
  };
  Variables: {
    /** Null: the caller is not signed in, or the token is no longer valid. */
    caller: Caller | null;
    /** Missing where nobody is signed in. */
    tokenWatch: TokenWatch | null | undefined;
    /** The address by which limits count the request: client-address.ts. `local` in a test's `app.request`. */
    address: string;
    correlationId: string;
    /** Set if the answer is a problem. */
    problemCode: AnyProblemCode | undefined;
    /** The request came to the app's own origin, on port RELAY_WEB_PORT, under `/api/`. */
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
 * `uploadRight`: a device's right to send is enough. `keys`: an API key with one of these scopes is enough. Otherwise
 * callers must be signed in.
 */
type AllowOptions = { readonly uploadRight?: boolean; readonly keys?: readonly ApiKeyScope[] };
type Guard = MiddlewareHandler<GatewayEnv> & Required<AllowOptions> & { readonly access: Access };

/**
 * Lets only callers with access pass. For routes that are not declared with `defineRoute` (tus), which already includes
 * this.
 */
export function allow(access: Access, { uploadRight = false, keys = [] }: AllowOptions = {}): Guard {
  const guard: MiddlewareHandler<GatewayEnv> = async (c, next) => {
    if (access !== 'public') {
      const caller = callerOf(c);
      // Checked first: a key that lacks the scope gets that error, whatever roles its account has.
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

/** The access declared for a handler, or undefined; used by the check of all routes in gateway.test.ts. */
export function accessOf(handler: unknown): Access | undefined {
  return typeof handler === 'function' && 'access' in handler ? (handler as Guard).access : undefined;
}

/** Whether a handler also accepts a device's right to send. */
export function servesUploadRight(handler: unknown): boolean {
  return accessOf(handler) !== undefined && (handler as Guard).uploadRight;
}

/** The caller of a route that is not public. */
export function callerOf(c: Context<GatewayEnv>): Caller {
  const caller = c.get('caller');
  if (caller) return caller;
  // RFC 6750 §3: the challenge says whether there was a token and it was invalid.
  const shown = c.req.header('authorization');
  if (shown) throw tokenEnded(isKeyText(shown.replace(/^bearer +/i, '')));
  throw new Problem('not-authenticated', undefined, { 'WWW-Authenticate': 'Bearer' });
}

/** The caller's token or API key is not valid, or no longer. */
export function tokenEnded(isKey = false): Problem {
  const challenge = { 'WWW-Authenticate': 'Bearer error="invalid_token"' };
  return new Problem(isKey ? 'key-ended' : 'not-authenticated', undefined, challenge);
}

type RouteDefinition<P extends string> = Omit<RouteConfig, 'path' | 'middleware' | 'security'> & {
  path: P;
  /** Who may call. */
  roles: Access;
  /** A device's right to send is enough; no session is needed. */
  uploadRight?: boolean;
  /** An API key with one of these scopes is enough. */
  keys?: readonly ApiKeyScope[];
  /** The largest body that is read, in bytes; 64 KiB by default. */
  bodyBytesLimit?: number;
  /** Problems in addition to those that every such route may answer with. */
  problems?: readonly AnyProblemCode[];
};

/**
 * A route for `router.openapi(route, handler)`. Adds the check of roles, and the problems that every route may answer
 * with.
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
/** Handlers read bodies of types other than JSON themselves. */
const forBody = (body: Body, bytesLimit: number): MiddlewareHandler<GatewayEnv>[] =>
  body === undefined
    ? []
    : [limitBody(bytesLimit), ...('application/json' in body.content ? [readJsonBody] : [])];

/** Adds a route without schemas (a stream) to the contract. Whatever serves it also calls `allow`. */
export function describeRoute(router: Router, definition: RouteDefinition<string>): void {
  router.openAPIRegistry.registerPath(inContract(definition) as unknown as RouteConfig);
}

/**
 * A route in the form of the contract: with a name, the problems that every such route may answer with, and its
 * callers.
 */
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

/** The security requirements in a list are alternatives (OpenAPI 3.1 §4.8.10). */
function accessInContract(roles: Access, { uploadRight, keys }: Required<AllowOptions>) {
  if (roles === 'public') return { security: [], 'x-roles': roles };
  const security = [
    { bearer: [] },
    ...(uploadRight ? [{ uploadRight: [] }] : []),
    // One requirement per scope: all names within a requirement are needed (OpenAPI 3.1 §4.8.30), but one scope is
    // enough.
    ...keys.map((scope) => ({ apiKey: [scope] })),
  ];
  return { security, 'x-roles': [...roles] };
}

/** Far above every small request (a password, a decision); routes with larger bodies set their own limit. */
const BODY_BYTES_LIMIT = 64 * 1024;

function limitBody(maxSize: number): MiddlewareHandler {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new Problem('body-too-large');
    },
  });
}

/** The path parameters, for handlers that read their body themselves. @throws Problem invalid-request. */
export function paramsOf<S extends z.ZodType>(schema: S, c: GatewayContext): z.infer<S> {
  const outcome = schema.safeParse(c.req.param());
  if (outcome.success) return outcome.data;
  throw invalidRequest(outcome.error.issues, 'param');
}

/** Parses a JSON body, so that `c.req.json()` returns its values. */
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

/** A JSON response in a definition; the route's type also checks `c.json`. */
export function jsonResponse<S>(schema: S, description: string) {
  return { description, content: { 'application/json': { schema } } } as const;
}
/** A JSON request body in a definition. */
export function jsonBody<S>(schema: S) {
  return { required: true, content: { 'application/json': { schema } } } as const;
}
