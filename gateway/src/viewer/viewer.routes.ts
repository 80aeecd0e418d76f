/** `/admin/viewer`: the built-in viewer, which an administrator turns on, turns off, and removes from the disk. */
import { z } from '@hono/zod-openapi';
import { builtInViewerSchema, type BuiltInViewer } from '#shared/protocol/viewer.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Db } from '../database/database.ts';
import {
  callerOf,
  createRouter,
  defineRoute,
  jsonBody,
  jsonResponse,
  type Caller,
  type Router,
} from '../http/route.ts';
import type { ViewerFiles } from './viewer-files.ts';

const ADMIN = ['admin'] as const;
const shown = z.object(builtInViewerSchema.shape).openapi('BuiltInViewer');

const look = defineRoute({
  method: 'get',
  path: '/admin/viewer',
  roles: ADMIN,
  tags: ['admin'],
  summary: 'Whether the built-in viewer is on, and how much of it has been fetched',
  responses: { 200: jsonResponse(shown, 'As it is now.') },
});
const turn = defineRoute({
  method: 'put',
  path: '/admin/viewer',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['viewer-without-port'],
  summary: 'Turn the built-in viewer on or off; what is not on the disk is fetched first. Repeatable',
  request: { body: jsonBody(z.strictObject({ on: z.boolean() })) },
  responses: { 200: jsonResponse(shown, 'It may still be fetched: ask again.') },
});
const remove = defineRoute({
  method: 'delete',
  path: '/admin/viewer',
  roles: ADMIN,
  tags: ['admin'],
  summary: 'Turn the built-in viewer off, and delete its files. Repeatable',
  responses: { 200: jsonResponse(shown, 'Nothing of it is left.') },
});

type ViewerRouteTools = {
  readonly db: Db;
  readonly now: () => Date;
  readonly files: ViewerFiles;
  readonly hasPort: boolean;
};

export function viewerRoutes({ db, now, files, hasPort }: ViewerRouteTools): Router {
  const router = createRouter();
  const state = (): BuiltInViewer => {
    const own = files.state();
    return hasPort ? own : { ...own, state: 'no-port' };
  };
  const note = (caller: Caller, change: 'turned-on' | 'turned-off' | 'removed'): Promise<void> =>
    db.transaction().execute(async (trx) => {
      const { version } = files.state();
      await recordAudit(trx, caller.siteId, { event: `viewer-${change}`, version, by: caller.id }, now());
    });
  router.openapi(look, (c) => c.json(state(), 200));

  router.openapi(turn, async (c) => {
    const { on } = c.req.valid('json');
    if (on && !hasPort) throw new Problem('viewer-without-port');
    await note(callerOf(c), on ? 'turned-on' : 'turned-off');
    await (on ? files.turnOn() : files.turnOff());
    return c.json(state(), 200);
  });

  router.openapi(remove, async (c) => {
    await note(callerOf(c), 'removed');
    await files.remove();
    return c.json(state(), 200);
  });
  return router;
}
