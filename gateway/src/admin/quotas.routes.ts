/** `/admin/quotas`: how much each account may announce and ask for, and how much it has used. */
import { z } from '@hono/zod-openapi';
import { Problem } from '#shared/protocol/problem.ts';
import { quotaSchema, quotasSchema } from '#shared/protocol/quota.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Db } from '../database/database.ts';
import { callerOf, createRouter, defineRoute, jsonBody, jsonResponse, type Router } from '../http/route.ts';
import { quotasOfSite, setAccountQuota, setSiteQuota, siteQuota } from '../policies/quota.store.ts';

const ADMIN = ['admin'] as const;

const list = defineRoute({
  method: 'get',
  path: '/admin/quotas',
  roles: ['admin', 'auditor'],
  tags: ['admin'],
  summary: 'The quotas of the accounts, and what each has announced that is not in the PACS',
  responses: { 200: jsonResponse(quotasSchema, 'The site’s quota, and every account’s.') },
});
const setForSite = defineRoute({
  method: 'put',
  path: '/admin/quotas',
  operationId: 'setDefaultQuota',
  roles: ADMIN,
  tags: ['admin'],
  summary: 'Set the quota for every account without one of its own',
  request: { body: jsonBody(quotaSchema) },
  responses: { 204: { description: 'Set. Uploads that are open stay open.' } },
});
const setForAccount = defineRoute({
  method: 'put',
  path: '/admin/quotas/{id}',
  operationId: 'setQuota',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found'],
  summary: 'Set the quota of one account; `null`: the site’s',
  request: {
    params: z.object({ id: z.uuid() }),
    body: jsonBody(z.object({ quota: quotaSchema.nullable() })),
  },
  responses: { 204: { description: 'Set. Uploads that are open stay open.' } },
});

type QuotaRouteTools = { readonly db: Db; readonly now: () => Date };

export function quotaRoutes({ db, now }: QuotaRouteTools): Router {
  const router = createRouter();
  router.openapi(list, async (c) => {
    const { siteId } = callerOf(c);
    const accounts = await quotasOfSite(db, siteId, now());
    return c.json({ site: await siteQuota(db, siteId), accounts: [...accounts] }, 200);
  });

  router.openapi(setForSite, async (c) => {
    const { siteId, id: by } = callerOf(c);
    const quota = c.req.valid('json');
    await db.transaction().execute(async (trx) => {
      await setSiteQuota(trx, siteId, quota);
      await recordAudit(trx, siteId, { event: 'quota-changed', accountId: null, by, ...quota }, now());
    });
    return c.body(null, 204);
  });

  router.openapi(setForAccount, async (c) => {
    const { siteId, id: by } = callerOf(c);
    const { id: accountId } = c.req.valid('param');
    const { quota } = c.req.valid('json');
    const limits = quota ?? { uploads: null, instances: null, bytes: null, patients: null };
    await db.transaction().execute(async (trx) => {
      if (!(await setAccountQuota(trx, siteId, accountId, quota))) throw new Problem('not-found');
      await recordAudit(trx, siteId, { event: 'quota-changed', accountId, by, ...limits }, now());
    });
    return c.body(null, 204);
  });
  return router;
}
