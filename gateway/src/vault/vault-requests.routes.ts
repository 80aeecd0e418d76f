/**
 * `/admin/vault/requests`: the two holders of a vault together open the identity behind one pseudonym. One asks with a
 * reason and the other approves. The identity is decrypted on the machine of the one who asked; the gateway only passes
 * cipher text on.
 */
import { z } from '@hono/zod-openapi';
import { Problem } from '#shared/protocol/problem.ts';
import {
  approveVaultSchema,
  askVaultSchema,
  vaultOpeningSchema,
  vaultRequestSchema,
  type VaultOpening,
} from '#shared/protocol/vault.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Trx } from '../database/database.ts';
import {
  type Caller,
  callerOf,
  createRouter,
  defineRoute,
  jsonBody,
  jsonResponse,
  type Router,
} from '../http/route.ts';
import {
  approveRequest,
  insertRequest,
  lockRequest,
  noteOpened,
  refuseRequest,
  showRequest,
  stateOfRequest,
  type Held,
} from './vault-request.store.ts';
import { HOLDERS, keysOf, requireNoResearcher } from './holders.ts';
import type { VaultTools } from './vault.routes.ts';
import { entriesFor, lockVault, placeOf } from './vault.store.ts';

const shownRequest = z.object(vaultRequestSchema.shape).openapi('VaultRequest');
const shownOpening = z.object(vaultOpeningSchema.shape).openapi('VaultOpening');
const byId = z.object({ id: z.uuid() });

const ask = defineRoute({
  method: 'post',
  path: '/admin/vault/requests',
  roles: HOLDERS,
  tags: ['vault'],
  summary: 'Ask the other holder to open the identity behind one pseudonym with you',
  problems: ['not-found', 'too-many-openings'],
  request: { body: jsonBody(askVaultSchema) },
  responses: { 201: jsonResponse(shownRequest, 'It lasts a day.') },
});
const read = defineRoute({
  method: 'get',
  path: '/admin/vault/requests/{id}',
  roles: HOLDERS,
  tags: ['vault'],
  summary: 'The sealed entries that a request is about, without shares',
  problems: ['not-found'],
  request: { params: byId },
  responses: { 200: jsonResponse(shownOpening, 'For both holders.') },
});
const approve = defineRoute({
  method: 'post',
  path: '/admin/vault/requests/{id}/approve',
  roles: HOLDERS,
  tags: ['vault'],
  summary: 'Approve: your share of each entry, sealed to the holder who asked',
  problems: ['not-found', 'vault-step-not-possible'],
  request: { params: byId, body: jsonBody(approveVaultSchema) },
  responses: { 200: jsonResponse(shownRequest, 'The holder who asked has a day to open it.') },
});
const refuse = defineRoute({
  method: 'post',
  path: '/admin/vault/requests/{id}/refuse',
  roles: HOLDERS,
  tags: ['vault'],
  summary: 'Refuse the request, or take your own back',
  problems: ['not-found', 'vault-step-not-possible'],
  request: { params: byId },
  responses: { 200: jsonResponse(shownRequest, 'Nothing can be opened by it any more.') },
});
const open = defineRoute({
  method: 'post',
  path: '/admin/vault/requests/{id}/open',
  roles: HOLDERS,
  tags: ['vault'],
  summary: 'For the holder who asked: the entries and the other’s shares. Repeatable until the request ends',
  problems: ['not-found', 'vault-step-not-possible'],
  request: { params: byId },
  responses: { 200: jsonResponse(shownOpening, 'Your half opens them.') },
});

export function vaultRequestRoutes(tools: VaultTools): Router {
  const router = createRouter();
  serveAsking(router, tools);
  serveAnswering(router, tools);
  serveOpening(router, tools);
  return router;
}

function serveAsking(router: Router, { db, now, newId }: VaultTools): void {
  router.openapi(ask, async (c) => {
    const caller = callerOf(c);
    requireNoResearcher(caller);
    const { siteId, id: accountId } = caller;
    const { vault: vaultId, pseudonym, reason } = c.req.valid('json');
    const id = newId();
    await db.transaction().execute(async (trx) => {
      const vault = await lockVault(trx, siteId, vaultId);
      if (vault === undefined || placeOf(vault, accountId) === null) throw new Problem('not-found');
      if ((await entriesFor(trx, vaultId, pseudonym)).length === 0) throw new Problem('not-found');
      const request = { id, vaultId, pseudonym, reason, askedBy: accountId, now: now() };
      if (!(await insertRequest(trx, request))) throw new Problem('too-many-openings');
      const event = { event: 'vault-asked', vaultId, requestId: id, accountId, pseudonym, reason } as const;
      await recordAudit(trx, siteId, event, now());
    });
    return c.json(await showRequest(db, id, { siteId, now: now() }), 201);
  });
}

function serveAnswering(router: Router, tools: VaultTools): void {
  const { db, now } = tools;
  router.openapi(approve, async (c) => {
    const caller = callerOf(c);
    const { shares } = c.req.valid('json');
    const { id } = c.req.valid('param');
    await db.transaction().execute(async (trx) => {
      const held = await requestOf(trx, id, caller);
      // Approval takes a second person: whoever asked cannot approve.
      const isTheirs = held.request.asked_by === caller.id;
      if (isTheirs || stateOfRequest(held.request, now()) !== 'asked')
        throw new Problem('vault-step-not-possible');
      const entries = await entriesFor(trx, held.vault.id, held.request.pseudonym);
      const byEntry = new Map<number, string | null>(entries.map((entry) => [entry.id, null]));
      if (shares.some(({ entry }) => !byEntry.has(entry)))
        throw new Problem('invalid-request', 'Invalid: shares.');
      for (const { entry, share } of shares) byEntry.set(entry, share);
      await approveRequest(trx, id, Object.fromEntries(byEntry), now());
      await audit(trx, tools, held, { event: 'vault-approved', caller });
    });
    return c.json(await showRequest(db, id, { siteId: caller.siteId, now: now() }), 200);
  });

  router.openapi(refuse, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    await db.transaction().execute(async (trx) => {
      const held = await requestOf(trx, id, caller);
      const state = stateOfRequest(held.request, now());
      if (state !== 'asked' && state !== 'approved') throw new Problem('vault-step-not-possible');
      await refuseRequest(trx, id, now());
      await audit(trx, tools, held, { event: 'vault-refused', caller });
    });
    return c.json(await showRequest(db, id, { siteId: caller.siteId, now: now() }), 200);
  });
}

function serveOpening(router: Router, tools: VaultTools): void {
  const { db, now } = tools;
  router.openapi(read, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    const shown = await db
      .transaction()
      .execute(async (trx) => openingOf(trx, await requestOf(trx, id, caller), tools, caller.siteId));
    return c.json({ ...shown, entries: shown.entries.map((entry) => ({ ...entry, share: null })) }, 200);
  });

  router.openapi(open, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    const opening = await db.transaction().execute(async (trx) => {
      const held = await requestOf(trx, id, caller);
      const isTheirs = held.request.asked_by === caller.id;
      if (!isTheirs || stateOfRequest(held.request, now()) !== 'approved')
        throw new Problem('vault-step-not-possible');
      await noteOpened(trx, id, now());
      const opened = await openingOf(trx, held, tools, caller.siteId);
      await audit(trx, tools, held, { event: 'vault-opened', caller });
      return opened;
    });
    return c.json(opening, 200);
  });
}

/** Returns the request to the two holders of its vault. For all others it does not exist. */
async function requestOf(trx: Trx, id: string, caller: Caller): Promise<Held> {
  requireNoResearcher(caller);
  const held = await lockRequest(trx, id, caller.id);
  if (held === undefined || held.vault.site_id !== caller.siteId) throw new Problem('not-found');
  return held;
}

async function openingOf(
  trx: Trx,
  { vault, request }: Held,
  { now }: VaultTools,
  siteId: string,
): Promise<VaultOpening> {
  // The approval covers the entries of that time. The entry that represents an account may have changed since.
  const approved = request.shares === null ? null : Object.keys(request.shares).map(Number);
  const entries = await entriesFor(trx, vault.id, request.pseudonym, approved);
  return {
    request: await showRequest(trx, request.id, { siteId, now: now() }),
    keys: [...keysOf(vault)],
    asker: request.asked_by === vault.first_holder ? 0 : 1,
    entries: entries.map(({ writtenAt, ...entry }) => ({
      ...entry,
      writtenAt: writtenAt.toISOString(),
      share: request.shares?.[entry.id] ?? null,
    })),
  };
}

type Step = { readonly event: `vault-${'approved' | 'refused' | 'opened'}`; readonly caller: Caller };

function audit(trx: Trx, { now }: VaultTools, { vault, request }: Held, { event, caller }: Step) {
  const { pseudonym, reason, id: requestId } = request;
  const fields = { vaultId: vault.id, requestId, accountId: caller.id, pseudonym, reason };
  return recordAudit(trx, caller.siteId, { event, ...fields }, now());
}
