/**
 * `/admin/sample`: how much sample data there is, the accounts that create it, and its removal. For the role `admin`.
 */
import { z } from '@hono/zod-openapi';
import { sampleAccountsSchema, sampleRemovalSchema, sampleSchema } from '#shared/protocol/sample.ts';
import { callerOf, createRouter, defineRoute, jsonResponse, type Router } from '../http/route.ts';
import { listDestinations } from '../destinations/destination.store.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import { openAccounts } from './open-accounts.ts';
import { removeSample } from './remove-sample.ts';
import { countSample } from './sample.store.ts';
import type { SampleTools } from './sample-tools.ts';

const ADMIN = ['admin'] as const;
/** How long a destination may take to answer. */
const PROBE_MS = 3_000;
/** How long one step of the removal may take. */
const STEP_MS = 60_000;

const show = defineRoute({
  method: 'get',
  path: '/admin/sample',
  roles: ADMIN,
  tags: ['admin'],
  summary: 'How much sample data there is',
  request: {
    query: z.object({
      destinations: z.enum(['1']).optional().openapi({ description: 'Ask them whether they let delete.' }),
    }),
  },
  responses: { 200: jsonResponse(z.object(sampleSchema.shape), 'Counts') },
});
const open = defineRoute({
  method: 'post',
  path: '/admin/sample',
  operationId: 'createSample',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['user-exists'],
  summary:
    'Give the accounts of sample data new passwords, or make them. All that they send and open is sample data',
  responses: {
    200: jsonResponse(z.object(sampleAccountsSchema.shape), 'With their passwords, which are shown once'),
  },
});
const remove = defineRoute({
  method: 'delete',
  path: '/admin/sample',
  roles: ADMIN,
  tags: ['admin'],
  summary: 'Remove sample data: one step, to be asked again with `after` until `next` is null',
  request: { query: z.object({ after: z.string().max(64).default('') }) },
  responses: {
    200: jsonResponse(z.object(sampleRemovalSchema.shape), 'What this step removed, and what is left'),
  },
});

export function sampleRoutes(tools: SampleTools): Router {
  const router = createRouter();
  router.openapi(show, async (c) => {
    const { siteId } = callerOf(c);
    const counts = await countSample(tools.db, siteId);
    const isAsked = c.req.valid('query').destinations === '1';
    return c.json({ ...counts, keepers: isAsked ? await keepersOf(tools, siteId) : null }, 200);
  });
  router.openapi(open, async (c) => c.json({ accounts: await openAccounts(tools, callerOf(c)) }, 200));
  router.openapi(remove, async (c) => {
    const signal = AbortSignal.any([c.req.raw.signal, AbortSignal.timeout(STEP_MS)]);
    const { after } = c.req.valid('query');
    return c.json(await removeSample(tools, callerOf(c), { after, signal }), 200);
  });
  return router;
}

/**
 * Names destinations that cannot delete studies. One that does not answer is included, because it is unknown whether it
 * can.
 */
async function keepersOf({ db, destinations }: SampleTools, siteId: string): Promise<string[]> {
  // All destinations count, because a rule may send studies to any of them.
  const taking = await listDestinations(db, siteId);
  const keeps = await Promise.all(
    taking.map(async (destination) => {
      try {
        const pacs = destinations.of(destination);
        await pacs.probe(AbortSignal.timeout(PROBE_MS));
        return pacs.removeStudy === undefined;
      } catch (error) {
        if (error instanceof PacsUnreachable || (error as Error).name === 'TimeoutError') return true;
        throw error;
      }
    }),
  );
  return taking.filter((_, at) => keeps[at]).map(({ name }) => name);
}
