/**
 * `/export-templates`: templates are data that say which fields an export has and how much it reveals. Administrators
 * create and change them.
 */
import { z } from '@hono/zod-openapi';
import {
  exportTemplateChangeSchema,
  exportTemplateNameSchema,
  exportTemplatesSchema,
  mayExport,
  newExportTemplateSchema,
} from '#shared/protocol/exports.ts';
import { EXPORTERS } from '#shared/protocol/keepers.ts';
import {
  callerOf,
  createRouter,
  defineRoute,
  jsonBody,
  jsonResponse,
  type Caller,
  type Router,
} from '../http/route.ts';
import { exportTemplates } from './export-template.store.ts';
import type { ExportTools } from './export-tools.ts';

const list = defineRoute({
  method: 'get',
  path: '/export-templates',
  roles: EXPORTERS,
  tags: ['exports'],
  summary: 'The newest version of each template that you may use',
  responses: { 200: jsonResponse(exportTemplatesSchema, 'By name.') },
});
const add = defineRoute({
  method: 'post',
  path: '/export-templates',
  roles: ['admin'],
  tags: ['exports'],
  problems: ['export-template-changed'],
  summary: 'Add a template',
  request: { body: jsonBody(newExportTemplateSchema) },
  responses: { 201: jsonResponse(exportTemplatesSchema, 'All of them, by name.') },
});
const change = defineRoute({
  method: 'put',
  path: '/export-templates/{name}',
  roles: ['admin'],
  tags: ['exports'],
  problems: ['not-found', 'export-template-changed'],
  summary: 'Make the next version. Exports that were asked for keep theirs',
  request: {
    params: z.object({ name: exportTemplateNameSchema }),
    body: jsonBody(exportTemplateChangeSchema),
  },
  responses: { 200: jsonResponse(exportTemplatesSchema, 'All of them, by name.') },
});

export function exportTemplateRoutes(tools: Pick<ExportTools, 'db' | 'now'>): Router {
  const router = createRouter();
  const usedBy = async ({ siteId, roles }: Caller) => {
    const templates = await exportTemplates.list(tools.db, siteId);
    return { templates: templates.filter(({ definition }) => mayExport(roles, definition.redaction)) };
  };
  router.openapi(list, async (c) => c.json(await usedBy(callerOf(c)), 200));
  router.openapi(add, async (c) => {
    const caller = callerOf(c);
    await exportTemplates.add(tools, caller, c.req.valid('json'));
    return c.json(await usedBy(caller), 201);
  });
  router.openapi(change, async (c) => {
    const caller = callerOf(c);
    await exportTemplates.change(tools, caller, { ...c.req.valid('param'), ...c.req.valid('json') });
    return c.json(await usedBy(caller), 200);
  });
  return router;
}
