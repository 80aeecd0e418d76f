/**
 * `/admin/api-keys`: the keys of scripts and PACSs. A key ends at once when it is revoked or expires, or when its
 * account is disabled, gets a new password or signs out everywhere. A change of roles applies when the key is next
 * used.
 */
import { z } from '@hono/zod-openapi';
import { DAY_MS } from '#shared/day.ts';
import {
  apiKeyListSchema,
  apiKeySchema,
  madeApiKeySchema,
  newApiKeySchema,
} from '#shared/protocol/api-key.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import { holdAccount } from '../auth/account.store.ts';
import { digestOfKey, type KeyTexts } from '../http/api-key.ts';
import { findApiKey, insertApiKey, listApiKeys, revokeApiKey } from '../auth/api-key.store.ts';
import type { Db } from '../database/database.ts';
import { policyNamed } from '../policies/policies.ts';
import {
  type Caller,
  callerOf,
  createRouter,
  defineRoute,
  jsonBody,
  jsonResponse,
  type Router,
  tokenEnded,
} from '../http/route.ts';

const ADMIN = ['admin'] as const;

const listed = z.object(apiKeySchema.shape).openapi('ApiKey');
const list = defineRoute({
  method: 'get',
  path: '/admin/api-keys',
  roles: ADMIN,
  tags: ['admin'],
  summary: 'The active API keys of the site, or with `ended=1` the others, without the keys themselves',
  request: { query: z.object({ ended: z.enum(['1']).optional(), after: z.uuid().optional() }) },
  responses: {
    200: jsonResponse(
      z.object({ ...apiKeyListSchema.shape, keys: z.array(listed) }),
      'Newest first; `next` is the `after` of the next page',
    ),
  },
});
const make = defineRoute({
  method: 'post',
  path: '/admin/api-keys',
  roles: ADMIN,
  problems: ['not-found', 'policy-not-allowed'],
  tags: ['admin'],
  summary: 'Make an API key for an account',
  request: { body: jsonBody(newApiKeySchema) },
  responses: {
    201: jsonResponse(z.object(madeApiKeySchema.shape), 'The key. No later answer shows it again.'),
  },
});
const revoke = defineRoute({
  method: 'delete',
  path: '/admin/api-keys/{id}',
  roles: ADMIN,
  problems: ['not-found'],
  tags: ['admin'],
  summary: 'Revoke an API key, at once. Repeatable',
  request: { params: z.object({ id: z.uuid() }) },
  responses: { 204: { description: 'It opens nothing any more.' } },
});

type ApiKeyRouteTools = {
  readonly db: Db;
  readonly now: () => Date;
  readonly keyTexts: KeyTexts;
  /** Forgets the cached answers of the key with this digest, which has ended. */
  readonly forget: (digest: string) => void;
};

type Asked = z.infer<typeof newApiKeySchema>;

/**
 * @throws Problem not-found: no such account, or it is disabled; policy-not-allowed: its roles may not send under it;
 *   not-authenticated: the caller's session ended.
 */
async function makeKey({ db, now, keyTexts }: ApiKeyRouteTools, caller: Caller, asked: Asked) {
  const key = keyTexts.make();
  const at = now();
  const expiresAt = new Date(at.getTime() + asked.expiresInDays * DAY_MS);
  return db.transaction().execute(async (trx) => {
    // A session that was hijacked, and has been ended meanwhile, must not leave a key behind.
    const maker = await holdAccount(trx, caller.id);
    if (maker?.epoch !== caller.epoch) throw tokenEnded();
    const account = await holdAccount(trx, asked.accountId);
    if (!account || account.siteId !== caller.siteId || account.isDisabled) throw new Problem('not-found');
    const { siteId, keyEpoch: epoch } = account;
    const { name, accountId, scopes, policy } = asked;
    // The policy is checked again when the key is used: roles and policies change.
    if (policy !== null) await policyNamed(trx, siteId, policy, account.roles);
    const of = {
      siteId,
      accountId,
      epoch,
      name,
      scopes,
      policy,
      createdBy: caller.id,
      createdAt: at,
      expiresAt,
    };
    const id = await insertApiKey(trx, { ...of, digest: digestOfKey(key) });
    const event = { event: 'api-key-made', keyId: id, accountId, by: caller.id, scopes } as const;
    const more = { expiresAt: expiresAt.toISOString(), ...(policy !== null && { policy }) };
    await recordAudit(trx, siteId, { ...event, ...more }, at);
    return { ...(await findApiKey(trx, id, { siteId, now: at })), key };
  });
}

async function revokeKey({ db, now, forget }: ApiKeyRouteTools, caller: Caller, id: string): Promise<void> {
  const { siteId } = caller;
  const revoked = await db.transaction().execute(async (trx) => {
    const key = await revokeApiKey(trx, { id, siteId, now: now() });
    if (key === undefined) throw new Problem('not-found');
    if (key === null) return null;
    const event = { event: 'api-key-revoked', keyId: id, accountId: key.accountId, by: caller.id } as const;
    await recordAudit(trx, siteId, event, now());
    return key;
  });
  if (revoked !== null) forget(revoked.digest);
}

export function apiKeyRoutes(tools: ApiKeyRouteTools): Router {
  const { db, now } = tools;
  const router = createRouter();
  router.openapi(list, async (c) => {
    const { ended, after } = c.req.valid('query');
    const { siteId } = callerOf(c);
    return c.json(await listApiKeys(db, { siteId, now: now(), isEnded: ended === '1', after }), 200);
  });
  router.openapi(make, async (c) => {
    c.header('Cache-Control', 'no-store');
    return c.json(await makeKey(tools, callerOf(c), c.req.valid('json')), 201);
  });
  router.openapi(revoke, async (c) => {
    await revokeKey(tools, callerOf(c), c.req.valid('param').id);
    return c.body(null, 204);
  });
  return router;
}
