/**
 * `/admin/dimse-peers`: the modalities and PACSs that may store over DIMSE. For the role `admin`. Each change is
 * recorded in the audit trail, and applies from the next instance on.
 */
import { randomUUID } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import {
  dimsePeerSchema,
  dimsePeersSchema,
  dimsePeerWishSchema,
  type DimsePeer,
  type DimsePeers,
  type DimsePeerWish,
  transferAnswerSchema,
} from '#shared/protocol/dimse-peer.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../../audit/audit.ts';
import type { Trx } from '../../database/database.ts';
import { parseProxies } from '../../http/client-address.ts';
import {
  type Caller,
  callerOf,
  createRouter,
  defineRoute,
  jsonBody,
  jsonResponse,
  type Router,
} from '../../http/route.ts';
import { policyNamed, requireReason } from '../../policies/policies.ts';
import { answerTransfer, type AnswerTools } from '../transfers/answer-transfer.ts';
import { listTransfers } from '../transfers/transfer.store.ts';
import { deletePeer, insertPeer, listPeers, updatePeer } from './dimse-peer.store.ts';

const ADMIN = ['admin'] as const;
const shown = z.object(dimsePeerSchema.shape).openapi('DimsePeer');
const byId = z.object({ id: z.uuid() });
const WISH_PROBLEMS = ['dimse-peer-exists', 'not-found', 'policy-not-allowed', 'reason-missing'] as const;

const list = defineRoute({
  method: 'get',
  path: '/admin/dimse-peers',
  roles: ADMIN,
  tags: ['admin'],
  summary: 'Who may store over DIMSE, what came of it, and who was refused lately',
  responses: {
    200: jsonResponse(
      z.object({ ...dimsePeersSchema.shape, peers: z.array(shown) }),
      'By name; `listener` is null where the gateway has no DIMSE port.',
    ),
  },
});
const make = defineRoute({
  method: 'post',
  path: '/admin/dimse-peers',
  roles: ADMIN,
  tags: ['admin'],
  problems: WISH_PROBLEMS,
  summary: 'Let a modality or PACS store',
  request: { body: jsonBody(dimsePeerWishSchema) },
  responses: { 201: jsonResponse(shown, 'It may ask for an association at once.') },
});
const change = defineRoute({
  method: 'put',
  path: '/admin/dimse-peers/{id}',
  roles: ADMIN,
  tags: ['admin'],
  problems: WISH_PROBLEMS,
  summary: 'Change a peer',
  request: { params: byId, body: jsonBody(dimsePeerWishSchema) },
  responses: { 200: jsonResponse(shown, 'An association that is open takes no further instance.') },
});
const remove = defineRoute({
  method: 'delete',
  path: '/admin/dimse-peers/{id}',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found'],
  summary: 'Delete a peer: it is refused from now on',
  request: { params: byId },
  responses: { 204: { description: 'Instances that it was told are stored are still forwarded.' } },
});

const answer = defineRoute({
  method: 'post',
  path: '/admin/dimse-peers/transfers/{id}',
  operationId: 'decideDimseTransfer',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found', 'pacs-unreachable'],
  summary: 'Send what a modality was told is stored, and is missing, again, or give it up for a reason',
  request: { params: byId, body: jsonBody(transferAnswerSchema) },
  responses: { 204: { description: 'It is being opened again; or nobody is asked for it any more.' } },
});

type DimsePeerRouteTools = AnswerTools & {
  readonly listener: () => Pick<DimsePeers, 'listener' | 'refused'>;
};

export function dimsePeerRoutes(tools: DimsePeerRouteTools): Router {
  const { db, now } = tools.pipeline;
  const router = createRouter();
  router.openapi(list, async (c) => {
    const { siteId } = callerOf(c);
    const peers = await listPeers(db, { siteId, now: now() });
    const transfers = await listTransfers(db, siteId);
    return c.json({ ...tools.listener(), peers: [...peers], transfers }, 200);
  });
  router.openapi(answer, async (c) => {
    const { siteId, id: by } = callerOf(c);
    await answerTransfer(tools, { siteId, id: c.req.valid('param').id, by }, c.req.valid('json'));
    return c.body(null, 204);
  });
  router.openapi(make, async (c) => {
    const saved = await savePeer(tools, callerOf(c), { id: null, wish: c.req.valid('json') });
    return c.json(saved, 201);
  });
  router.openapi(change, async (c) => {
    const { id } = c.req.valid('param');
    return c.json(await savePeer(tools, callerOf(c), { id, wish: c.req.valid('json') }), 200);
  });
  router.openapi(remove, async (c) => {
    const { siteId, id: by } = callerOf(c);
    await db.transaction().execute(async (trx) => {
      const row = await deletePeer(trx, siteId, c.req.valid('param').id);
      const { id: peerId, ae_title: aeTitle, addresses, account_id: accountId, policy_name: policy } = row;
      const about = { peerId, aeTitle, addresses, accountId, policy, by };
      await recordAudit(trx, siteId, { event: 'dimse-peer-deleted', ...about }, now());
    });
    return c.body(null, 204);
  });
  return router;
}

type Saving = { readonly id: string | null; readonly wish: DimsePeerWish };

async function savePeer(
  { pipeline: { db, now } }: DimsePeerRouteTools,
  { siteId, id: by }: Caller,
  { id: known, wish }: Saving,
): Promise<DimsePeer> {
  // Rejects address blocks so large that they would admit anybody.
  if (parseProxies(wish.addresses) === null) throw new Problem('invalid-request', 'Invalid: addresses.');
  const id = known ?? randomUUID();
  const at = now();
  return db.transaction().execute(async (trx) => {
    await checkAccount(trx, siteId, wish);
    await (known === null ? insertPeer : updatePeer)(trx, { ...wish, id, siteId, now: at });
    const [saved] = await listPeers(trx, { siteId, now: at, of: id });
    const { aeTitle, addresses, accountId, policy } = wish;
    const about = { peerId: id, aeTitle, addresses, accountId, policy, by };
    await recordAudit(
      trx,
      siteId,
      { event: known === null ? 'dimse-peer-made' : 'dimse-peer-changed', ...about },
      at,
    );
    return saved!;
  });
}

/** @throws Problem not-found: no such account, or it is disabled; policy-not-allowed; reason-missing. */
async function checkAccount(
  trx: Trx,
  siteId: string,
  { accountId, policy: name, reason }: DimsePeerWish,
): Promise<void> {
  const account = await trx
    .selectFrom('account')
    .select('roles')
    .where('id', '=', accountId)
    .where('site_id', '=', siteId)
    .where('disabled_at', 'is', null)
    .executeTakeFirst();
  if (account === undefined) throw new Problem('not-found');
  requireReason(await policyNamed(trx, siteId, name, account.roles), reason);
}
