/**
 * `/cases/{id}/attachments`: PDFs and pictures, encrypted under the key of their case. They can only be downloaded, not
 * displayed.
 */
import { z } from '@hono/zod-openapi';
import {
  ATTACHMENT_BYTES_LIMIT,
  caseAttachmentsSchema,
  type AttachmentKind,
} from '#shared/protocol/cases.ts';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { holdBody } from '../http/hold-body.ts';
import { oneOfFew } from '../http/one-of-few.ts';
import { createPlaces } from '../http/places.ts';
import {
  allow,
  callerOf,
  createRouter,
  defineRoute,
  describeRoute,
  jsonResponse,
  type Router,
} from '../http/route.ts';
import { anonymise, refuseAnonymous } from './anonymise.ts';
import { asSender } from '../findings/case-rights.ts';
import { findCase } from './case.store.ts';
import type { CaseTools } from './case-tools.ts';
import { attach, openAttachment, readAttachment, removeAttachment, shownAttachments } from './attachments.ts';
import { recordCaseReading } from './record-case-reading.ts';

const byId = z.object({ id: z.uuid() });
const byAttachment = byId.extend({ attachmentId: z.uuid() });
const WRITERS = [...CASE_KEEPERS];
const READERS = ['technician' as const, ...CASE_KEEPERS];

const list = defineRoute({
  method: 'get',
  path: '/cases/{id}/attachments',
  roles: READERS,
  tags: ['cases'],
  problems: ['not-found'],
  summary: 'The attachments of a case, without their bytes',
  request: { params: byId, query: z.object({ anonymise }) },
  responses: { 200: jsonResponse(caseAttachmentsSchema, 'Oldest first.') },
});
const read = defineRoute({
  method: 'get',
  path: '/cases/{id}/attachments/{attachmentId}',
  roles: READERS,
  tags: ['cases'],
  problems: ['not-found', 'case-unreadable'],
  summary: 'An attachment, to be saved: no browser shows it on this origin',
  request: { params: byAttachment, query: z.object({ anonymise }) },
  responses: {
    200: {
      description: 'As it was attached. Its name is in the list.',
      content: {
        'application/pdf': { schema: { type: 'string', format: 'binary' } },
        'image/png': { schema: { type: 'string', format: 'binary' } },
        'image/jpeg': { schema: { type: 'string', format: 'binary' } },
      },
    },
  },
});
const remove = defineRoute({
  method: 'delete',
  path: '/cases/{id}/attachments/{attachmentId}',
  roles: CASE_KEEPERS,
  tags: ['cases'],
  problems: ['not-found'],
  summary: 'Remove an attachment. A backup of the database holds its ciphertext until the case is deleted',
  request: { params: byAttachment },
  responses: { 204: { description: 'Removed.' } },
});

/** Each attachment is held whole in memory, and with its ciphertext takes about three times its size. */
const PLACES = { atOnce: 8, ofOne: 2 };

const ATTACH_PATH = '/cases/{id}/attachments';
function describeAttach(router: Router): void {
  const properties = { name: { type: 'string' }, file: { type: 'string', format: 'binary' } } as const;
  describeRoute(router, {
    method: 'post',
    path: ATTACH_PATH,
    roles: WRITERS,
    tags: ['cases'],
    summary: 'Attach a file',
    description: `\`multipart/form-data\`: \`name\`, then \`file\`: a PDF, PNG or JPEG of at most ${ATTACHMENT_BYTES_LIMIT / 1024 / 1024} MiB.`,
    requestBody: {
      required: true,
      content: {
        'multipart/form-data': { schema: { type: 'object', properties, required: ['name', 'file'] } },
      },
    },
    request: { params: byId },
    problems: [
      ...(['not-found', 'bad-request', 'body-too-large', 'unsupported-media-type'] as const),
      ...(['case-full', 'case-unreadable'] as const),
    ],
    responses: { 201: jsonResponse(caseAttachmentsSchema, 'All attachments, oldest first.') },
  });
}

const MEDIA_TYPES: Readonly<Record<AttachmentKind, string>> = {
  pdf: 'application/pdf',
  png: 'image/png',
  jpeg: 'image/jpeg',
};
/** If a browser displays an attachment after all, nothing in it may run or load anything. */
const SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'";

export function caseAttachmentRoutes(tools: CaseTools): Router {
  const { db } = tools;
  const router = createRouter();
  const comers = createPlaces(PLACES);
  const goers = createPlaces(PLACES);
  router.openapi(list, async (c) => {
    const caller = callerOf(c);
    const row = await findCase(db, asSender(caller), c.req.valid('param').id);
    await recordCaseReading(tools, caller, row.id);
    const { attachments, hidden } = await shownAttachments(tools, caller, row);
    const isAnonymous = c.req.valid('query').anonymise === '1';
    const shown = isAnonymous ? attachments.map((one) => ({ ...one, name: null })) : attachments;
    return c.json({ attachments: shown, hidden }, 200);
  });
  router.openapi(read, async (c) => {
    const caller = callerOf(c);
    refuseAnonymous(c.req.valid('query').anonymise);
    const { id, attachmentId } = c.req.valid('param');
    const row = await findCase(db, asSender(caller), id);
    await recordCaseReading(tools, caller, row.id);
    const { kind, bytes } = await oneOfFew(c, goers, () => openAttachment(tools, caller, row, attachmentId));
    return c.body(bytes, 200, {
      'Content-Type': MEDIA_TYPES[kind],
      // The attachment's own name may be a patient's, and proxies log headers.
      'Content-Disposition': `attachment; filename="case-${row.number}.${kind}"`,
      'Content-Security-Policy': SANDBOX,
      'X-Content-Type-Options': 'nosniff',
    });
  });
  router.openapi(remove, async (c) => {
    await removeAttachment(tools, callerOf(c), c.req.valid('param'));
    return c.body(null, 204);
  });
  describeAttach(router);
  router.post('/cases/:id/attachments', allow(WRITERS), async (c) => {
    const caller = callerOf(c);
    const id = z.uuid().safeParse(c.req.param('id'));
    if (!id.success) throw new Problem('not-found');
    const row = await findCase(db, caller, id.data);
    const request = c.req.raw;
    await holdBody({ request, from: caller.id, heldBytes: ATTACHMENT_BYTES_LIMIT }, async (pieces) => {
      const type = request.headers.get('content-type') ?? '';
      const attachment = await readAttachment(type, pieces);
      await oneOfFew(c, comers, () => attach(tools, caller, row, attachment));
    });
    return c.json(await shownAttachments(tools, caller, row), 201);
  });
  return router;
}
