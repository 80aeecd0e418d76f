/** `/admin/storage`: the disk, what occupies it, and the removal of what nothing needs. */
import { z } from '@hono/zod-openapi';
import { storageSchema, type Storage } from '#shared/protocol/storage.ts';
import { recordAudit } from '../audit/audit.ts';
import { callerOf, createRouter, defineRoute, jsonResponse, type Router } from '../http/route.ts';
import { countOrphans, removeOrphans } from './orphans.ts';
import { measureStorage, type StorageTools } from './measure-storage.ts';

const show = defineRoute({
  method: 'get',
  path: '/admin/storage',
  operationId: 'getStorage',
  roles: ['admin', 'auditor'],
  tags: ['admin'],
  summary: 'The disk of the data directory, what occupies it, and files that no row names',
  responses: { 200: jsonResponse(storageSchema, 'Measured now.') },
});
const sweep = defineRoute({
  method: 'delete',
  path: '/admin/storage/orphans',
  operationId: 'removeOrphans',
  roles: ['admin'],
  tags: ['admin'],
  summary: 'Remove files that no row names now, and not only with the next sweep',
  responses: {
    200: jsonResponse(z.object(storageSchema.shape.orphans.shape), 'What was removed.'),
  },
});

type RouteTools = StorageTools & { readonly now: () => Date };

export function storageRoutes(tools: RouteTools): Router {
  const { db, now } = tools;
  const router = createRouter();
  router.openapi(show, async (c) => c.json(await measureStorage(tools), 200));
  router.openapi(sweep, async (c) => {
    const { siteId, id: by } = callerOf(c);
    const before = await countOrphans(tools);
    await removeOrphans(tools);
    const removed = difference(before, await countOrphans(tools));
    await db
      .transaction()
      .execute((trx) => recordAudit(trx, siteId, { event: 'orphans-removed', by, ...removed }, now()));
    return c.json(removed, 200);
  });
  return router;
}

const difference = (before: Storage['orphans'], after: Storage['orphans']): Storage['orphans'] => ({
  files: Math.max(0, before.files - after.files),
  bytes: Math.max(0, before.bytes - after.bytes),
});
