/**
 * `/admin/vault`: an administrator creates, closes and destroys a vault, and each of its two holders sets the public
 * key of their half. Requests to open identities are in vault-requests.routes.ts. Each step is in the audit trail.
 */
import { z } from '@hono/zod-openapi';
import type { Role } from '#shared/protocol/api.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { parseBase64Url } from '#shared/transfer/base64url.ts';
import { sealMessage } from '#shared/transfer/seal.ts';
import { newVaultSchema, vaultAnswerSchema, vaultKeyBodySchema } from '#shared/protocol/vault.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Db, Trx } from '../database/database.ts';
import {
  type Caller,
  callerOf,
  createRouter,
  defineRoute,
  jsonBody,
  jsonResponse,
  type Router,
} from '../http/route.ts';
import { HOLDERS, holderNamed, requireNoResearcher } from './holders.ts';
import { listRequests } from './vault-request.store.ts';
import { countEntries, destroyVault, listVaults, lockVault, placeOf, type VaultRow } from './vault.store.ts';

const ADMIN = ['admin'] as const;
/**
 * Roles that see every vault and request of the site. Others see those of the vaults that they hold a half of. Nobody
 * sees an identity.
 */
const WATCHERS: readonly Role[] = ['auditor', 'admin'];

const shownVaults = z.object(vaultAnswerSchema.shape).openapi('Vaults');
const byId = z.object({ id: z.uuid() });

const list = defineRoute({
  method: 'get',
  path: '/admin/vault',
  operationId: 'listVaults',
  roles: HOLDERS,
  tags: ['vault'],
  summary: 'The vaults and the requests to open; for holders their own',
  responses: { 200: jsonResponse(shownVaults, 'The newest first. No entry, and no identity') },
});
const make = defineRoute({
  method: 'post',
  path: '/admin/vault',
  operationId: 'createVault',
  roles: ADMIN,
  tags: ['vault'],
  summary: 'Make a vault and name its two holders. It takes entries once both have made their halves',
  problems: ['vault-exists'],
  request: { body: jsonBody(newVaultSchema) },
  responses: { 201: jsonResponse(shownVaults, 'It waits for two halves.') },
});
const bringKey = defineRoute({
  method: 'put',
  path: '/admin/vault/{id}/key',
  roles: HOLDERS,
  tags: ['vault'],
  summary: 'Bring the public key of your half, once',
  problems: ['not-found', 'vault-step-not-possible'],
  request: { params: byId, body: jsonBody(vaultKeyBodySchema) },
  responses: { 200: jsonResponse(shownVaults, 'With both keys, devices seal to them from now on.') },
});
const close = defineRoute({
  method: 'post',
  path: '/admin/vault/{id}/close',
  roles: ADMIN,
  tags: ['vault'],
  summary: 'Take no more entries. Those in it can still be opened. Repeatable',
  problems: ['not-found'],
  request: { params: byId },
  responses: { 200: jsonResponse(shownVaults, 'Closed.') },
});
const destroy = defineRoute({
  method: 'delete',
  path: '/admin/vault/{id}',
  roles: ADMIN,
  tags: ['vault'],
  summary: 'Delete a closed vault and all its entries: nobody opens them any more',
  problems: ['not-found', 'vault-step-not-possible'],
  request: { params: byId },
  responses: { 204: { description: 'Deleted.' } },
});

export type VaultTools = { readonly db: Db; readonly now: () => Date; readonly newId: () => string };

export function vaultRoutes(tools: VaultTools): Router {
  const router = createRouter();
  router.openapi(list, async (c) => c.json(await shown(tools, callerOf(c)), 200));
  serveMaking(router, tools);
  serveEnding(router, tools);
  return router;
}

async function shown({ db, now }: VaultTools, caller: Caller) {
  const { siteId, id, roles } = caller;
  const holder = roles.some((role) => WATCHERS.includes(role)) ? null : id;
  return {
    vaults: await listVaults(db, siteId, holder),
    requests: await listRequests(db, { siteId, holder, now: now() }),
  };
}

function serveMaking(router: Router, tools: VaultTools): void {
  const { db, now, newId } = tools;
  router.openapi(make, async (c) => {
    const caller = callerOf(c);
    const { siteId, id: by } = caller;
    const { holders: names } = c.req.valid('json');
    await db.transaction().execute(async (trx) => {
      const holders = await Promise.all(names.map((name) => holderNamed(trx, siteId, name)));
      const [first, second] = holders.map(({ id }) => id) as [string, string];
      const made = await trx
        .insertInto('vault')
        .values({
          id: newId(),
          site_id: siteId,
          made_by: by,
          made_at: now(),
          first_holder: first,
          second_holder: second,
          first_key: null,
          second_key: null,
          closed_at: null,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst();
      if (made === undefined) throw new Problem('vault-exists');
      const event = { event: 'vault-made', vaultId: made.id, by, holders: [first, second] } as const;
      await recordAudit(trx, siteId, event, now());
    });
    return c.json(await shown(tools, caller), 201);
  });

  router.openapi(bringKey, async (c) => {
    const caller = callerOf(c);
    requireNoResearcher(caller);
    const { siteId, id: accountId } = caller;
    const { key } = c.req.valid('json');
    await requireKey(key);
    await db.transaction().execute(async (trx) => {
      const vault = await vaultAt(trx, siteId, c.req.valid('param').id);
      const place = placeOf(vault, accountId);
      if (place === null) throw new Problem('not-found');
      const column = place === 0 ? 'first_key' : 'second_key';
      const other = place === 0 ? vault.second_key : vault.first_key;
      // A key is set only once, because entries are sealed to it. The two halves must have different keys.
      if (vault[column] !== null || vault.closed_at !== null || key === other)
        throw new Problem('vault-step-not-possible');
      await trx
        .updateTable('vault')
        .set({ [column]: key })
        .where('id', '=', vault.id)
        .execute();
      await recordAudit(trx, siteId, { event: 'vault-key-set', vaultId: vault.id, accountId, key }, now());
    });
    return c.json(await shown(tools, caller), 200);
  });
}

function serveEnding(router: Router, tools: VaultTools): void {
  const { db, now } = tools;
  router.openapi(close, async (c) => {
    const caller = callerOf(c);
    const { siteId, id: by } = caller;
    await db.transaction().execute(async (trx) => {
      const { id, closed_at } = await vaultAt(trx, siteId, c.req.valid('param').id);
      if (closed_at !== null) return;
      await trx.updateTable('vault').set({ closed_at: now() }).where('id', '=', id).execute();
      const entries = await countEntries(trx, id);
      await recordAudit(trx, siteId, { event: 'vault-closed', vaultId: id, by, entries }, now());
    });
    return c.json(await shown(tools, caller), 200);
  });

  router.openapi(destroy, async (c) => {
    const { siteId, id: by } = callerOf(c);
    await db.transaction().execute(async (trx) => {
      const { id, closed_at } = await vaultAt(trx, siteId, c.req.valid('param').id);
      if (closed_at === null) throw new Problem('vault-step-not-possible');
      const entries = await destroyVault(trx, id);
      await recordAudit(trx, siteId, { event: 'vault-destroyed', vaultId: id, by, entries }, now());
    });
    return c.body(null, 204);
  });
}

/** Throws `invalid-request` for a key to which no device could seal: it would hold studies up. */
async function requireKey(key: string): Promise<void> {
  try {
    await sealMessage(parseBase64Url(key), { info: 'relaypacs vault key', about: '' }, new Uint8Array(1));
  } catch {
    throw new Problem('invalid-request', 'Invalid: key.');
  }
}

async function vaultAt(trx: Trx, siteId: string, id: string): Promise<VaultRow> {
  const vault = await lockVault(trx, siteId, id);
  if (vault === undefined) throw new Problem('not-found');
  return vault;
}
