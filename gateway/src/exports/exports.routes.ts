/** `/exports`: people who are signed in create, watch, cancel and download exports. API keys cannot export. */
import { ReadableStream as NodeStream } from 'node:stream/web';
import { z } from '@hono/zod-openapi';
import {
  EXPORT_ENDINGS,
  exportListSchema,
  exportSchema,
  mayExport,
  newExportSchema,
} from '#shared/protocol/exports.ts';
import { EXPORTERS } from '#shared/protocol/keepers.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import {
  callerOf,
  createRouter,
  defineRoute,
  jsonBody,
  jsonResponse,
  type Caller,
  type Router,
} from '../http/route.ts';
import { askExport } from './ask-export.ts';
import { cancelExport, endOfDeleted, isExpired, mayKnow, saidOf } from './end-exports.ts';
import { openFile } from './export-files.ts';
import type { ExportTools } from './export-tools.ts';
import { fileOf, findExport, listExports, type ExportFile, type NamedExport } from './export.store.ts';
import { showExport } from './show-exports.ts';
import { MEDIA_TYPES } from './write-table.ts';

const LIST_LIMIT = 200;
/** Enough for a thousand ids of cases. */
const BODY_BYTES_LIMIT = 64 * 1024;

const byId = z.object({ id: z.uuid() });
const shown = z.object(exportSchema.shape).openapi('Export');
const shared = { roles: EXPORTERS, tags: ['exports'] };

const list = defineRoute({
  ...shared,
  method: 'get',
  path: '/exports',
  summary: 'Your exports, newest first; an administrator is shown everybody’s',
  request: {
    query: z.object({
      limit: z.coerce.number().int().min(1).max(LIST_LIMIT).default(50),
      cursor: z
        .string()
        .regex(/^\d{1,9}$/, 'at most 9 digits')
        .optional(),
    }),
  },
  responses: { 200: jsonResponse(exportListSchema, 'A page.') },
});
const ask = defineRoute({
  ...shared,
  method: 'post',
  path: '/exports',
  problems: ['not-found', 'export-too-large', 'too-many-exports', 'policy-not-allowed'],
  bodyBytesLimit: BODY_BYTES_LIMIT,
  summary: 'Ask for a file with the cases of a filter, or with these cases',
  request: { body: jsonBody(newExportSchema) },
  responses: { 201: jsonResponse(shown, 'The export. The same id again answers the same export.') },
});
const show = defineRoute({
  ...shared,
  method: 'get',
  path: '/exports/{id}',
  problems: ['not-found'],
  summary: 'An export of yours, with its progress; an administrator is shown everybody’s',
  request: { params: byId },
  responses: { 200: jsonResponse(shown, 'The export.') },
});
const cancel = defineRoute({
  ...shared,
  method: 'post',
  path: '/exports/{id}/cancel',
  problems: ['not-found', 'job-ended'],
  summary: 'End an export, or erase its file before its time is over',
  request: { params: byId },
  responses: { 200: jsonResponse(shown, 'Cancelled.') },
});
const file = defineRoute({
  ...shared,
  method: 'get',
  path: '/exports/{id}/file',
  problems: ['not-found', 'export-not-ready', 'export-gone'],
  summary: 'The file of your export',
  request: { params: byId },
  responses: {
    200: {
      description: 'The file. `Repr-Digest` (RFC 9530) has the SHA-256 of its bytes.',
      content: {
        'text/csv': { schema: { type: 'string' as const } },
        'application/jsonl': { schema: { type: 'string' as const } },
        'application/pdf': { schema: { type: 'string' as const, format: 'binary' } },
        'application/zip': { schema: { type: 'string' as const, format: 'binary' } },
      },
    },
  },
});

export function exportRoutes(tools: ExportTools): Router {
  const { db } = tools;
  const router = createRouter();
  const shownTo = async (caller: Caller, id: string) =>
    showExport(tools, caller, await findKnown(tools, caller, id));
  router.openapi(list, async (c) => {
    const caller = callerOf(c);
    const { limit, cursor } = c.req.valid('query');
    const accountId = caller.roles.includes('admin') ? null : caller.id;
    const page = { accountId, before: cursor === undefined ? null : Number(cursor), limit };
    const rows = await listExports(db, caller.siteId, page);
    const exports = rows.slice(0, limit).map((row) => showExport(tools, caller, row));
    return c.json({ exports, next: rows.length > limit ? `${rows[limit - 1]!.number}` : null }, 200);
  });
  router.openapi(ask, async (c) => {
    const caller = callerOf(c);
    const asked = c.req.valid('json');
    await askExport(tools, caller, asked);
    return c.json(await shownTo(caller, asked.id), 201);
  });
  router.openapi(show, async (c) => c.json(await shownTo(callerOf(c), c.req.valid('param').id), 200));
  router.openapi(cancel, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    await cancelExport(tools, caller, id);
    return c.json(await shownTo(caller, id), 200);
  });
  router.openapi(file, async (c) => {
    const caller = callerOf(c);
    const row = await findKnown(tools, caller, c.req.valid('param').id);
    const own = await openOwn(tools, caller, row);
    const { template_name: template, definition, sha256 } = row;
    const pieces = NodeStream.from(piecesOf(tools, own.file, c.req.raw.signal));
    return c.body(pieces as ReadableStream, 200, {
      'Content-Type': MEDIA_TYPES[definition.format],
      'Content-Length': `${own.bytes}`,
      'Content-Disposition': `attachment; filename="${template}.${EXPORT_ENDINGS[definition.format]}"`,
      'Repr-Digest': `sha-256=:${Buffer.from(sha256 ?? '', 'hex').toString('base64')}:`,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    });
  });
  return router;
}

/** @throws Problem not-found. */
async function findKnown({ db }: ExportTools, caller: Caller, id: string): Promise<NamedExport> {
  const row = await findExport(db, caller.siteId, id);
  if (row === undefined || !mayKnow(caller, row)) throw new Problem('not-found');
  return row;
}

/**
 * Finds the complete file of the caller's own export, and records the download before any byte is sent. @throws Problem
 * not-found, export-not-ready, export-gone; not-allowed: the caller's roles have changed.
 */
async function openOwn(
  tools: ExportTools,
  caller: Caller,
  row: NamedExport,
): Promise<{ readonly file: ExportFile; readonly bytes: number }> {
  const { db, now } = tools;
  if (row.account_id !== caller.id) throw new Problem('not-found');
  if (!mayExport(caller.roles, row.definition.redaction)) throw new Problem('not-allowed');
  if (row.state === 'queued' || row.state === 'running') throw new Problem('export-not-ready');
  const isGone = row.state !== 'ready' || isExpired(row, now()) || (await endOfDeleted(tools, row.id));
  const there = isGone ? null : fileOf(row);
  const blob = there && (await openFile(tools, there));
  await blob?.close();
  const { rows, bytes } = row;
  if (there === null || blob?.size !== bytes || bytes === null) throw new Problem('export-gone');
  const event = { event: 'export-downloaded', ...saidOf(row), by: caller.id, rows, bytes } as const;
  await db.transaction().execute((trx) => recordAudit(trx, caller.siteId, event, now()));
  return { file: there, bytes };
}

/** Opens the file only when somebody reads, so an unread response, as to HEAD, leaves nothing open. */
async function* piecesOf(
  tools: ExportTools,
  file: ExportFile,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const blob = await openFile(tools, file);
  if (blob === null) throw new Problem('export-gone');
  try {
    for await (const piece of blob.stream({ offset: 0, length: blob.size }, signal))
      yield new Uint8Array(piece);
  } finally {
    await blob.close();
  }
}
