/**
 * `/worklist`: orders, for people who send studies with names. Neither a device on its own nor an API key can read
 * them. An API key can import a list, so that another system can deliver one.
 */
import { z } from '@hono/zod-openapi';
import { DAY_MS } from '#shared/day.ts';
import {
  IMPORT_BYTES_LIMIT,
  ORDER_READERS,
  orderChoiceSchema,
  orderChosenSchema,
  orderImportSchema,
  WORKLIST_DAYS,
  worklistSchema,
  type OrderImport,
} from '#shared/protocol/worklist.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import { readLimited } from '../http/read-multipart.ts';
import {
  callerOf,
  createRouter,
  defineRoute,
  jsonBody,
  jsonResponse,
  type Caller,
  type Router,
} from '../http/route.ts';
import { chooseOrder } from './choose-order.ts';
import { listOrders } from './list-orders.ts';
import { importOrders } from './order.store.ts';
import { readOrders, type ReadOrders } from './read-orders.ts';
import type { WorklistTools } from './worklist-tools.ts';

const LIST = { bytes: IMPORT_BYTES_LIMIT, quietMs: 30_000 };

const list = defineRoute({
  method: 'get',
  path: '/worklist',
  roles: ORDER_READERS,
  tags: ['studies'],
  summary: 'The orders of some days, from modality worklists and imported lists',
  request: {
    query: z.object({
      from: z.iso.date(),
      to: z.iso.date().openapi({ description: `Included; at most ${WORKLIST_DAYS} days.` }),
      patientId: z.string().min(1).max(64).optional(),
    }),
  },
  responses: { 200: jsonResponse(worklistSchema, 'By day and time.') },
});
const choose = defineRoute({
  method: 'post',
  path: '/worklist/choices',
  operationId: 'chooseOrder',
  roles: ORDER_READERS,
  tags: ['studies'],
  summary: 'Say of which order a study is. Repeatable: the time of the first choice stays',
  request: { body: jsonBody(orderChoiceSchema) },
  responses: { 200: jsonResponse(orderChosenSchema, 'The time that stands in the instances.') },
});
const bring = defineRoute({
  method: 'post',
  path: '/worklist/import',
  roles: ['technician', 'admin'],
  keys: ['upload'],
  tags: ['studies'],
  bodyBytesLimit: IMPORT_BYTES_LIMIT,
  summary: 'Import a list of orders (CSV), or look only at what is wrong with it',
  request: {
    query: z.object({ dryRun: z.enum(['true', 'false']).default('false') }),
    body: { required: true, content: { 'text/csv': { schema: z.string() } } },
  },
  responses: { 200: jsonResponse(orderImportSchema, 'Where a row has a fault, nothing was imported.') },
});

export function worklistRoutes(tools: WorklistTools): Router {
  const { db, now } = tools;
  const router = createRouter();
  router.openapi(list, async (c) => {
    const { id, siteId } = callerOf(c);
    const { from, to, patientId = null } = c.req.valid('query');
    const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
    if (days < 1 || days > WORKLIST_DAYS) throw new Problem('invalid-request', 'Invalid: to.');
    const found = await listOrders(tools, siteId, { from, to, patientId }, c.req.raw.signal);
    const read = { event: 'orders-read', accountId: id, orders: found.orders.length } as const;
    await db.transaction().execute((trx) => recordAudit(trx, siteId, read, now()));
    return c.json(found, 200);
  });
  router.openapi(choose, async (c) => {
    const chosenAt = await chooseOrder(tools, callerOf(c), c.req.valid('json'));
    return c.json({ chosenAt: chosenAt.toISOString() }, 200);
  });
  router.openapi(bring, async (c) => {
    const { body, signal } = c.req.raw;
    if (body === null) throw new Problem('bad-request');
    const isDryRun = c.req.valid('query').dryRun === 'true';
    const pieces = readLimited(body, LIST);
    const read = await readOrders(pieces, signal);
    return c.json(await bringList(tools, callerOf(c), read, isDryRun), 200);
  });
  return router;
}

async function bringList(
  tools: WorklistTools,
  caller: Caller,
  { orders, faults, moreFaults }: ReadOrders,
  isDryRun: boolean,
): Promise<OrderImport> {
  const isImported = !isDryRun && faults.length === 0 && orders.length > 0;
  if (isImported) await importOrders(tools, caller, orders);
  return { valid: orders.length, imported: isImported ? orders.length : 0, faults: [...faults], moreFaults };
}
