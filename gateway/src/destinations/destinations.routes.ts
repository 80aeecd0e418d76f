/**
 * `/admin/destinations`: the PACSs to which studies go. For the role `admin`. Each change is in the audit trail, and no
 * answer contains a secret. A study stays with the destination that was primary when it was first promised.
 */
import { randomUUID } from 'node:crypto';
import type { BlockList } from 'node:net';
import { z } from '@hono/zod-openapi';
import {
  destinationExaminationSchema,
  destinationSchema,
  destinationsSchema,
  destinationWishSchema,
  examinationWishSchema,
  givenUpSchema,
  giveUpWishSchema,
  needWishSchema,
  tuningSchema,
  type Destination,
} from '#shared/protocol/destination.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { viewersSchema } from '#shared/protocol/viewer.ts';
import { worklistAddressSchema } from '#shared/protocol/worklist.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { Db, Trx } from '../database/database.ts';
import { lockDestinations } from '../database/destinations-lock.ts';
import {
  type Caller,
  callerOf,
  createRouter,
  defineRoute,
  jsonBody,
  jsonResponse,
  type Router,
} from '../http/route.ts';
import { giveUpCopies } from '../pipeline/stores/copy.store.ts';
import { auditDestination, type DestinationChange } from './audit-destination.ts';
import { checkWish } from './check-wish.ts';
import {
  deleteDestination,
  findDestination,
  insertDestination,
  listDestinations,
  setTuning,
  setViewers,
  setWorklist,
  makePrimary,
  setNeed,
  updateDestination,
  type DestinationRow,
} from './destination.store.ts';
import { connectionOf, type Destinations } from './destinations.ts';
import { applyMeasured } from './apply-measured.ts';
import { toShown, tuningOf } from './show-destination.ts';
import { examineDestination, type Examining } from './examine-destination.ts';
import { probeFolder } from './probe-folder.ts';
import type { SecretSeal } from './seal-secrets.ts';

const ADMIN = ['admin'] as const;
/** Enough for certificates with their chains. */
const BODY_LIMIT = 256 * 1024;
const shown = z.object(destinationSchema.shape).openapi('Destination');
const byId = z.object({ id: z.uuid() });

const list = defineRoute({
  method: 'get',
  path: '/admin/destinations',
  roles: ADMIN,
  tags: ['admin'],
  summary: 'The PACSs to which studies go',
  responses: {
    200: jsonResponse(z.object(destinationsSchema.shape), 'The primary one first, then by name.'),
  },
});
const make = defineRoute({
  method: 'post',
  path: '/admin/destinations',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['destination-exists', 'destination-secret-missing'],
  summary: 'Add a destination',
  bodyBytesLimit: BODY_LIMIT,
  request: { body: jsonBody(destinationWishSchema) },
  responses: { 201: jsonResponse(shown, 'Nothing goes there before it is primary.') },
});
const change = defineRoute({
  method: 'put',
  path: '/admin/destinations/{id}',
  roles: ADMIN,
  tags: ['admin'],
  problems: [
    'not-found',
    'destination-changed',
    'destination-exists',
    'destination-secret-missing',
    'destination-set-by-environment',
  ],
  summary: 'Change a destination; a secret that is left out stays as it is',
  bodyBytesLimit: BODY_LIMIT,
  request: { params: byId, body: jsonBody(destinationWishSchema) },
  responses: { 200: jsonResponse(shown, 'In force from the next request to it on.') },
});
const view = defineRoute({
  method: 'put',
  path: '/admin/destinations/{id}/viewers',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found'],
  summary: 'Set the viewers that show what the destination holds',
  request: { params: byId, body: jsonBody(viewersSchema) },
  responses: { 200: jsonResponse(shown, 'Offered for its studies from now on.') },
});
const order = defineRoute({
  method: 'put',
  path: '/admin/destinations/{id}/worklist',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found'],
  summary: 'Set where the modality worklist of the destination answers',
  request: { params: byId, body: jsonBody(worklistAddressSchema) },
  responses: { 200: jsonResponse(shown, 'Asked from now on.') },
});
const tune = defineRoute({
  method: 'put',
  path: '/admin/destinations/{id}/tuning',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found'],
  summary: 'Set how the gateway works with the destination: lag, proof, size of requests',
  request: { params: byId, body: jsonBody(tuningSchema) },
  responses: { 200: jsonResponse(shown, 'In force from the next study to it on. The size is learned on.') },
});
const choose = defineRoute({
  method: 'post',
  path: '/admin/destinations/{id}/primary',
  operationId: 'makeDestinationPrimary',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found'],
  summary: 'Send new studies to this destination. Repeatable',
  request: { params: byId },
  responses: {
    200: jsonResponse(shown, 'Studies that were promised before stay with theirs.'),
  },
});
const need = defineRoute({
  method: 'put',
  path: '/admin/destinations/{id}/need',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found'],
  summary: 'Send new studies to this destination too, or no longer. Repeatable',
  request: { params: byId, body: jsonBody(needWishSchema) },
  responses: {
    200: jsonResponse(shown, 'Studies that were promised before go where they were to go.'),
  },
});
const giveUp = defineRoute({
  method: 'post',
  path: '/admin/destinations/{id}/give-up',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found'],
  summary: 'Give up the studies that go there also, or must; new ones go there only by a rule. Repeatable',
  request: { params: byId, body: jsonBody(giveUpWishSchema) },
  responses: {
    200: jsonResponse(
      givenUpSchema,
      'How many studies. Their bytes are deleted; where nobody else lacks it, a required one counts as in the PACS.',
    ),
  },
});
const remove = defineRoute({
  method: 'delete',
  path: '/admin/destinations/{id}',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found', 'destination-in-use', 'destination-in-rule', 'destination-set-by-environment'],
  summary: 'Delete a destination to which no study was sent, and that no rule names',
  request: { params: byId },
  responses: { 204: { description: 'Deleted, with its secrets.' } },
});
const examine = defineRoute({
  method: 'post',
  path: '/admin/destinations/{id}/test',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found'],
  summary:
    'Have the doctor look at it, for up to a minute. Stores test instances only where that is asked for',
  request: { params: byId, body: { ...jsonBody(examinationWishSchema), required: false } },
  responses: {
    200: jsonResponse(destinationExaminationSchema, 'What it found, and the settings that fit.'),
  },
});

type DestinationRouteTools = {
  readonly db: Db;
  readonly seal: SecretSeal;
  readonly destinations: Pick<Destinations, 'of'>;
  readonly now: () => Date;
  readonly clock: () => number;
  readonly pacsProxy: Examining['proxy'];
  readonly blocked: BlockList;
  readonly folderRoot: string | null;
  /** Retries the studies that wait for a destination now. */
  readonly wakeWaiting: (destinationId: string) => Promise<void>;
};

export function destinationRoutes(tools: DestinationRouteTools): Router {
  const router = createRouter();
  const { db, destinations, clock } = tools;
  router.openapi(list, async (c) => {
    const rows = await listDestinations(db, callerOf(c).siteId);
    return c.json({ destinations: rows.map(toShown), folderRoot: tools.folderRoot }, 200);
  });
  router.openapi(examine, async (c) => {
    const row = await findDestination(db, callerOf(c).siteId, c.req.valid('param').id);
    const probe = (signal: AbortSignal) => probeFolder(db, destinations.of(row), row.id, signal);
    const around = { proxy: tools.pacsProxy, blocked: tools.blocked, clock, probe };
    // The scope is missing where the request has no body.
    const { scope } = examinationWishSchema.parse(c.req.valid('json'));
    const connect = () => connectionOf(row, tools.seal);
    const found = await examineDestination(connect, around, scope, c.req.raw.signal);
    await applyMeasured(db, row, { found, now: tools.now() });
    if (found.verdict?.result !== 'fail') await resume(tools, row, c.req.raw.signal);
    return c.json(found, 200);
  });
  serveWriting(router, tools);
  serveViewers(router, tools);
  serveWorklist(router, tools);
  serveTuning(router, tools);
  serveChoosing(router, tools);
  return router;
}

/** Tells the connection's guard that the destination answers again, and retries what waits for it. */
async function resume(
  { destinations, wakeWaiting }: DestinationRouteTools,
  row: DestinationRow,
  signal: AbortSignal,
): Promise<void> {
  await ignoreFailure(destinations.of(row).probe(signal), 'it went away again: what waits comes back later');
  await wakeWaiting(row.id);
}

function serveWriting(router: Router, tools: DestinationRouteTools): void {
  const { seal, now } = tools;
  router.openapi(make, async (c) => {
    const caller = callerOf(c);
    const id = randomUUID();
    const wanted = checkWish(c.req.valid('json'), { id, before: null }, seal);
    const made = await changing(tools, caller, id, async (trx) => {
      await insertDestination(trx, caller.siteId, { id, ...wanted, now: now() });
      return 'made';
    });
    return c.json(made, 201);
  });
  router.openapi(change, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    const changed = await changing(tools, caller, id, async (trx) => {
      const before = await ownDestination(trx, caller, id);
      const wish = c.req.valid('json');
      if (wish.version !== undefined && wish.version !== before.version)
        throw new Problem('destination-changed');
      const wanted = checkWish(wish, { id, before }, seal);
      await updateDestination(trx, caller.siteId, { id, ...wanted, now: now() });
      return 'changed';
    });
    return c.json(changed, 200);
  });
}

function serveViewers(router: Router, tools: DestinationRouteTools): void {
  router.openapi(view, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    const { viewers } = c.req.valid('json');
    const changed = await changing(tools, caller, id, async (trx) => {
      await findDestination(trx, caller.siteId, id);
      await setViewers(trx, id, { viewers, now: tools.now() });
      return 'changed';
    });
    return c.json(changed, 200);
  });
}

function serveWorklist(router: Router, tools: DestinationRouteTools): void {
  router.openapi(order, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    const { address: worklist } = c.req.valid('json');
    const changed = await changing(tools, caller, id, async (trx) => {
      await findDestination(trx, caller.siteId, id);
      await setWorklist(trx, id, { worklist, now: tools.now() });
      return 'worklist';
    });
    return c.json(changed, 200);
  });
}

function serveTuning(router: Router, tools: DestinationRouteTools): void {
  router.openapi(tune, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    const wanted = c.req.valid('json');
    const changed = await changing(tools, caller, id, async (trx) => {
      await findDestination(trx, caller.siteId, id);
      await setTuning(trx, id, { ...wanted, now: tools.now() });
      return 'tuned';
    });
    return c.json(changed, 200);
  });
}

function serveChoosing(router: Router, tools: DestinationRouteTools): void {
  const { db, now } = tools;
  router.openapi(choose, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    const chosen = await changing(tools, caller, id, async (trx) => {
      await findDestination(trx, caller.siteId, id);
      return (await makePrimary(trx, caller.siteId, id)) ? 'primary' : null;
    });
    return c.json(chosen, 200);
  });
  router.openapi(need, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    const wanted = c.req.valid('json');
    const set = await changing(tools, caller, id, async (trx) => {
      await findDestination(trx, caller.siteId, id);
      return (await setNeed(trx, id, wanted.need)) ? (wanted.need ?? 'left') : null;
    });
    return c.json(set, 200);
  });
  router.openapi(giveUp, async (c) => {
    const { siteId, id: by } = callerOf(c);
    const { id: destinationId } = c.req.valid('param');
    const { need: given } = c.req.valid('json');
    const count = await db.transaction().execute(async (trx) => {
      await lockDestinations(trx, siteId);
      const row = await findDestination(trx, siteId, destinationId);
      const isLeft = row.need === given && (await setNeed(trx, destinationId, null));
      const copies = await giveUpCopies(trx, { siteId, destinationId, need: given }, now());
      if (isLeft || copies > 0) await auditDestination(trx, row, { change: 'given-up', by, now: now() });
      return copies;
    });
    return c.json({ givenUp: count }, 200);
  });
  router.openapi(remove, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    await db.transaction().execute(async (trx) => {
      await lockDestinations(trx, caller.siteId);
      const row = await ownDestination(trx, caller, id);
      await deleteDestination(trx, row);
      await auditDestination(trx, row, { change: 'deleted', by: caller.id, now: now() });
    });
    return c.body(null, 204);
  });
}

/** @throws Problem not-found, destination-set-by-environment. */
async function ownDestination(trx: Trx, { siteId }: Caller, id: string): Promise<DestinationRow> {
  const row = await findDestination(trx, siteId, id);
  if (row.from_environment) throw new Problem('destination-set-by-environment');
  return row;
}

/**
 * Makes the change, writes its audit row and returns the destination afterwards. `work` returns null where nothing
 * changed.
 */
async function changing(
  { db, now }: DestinationRouteTools,
  { siteId, id: by }: Caller,
  id: string,
  work: (trx: Trx) => Promise<DestinationChange | null>,
): Promise<Destination> {
  return db.transaction().execute(async (trx) => {
    await lockDestinations(trx, siteId);
    const happened = await work(trx);
    const row = (await listDestinations(trx, siteId)).find((one) => one.id === id);
    if (row === undefined) throw new Problem('not-found');
    const tuned = happened === 'tuned' && { tuning: tuningOf(row) };
    if (happened !== null) await auditDestination(trx, row, { change: happened, by, now: now(), ...tuned });
    return toShown(row);
  });
}
