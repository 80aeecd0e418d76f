/** `/cases/{id}/…`: the notes and the timeline of a case. */
import { z } from '@hono/zod-openapi';
import { CASE_READERS, caseNotesSchema, caseTimelineSchema, newNoteSchema } from '#shared/protocol/cases.ts';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import { callerOf, createRouter, defineRoute, jsonBody, jsonResponse, type Router } from '../http/route.ts';
import { asSender, withheldFrom } from '../findings/case-rights.ts';
import { anonymise } from './anonymise.ts';
import { timelineOf } from './case-timeline.ts';
import { findAudited, findCase } from './case.store.ts';
import type { CaseTools } from './case-tools.ts';
import { noteInCase } from './change-case.ts';
import { recordCaseReading } from './record-case-reading.ts';
import { shownNotes } from './show-notes.ts';

const byId = z.object({ id: z.uuid() });
/** 10 000 characters of four bytes, and the rest of the request. */
const NOTE_BYTES_LIMIT = 128 * 1024;

const notes = defineRoute({
  method: 'get',
  path: '/cases/{id}/notes',
  roles: ['technician', ...CASE_KEEPERS],
  tags: ['cases'],
  problems: ['not-found'],
  summary: 'The notes of a case',
  request: { params: byId, query: z.object({ anonymise }) },
  responses: { 200: jsonResponse(caseNotesSchema, 'Oldest first.') },
});
const write = defineRoute({
  method: 'post',
  path: '/cases/{id}/notes',
  roles: CASE_KEEPERS,
  tags: ['cases'],
  problems: ['not-found', 'case-full', 'case-unreadable'],
  bodyBytesLimit: NOTE_BYTES_LIMIT,
  summary: 'Add a note. Notes are not changed: write another one',
  request: { params: byId, body: jsonBody(newNoteSchema) },
  responses: { 201: jsonResponse(caseNotesSchema, 'All notes, oldest first.') },
});
const timeline = defineRoute({
  method: 'get',
  path: '/cases/{id}/timeline',
  roles: [...CASE_READERS, 'auditor'],
  tags: ['cases'],
  problems: ['not-found'],
  summary: 'What happened to a case and its studies',
  request: { params: byId },
  responses: { 200: jsonResponse(caseTimelineSchema, 'Events of the audit trail.') },
});

export function caseEntryRoutes(tools: CaseTools): Router {
  const { db } = tools;
  const router = createRouter();
  router.openapi(notes, async (c) => {
    const caller = callerOf(c);
    const row = await findCase(db, asSender(caller), c.req.valid('param').id);
    await recordCaseReading(tools, caller, row.id);
    const { notes, hidden } = await shownNotes(tools, caller, row);
    const isAnonymous = c.req.valid('query').anonymise === '1';
    const shown = isAnonymous ? notes.map((note) => ({ ...note, text: null })) : notes;
    return c.json({ notes: shown, hidden }, 200);
  });
  router.openapi(write, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    await noteInCase(tools, caller, { id, text: c.req.valid('json').text });
    return c.json(await shownNotes(tools, caller, await findCase(db, caller, id)), 201);
  });
  router.openapi(timeline, async (c) => {
    const caller = callerOf(c);
    const isAuditor = caller.roles.includes('auditor');
    const { id } = await (isAuditor ? findAudited : findCase)(db, caller, c.req.valid('param').id);
    const withheld = isAuditor ? [] : withheldFrom(caller, false);
    return c.json({ events: await timelineOf(db, { reader: caller, withheld }, id) }, 200);
  });
  return router;
}
