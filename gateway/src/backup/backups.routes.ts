/** `/admin/backups`: what there is, when they are made, making one now, and fetching one. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { z } from '@hono/zod-openapi';
import { backupNameSchema, backupsSchema, planBackupsSchema } from '#shared/protocol/backups.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Attempts } from '../auth/attempts.ts';
import { confirmPassword } from '../auth/set-password.ts';
import { callerOf, createRouter, defineRoute, jsonBody, jsonResponse, type Router } from '../http/route.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { readBackupPlan, setBackupPlan } from './backup-plan.store.ts';
import { isOverdue, keepRecipient, listBackups, type BackupTools } from './make-backup.ts';

const ADMIN = ['admin'] as const;
export const QUEUE = 'backup';

const show = defineRoute({
  method: 'get',
  path: '/admin/backups',
  roles: ['admin', 'auditor'],
  tags: ['admin'],
  summary: 'The backups of the gateway, and when they are made',
  responses: { 200: jsonResponse(backupsSchema, 'The newest first.') },
});
const plan = defineRoute({
  method: 'put',
  path: '/admin/backups',
  operationId: 'planBackups',
  roles: ADMIN,
  tags: ['admin'],
  summary: 'Set for which key backups are sealed, how often they are made and how many are kept',
  problems: ['wrong-password', 'too-many-attempts', 'session-ended', 'backup-key-changed'],
  request: { body: jsonBody(planBackupsSchema) },
  responses: {
    204: { description: 'Set. Backups that were made before open with the key that they were made for.' },
  },
});
const make = defineRoute({
  method: 'post',
  path: '/admin/backups',
  operationId: 'makeBackup',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['backup-without-key'],
  summary: 'Make a backup now',
  responses: { 202: { description: 'It is being made; `GET /admin/backups` tells when it is there.' } },
});
const fetchOne = defineRoute({
  method: 'get',
  path: '/admin/backups/{name}',
  operationId: 'fetchBackup',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found'],
  summary: 'A backup, sealed by age',
  request: { params: z.object({ name: backupNameSchema }) },
  responses: {
    200: {
      description: 'The file.',
      content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
    },
  },
});

type BackupRouteTools = BackupTools & {
  readonly jobs: Pick<Jobs, 'enqueue' | 'withoutJob'>;
  readonly attempts: Attempts;
};

export function backupRoutes(tools: BackupRouteTools): Router {
  const { database, dataDir, backupDir, jobs, now } = tools;
  const { db } = database;
  const router = createRouter();
  router.openapi(show, async (c) => {
    const isUnderWay = (await jobs.withoutJob(QUEUE, [QUEUE])).length === 0;
    const { plan: planned, trouble, lastAt } = await readBackupPlan(db);
    const told = {
      ...{ plan: planned, backups: await listBackups(backupDir), isUnderWay, trouble },
      ...{ lastAt: lastAt?.toISOString() ?? null, isOverdue: await isOverdue(tools) },
    };
    return c.json(told, 200);
  });
  router.openapi(plan, async (c) => {
    const { siteId, id: by } = callerOf(c);
    const { password = '', replaces, ...asked } = c.req.valid('json');
    const seen = (await readBackupPlan(db)).plan.recipient;
    const isOtherKey = seen !== asked.recipient;
    if (isOtherKey) await confirmPassword({ ...tools, db }, by, password);
    await db.transaction().execute(async (trx) => {
      const { recipient } = (await readBackupPlan(trx, 'locked')).plan;
      // Somebody else may have set another key since it was looked at.
      if (recipient !== seen || (replaces !== undefined && recipient !== replaces))
        throw new Problem('backup-key-changed');
      await setBackupPlan(trx, asked, now());
      await recordAudit(trx, siteId, { event: 'backups-planned', by, ...asked, isOtherKey }, now());
    });
    await ignoreFailure(keepRecipient(dataDir, asked.recipient), 'the clock keeps it again');
    return c.body(null, 204);
  });
  router.openapi(make, async (c) => {
    const { siteId, id: by } = callerOf(c);
    await db.transaction().execute(async (trx) => {
      if ((await readBackupPlan(trx)).plan.recipient === null) throw new Problem('backup-without-key');
      await recordAudit(trx, siteId, { event: 'backup-asked', by }, now());
      await jobs.enqueue(trx, QUEUE, {}, { key: QUEUE });
    });
    return c.body(null, 202);
  });
  router.openapi(fetchOne, async (c) => {
    const { siteId, id: by } = callerOf(c);
    const { name } = c.req.valid('param');
    const found = (await listBackups(backupDir)).find((one) => one.name === name);
    if (found === undefined) throw new Problem('not-found');
    await db
      .transaction()
      .execute((trx) => recordAudit(trx, siteId, { event: 'backup-fetched', by, name }, now()));
    const file = Readable.toWeb(createReadStream(join(backupDir, name))) as ReadableStream<Uint8Array>;
    return c.body(file, 200, {
      'content-type': 'application/octet-stream',
      'content-length': `${found.bytes}`,
      'content-disposition': `attachment; filename="${name}"`,
    });
  });
  return router;
}
