/**
 * `/admin/inference-rules`: when a delivered study is looked at without being asked. A fresh installation has
 * none; the sample study needs none.
 */
import { z } from '@hono/zod-openapi';
import { inferenceRuleSchema } from '#shared/protocol/inference.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Db } from '../database/database.ts';
import { callerOf, createRouter, defineRoute, jsonBody, jsonResponse, type Router } from '../http/route.ts';
import { versionsOf } from '../models/model.store.ts';
import { answersItself } from './model-set.ts';
import { replaceRules, rulesOf } from './rule.store.ts';

const ADMIN = ['admin'] as const;
const RULES_LIMIT = 50;
const rules = z.object({ rules: z.array(inferenceRuleSchema).max(RULES_LIMIT) });

const read = defineRoute({
  method: 'get',
  path: '/admin/inference-rules',
  roles: ADMIN,
  tags: ['inference'],
  summary: 'When a delivered study is looked at without being asked',
  responses: { 200: jsonResponse(rules, 'In their order; each that fits has its own model look.') },
});
const replace = defineRoute({
  method: 'put',
  path: '/admin/inference-rules',
  roles: ADMIN,
  tags: ['inference'],
  problems: ['model-not-found', 'model-not-usable'],
  summary: 'Set all rules',
  request: { body: jsonBody(rules) },
  responses: { 200: jsonResponse(rules, 'They hold for every study whose receipt is issued from now on.') },
});

export function ruleRoutes({ db, now }: { readonly db: Db; readonly now: () => Date }): Router {
  const router = createRouter();
  router.openapi(read, async (c) => c.json({ rules: await rulesOf(db, callerOf(c).siteId) }, 200));
  router.openapi(replace, async (c) => {
    const { siteId, id: by } = callerOf(c);
    const { rules: wanted } = c.req.valid('json');
    if (new Set(wanted.map(({ name }) => name)).size < wanted.length)
      throw new Problem('invalid-request', 'Invalid: two rules have one name.');
    const known = Map.groupBy(await versionsOf(db, siteId), ({ model_id }) => model_id);
    for (const { model } of wanted) {
      const versions = known.get(model);
      if (versions === undefined) throw new Problem('model-not-found');
      if (!versions.some(answersItself)) throw new Problem('model-not-usable');
    }
    await db.transaction().execute(async (trx) => {
      await replaceRules(trx, siteId, wanted);
      await recordAudit(trx, siteId, { event: 'inference-rules-changed', rules: wanted.length, by }, now());
    });
    return c.json({ rules: wanted }, 200);
  });
  return router;
}
