/** `/admin/config`: what a site has set, as one document that is read, planned and applied. For the role `admin`. */
import { z } from '@hono/zod-openapi';
import { configurationOutcomeSchema, configurationSchema } from '#shared/protocol/configuration.ts';
import type { RuleKind } from '#shared/protocol/rule.ts';
import type { Db } from '../database/database.ts';
import type { SecretSeal } from '../destinations/seal-secrets.ts';
import { invalidRequest } from '../http/invalid-request.ts';
import { readJudged } from '../http/json-body.ts';
import {
  allow,
  callerOf,
  createRouter,
  defineRoute,
  describeRoute,
  jsonBody,
  jsonResponse,
  type Router,
} from '../http/route.ts';
import type { KindOfRules } from '../rules/rules.routes.ts';
import { applyConfiguration, readConfiguration } from './apply-configuration.ts';
import { destinationsPart } from './destinations-part.ts';
import { DOCUMENT } from './judge-document.ts';
import { policies, templates, types } from './named-parts.ts';
import type { At, Part } from './part.ts';
import { backups, quotas, retention } from './plain-parts.ts';
import { rulesPart } from './rules-part.ts';

const ADMIN = ['admin'] as const;
const PATH = '/admin/config';
const BODY_LIMIT = 1024 * 1024;

const querySchema = z.strictObject({ plan: z.enum(['true', 'false']).default('false') });

const show = defineRoute({
  method: 'get',
  path: PATH,
  operationId: 'getConfiguration',
  roles: ADMIN,
  tags: ['admin'],
  summary: 'What the site has set, as one document without secrets',
  responses: { 200: jsonResponse(z.object(configurationSchema.shape), 'As `PUT` takes it.') },
});

const describeApply = (router: Router): void =>
  describeRoute(router, {
    method: 'put',
    path: PATH,
    operationId: 'applyConfiguration',
    roles: ADMIN,
    tags: ['admin'],
    bodyBytesLimit: BODY_LIMIT,
    problems: [
      'configuration-wrong',
      'bad-request',
      'invalid-request',
      'body-too-large',
      'unsupported-media-type',
    ],
    summary: 'Bring the site to what a document says. Parts that it lacks stay as they are',
    request: {
      query: querySchema,
      body: jsonBody(z.object(configurationSchema.shape)),
    },
    responses: {
      200: jsonResponse(
        z.object(configurationOutcomeSchema.shape),
        'The differences. With `plan=true` nothing was changed.',
      ),
    },
  });

type Tools = {
  readonly db: Db;
  readonly seal: SecretSeal;
  readonly now: () => Date;
  readonly secretOf: At['secretOf'];
  readonly receiverOf: At['receiverOf'];
  readonly kinds: Readonly<Record<RuleKind, Pick<KindOfRules, 'check'>>>;
};

export function configurationRoutes({ db, seal, now, kinds, ...secrets }: Tools): Router {
  // In this order they are applied; what is left out is removed in the other order.
  const parts = [
    policies,
    types,
    templates,
    destinationsPart(seal),
    rulesPart(kinds),
    quotas,
    backups,
    retention,
  ] as unknown as readonly Part<object>[];
  const router = createRouter();
  router.openapi(show, async (c) =>
    c.json(await readConfiguration({ db, siteId: callerOf(c).siteId, parts }), 200),
  );
  describeApply(router);
  router.put(PATH, allow(ADMIN), async (c) => {
    const { siteId, id: by } = callerOf(c);
    // Whoever mistypes `plan` must not apply.
    const query = querySchema.safeParse(c.req.query());
    if (!query.success) throw invalidRequest(query.error.issues, 'query');
    const judged = await readJudged({ request: c.req.raw, from: by, bytesLimit: BODY_LIMIT }, DOCUMENT);
    const tools = { db, siteId, by, now: now(), parts, ...secrets };
    return c.json(await applyConfiguration(tools, judged, query.data.plan === 'true'), 200);
  });
  return router;
}
