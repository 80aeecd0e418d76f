/**
 * `/cases`: the list, a single case, and changes of it, for people who are signed in. API keys cannot read what people
 * type.
 */
import { z } from '@hono/zod-openapi';
import {
  assigneesSchema,
  CASE_BODY_PARTS,
  CASE_FINDINGS,
  CASE_MODALITIES,
  CASE_PRIORITIES,
  CASE_READERS,
  CASE_SORTS,
  CASE_STATUSES,
  type Case,
  type CasePart,
  caseChangeSchema,
  caseListSchema,
  casesOfPatientSchema,
  foundCaseListSchema,
  notShownSchema,
  caseSchema,
  closeCaseSchema,
  newCaseSchema,
  reopenCaseSchema,
} from '#shared/protocol/cases.ts';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import { EXPORTERS } from '#shared/protocol/keepers.ts';
import { uidSchema } from '#shared/protocol/forms.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { instantSchema } from '../http/instant.ts';
import {
  callerOf,
  createRouter,
  defineRoute,
  jsonBody,
  jsonResponse,
  type Caller,
  type Router,
} from '../http/route.ts';
import { readingsOfCases, UNREAD } from '../findings/compare-outcomes.ts';
import { anonymise } from './anonymise.ts';
import { asSender, withheldFrom, type CaseReader } from '../findings/case-rights.ts';
import { findCase, listAssignees } from './case.store.ts';
import type { CaseTools } from './case-tools.ts';
import { changeCase, closeCase, deleteCase, reopenCase } from './change-case.ts';
import { countNotShown } from './count-not-shown.ts';
import { CSV_HEADERS, exportCases } from './export-cases.ts';
import { findByPatient } from './find-by-patient.ts';
import { cursorOf, listCases, parseCursor, type CaseQuestion } from './list-cases.ts';
import { openCase } from './open-case.ts';
import { recordCaseReading } from './record-case-reading.ts';
import { showCases } from './show-cases.ts';

const LIST_LIMIT = 200;

const byId = z.object({ id: z.uuid() });
const shownCase = z.object(caseSchema.shape).openapi('Case');
const list = defineRoute({
  method: 'get',
  path: '/cases',
  roles: CASE_READERS,
  tags: ['cases'],
  summary: 'The cases that you may see',
  request: {
    query: z.object({
      q: z
        .string()
        .regex(/^[\d.]{1,64}$/, 'digits and dots')
        .optional()
        .openapi({
          description: 'The number of a case, or a part of the Study Instance UID of its studies.',
        }),
      study: uidSchema.optional().openapi({ description: 'The whole Study Instance UID of its studies.' }),
      status: z
        .enum(['active', ...CASE_STATUSES])
        .optional()
        .openapi({ description: '`active`: all but closed.' }),
      priority: z.enum(CASE_PRIORITIES).optional(),
      assignee: z.union([z.enum(['me', 'nobody']), z.uuid()]).optional(),
      dueUntil: z.iso
        .date()
        .optional()
        .openapi({ description: 'Included. Cases without a due date are not.' }),
      modality: z.enum(CASE_MODALITIES).optional(),
      bodyPart: z
        .enum(CASE_BODY_PARTS)
        .optional()
        .openapi({ description: 'As a model saw it in one of the studies.' }),
      early: z
        .literal('marked')
        .optional()
        .openapi({ description: 'By the automatic check on the device, for early reading.' }),
      finding: z.enum(CASE_FINDINGS).optional(),
      from: instantSchema.optional().openapi({ description: 'When the case was opened. Included.' }),
      to: instantSchema.optional().openapi({ description: 'Not included.' }),
      sort: z.enum(CASE_SORTS).default('newest'),
      limit: z.coerce.number().int().min(1).max(LIST_LIMIT).default(50),
      cursor: z.string().max(64).optional(),
      anonymise,
      format: z.enum(['json', 'csv']).default('json').openapi({
        description: '`csv`: all of them, the oldest first, whatever sort, limit and cursor say.',
      }),
    }),
  },
  responses: {
    200: {
      description: 'A page, or all as CSV (RFC 4180, UTF-8).',
      content: {
        'application/json': { schema: caseListSchema },
        'text/csv': { schema: { type: 'string' as const } },
      },
    },
  },
});
type ListQuery = z.infer<typeof list.request.query>;
const notShown = defineRoute({
  method: 'get',
  path: '/cases/not-shown',
  operationId: 'countCasesNotShown',
  roles: EXPORTERS,
  tags: ['cases'],
  summary: 'How many cases of the site you are not shown, because their studies keep names',
  responses: { 200: jsonResponse(notShownSchema, 'Whatever filters say; null: fewer than five.') },
});
/** The name is in the body, because addresses end up in logs. */
const ofPatient = defineRoute({
  method: 'post',
  path: '/cases/of-patient',
  operationId: 'findCasesOfPatient',
  roles: CASE_KEEPERS,
  tags: ['cases'],
  problems: ['pacs-unreachable', 'pacs-without-dicomweb'],
  summary:
    'The cases of a patient, by name, Patient ID or accession number as the PACS knows them; also by number and UID',
  request: {
    query: list.request.query.omit({ anonymise: true, format: true }),
    body: jsonBody(casesOfPatientSchema),
  },
  responses: { 200: jsonResponse(foundCaseListSchema, 'A page, of the cases that the filters let through.') },
});

const open = defineRoute({
  method: 'post',
  path: '/cases',
  roles: CASE_KEEPERS,
  tags: ['cases'],
  problems: ['study-not-found', 'case-of-several-patients', 'pacs-unreachable'],
  summary: 'Open a case for studies of one patient, or for a number before its study is there',
  request: { body: jsonBody(newCaseSchema) },
  responses: { 201: jsonResponse(shownCase, 'The case.') },
});
const show = defineRoute({
  method: 'get',
  path: '/cases/{id}',
  roles: CASE_READERS,
  tags: ['cases'],
  problems: ['not-found'],
  summary: 'A case',
  request: { params: byId, query: z.object({ anonymise }) },
  responses: { 200: jsonResponse(shownCase, 'The case, as far as you may see it.') },
});
const change = defineRoute({
  method: 'patch',
  path: '/cases/{id}',
  roles: CASE_KEEPERS,
  tags: ['cases'],
  problems: ['not-found', 'case-changed', 'case-closed', 'case-unreadable', 'review-blinded'],
  summary: 'Change fields of a case',
  request: { params: byId, body: jsonBody(caseChangeSchema) },
  responses: { 200: jsonResponse(shownCase, 'Its next version.') },
});
const close = defineRoute({
  method: 'post',
  path: '/cases/{id}/close',
  roles: CASE_KEEPERS,
  tags: ['cases'],
  problems: ['not-found', 'case-changed', 'case-closed', 'case-full', 'case-unreadable'],
  summary: 'Close a case',
  request: { params: byId, body: jsonBody(closeCaseSchema) },
  responses: { 200: jsonResponse(shownCase, 'Closed.') },
});
const reopen = defineRoute({
  method: 'post',
  path: '/cases/{id}/reopen',
  roles: CASE_KEEPERS,
  tags: ['cases'],
  problems: ['not-found', 'case-changed', 'case-not-closed', 'case-full', 'case-unreadable'],
  summary: 'Open a closed case again',
  request: { params: byId, body: jsonBody(reopenCaseSchema) },
  responses: { 200: jsonResponse(shownCase, 'Open.') },
});
const remove = defineRoute({
  method: 'delete',
  path: '/cases/{id}',
  roles: ['admin'],
  tags: ['cases'],
  problems: ['not-found', 'case-changed', 'under-hold'],
  summary: 'Delete a case and destroy its key: nobody reads what was written in it any more',
  request: { params: byId, query: z.object({ version: z.coerce.number().int().min(1) }) },
  responses: { 204: { description: 'Deleted. Its studies stay where they are.' } },
});
const assignees = defineRoute({
  method: 'get',
  path: '/case-assignees',
  roles: CASE_KEEPERS,
  tags: ['cases'],
  summary: 'The accounts to which a case may be assigned',
  responses: { 200: jsonResponse(assigneesSchema, 'By name.') },
});

export function caseRoutes(tools: CaseTools): Router {
  const { db } = tools;
  const router = createRouter();
  router.openapi(list, async (c) => {
    const caller = callerOf(c);
    const query = c.req.valid('query');
    if (query.format === 'json') return c.json(await page(tools, caller, query), 200);
    const withheld = withheldFrom(caller, query.anonymise === '1');
    const asked = questionOf(caller, query, withheld);
    return c.body(await exportCases(tools, { reader: caller, withheld }, asked), 200, CSV_HEADERS);
  });
  router.openapi(notShown, async (c) => c.json(await countNotShown(db, callerOf(c)), 200));
  router.openapi(ofPatient, async (c) => {
    const caller = callerOf(c);
    const { isCut, isPacsAway, ...patient } = await findByPatient(tools, caller, c.req.valid('json').patient);
    const found = await page(tools, caller, c.req.valid('query'), patient);
    return c.json({ ...found, isCut, isPacsAway }, 200);
  });
  router.openapi(show, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    const isAnonymous = c.req.valid('query').anonymise === '1';
    const shown = await shownTo(tools, caller, { id, isAnonymous });
    await recordCaseReading(tools, caller, id);
    return c.json(shown, 200);
  });
  router.openapi(assignees, async (c) => c.json({ accounts: await listAssignees(db, callerOf(c)) }, 200));
  serveChanges(router, tools);
  return router;
}

function serveChanges(router: Router, tools: CaseTools): void {
  router.openapi(open, async (c) => {
    const caller = callerOf(c);
    const id = await openCase(tools, caller, c.req.valid('json'));
    return c.json(await shownTo(tools, caller, { id }), 201);
  });
  router.openapi(change, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    await changeCase(tools, caller, { id, ...c.req.valid('json') });
    return c.json(await shownTo(tools, caller, { id }), 200);
  });
  router.openapi(close, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    await closeCase(tools, caller, { id, ...c.req.valid('json') });
    return c.json(await shownTo(tools, caller, { id }), 200);
  });
  router.openapi(reopen, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    await reopenCase(tools, caller, { id, ...c.req.valid('json') });
    return c.json(await shownTo(tools, caller, { id }), 200);
  });
  router.openapi(remove, async (c) => {
    const { version } = c.req.valid('query');
    await deleteCase(tools, callerOf(c), { id: c.req.valid('param').id, version });
    return c.body(null, 204);
  });
}

async function page(
  tools: CaseTools,
  caller: Caller,
  query: Omit<ListQuery, 'format'>,
  patient?: CaseQuestion['patient'],
) {
  const { cursor, anonymise: anonymous, sort, limit } = query;
  const after = cursor === undefined ? undefined : parseCursor(sort, cursor);
  if (after === null) throw new Problem('invalid-request', 'Invalid: cursor (of another sort).');
  const withheld = withheldFrom(caller, anonymous === '1');
  const asked = { ...questionOf(caller, query, withheld), patient };
  const found = await listCases(tools.db, caller, { ...asked, sort, after, limit });
  const cases = await showCases(tools, { reader: caller, withheld }, found.rows);
  const readings = await readingsOfCases(
    tools.db,
    caller,
    cases.map(({ id }) => id),
  );
  const last = found.rows.at(-1);
  return {
    cases: cases.map(({ studies: _, ...listed }) => ({ ...listed, ...(readings.get(listed.id) ?? UNREAD) })),
    withheld,
    next: found.more && last !== undefined ? cursorOf(sort, last) : null,
  };
}

function questionOf(
  caller: Caller,
  query: Omit<ListQuery, 'format'>,
  withheld: readonly CasePart[],
): CaseQuestion {
  const { q, study, assignee, to, status, priority, dueUntil, modality, bodyPart, early, finding, from } =
    query;
  // The assignee is withheld from readers of pseudonyms, and the filter would reveal it.
  const assigneeId = withheld.includes('people') ? undefined : assigneeOf(caller, assignee);
  const opened = { from, until: to };
  return {
    text: q,
    study,
    status,
    priority,
    assigneeId,
    dueUntil,
    modality,
    bodyPart,
    early,
    finding,
    ...opened,
  };
}

function assigneeOf({ id }: Caller, asked: string | undefined): string | null | undefined {
  if (asked === 'me') return id;
  return asked === 'nobody' ? null : asked;
}

/** @throws Problem not-found. */
async function shownTo(
  tools: CaseTools,
  caller: Caller,
  { id, isAnonymous = false }: { readonly id: string; readonly isAnonymous?: boolean },
): Promise<Case> {
  const { row, reader } = await findMost(tools, caller, id);
  const withheld = withheldFrom(reader, isAnonymous);
  const [shown] = await showCases(tools, { reader, withheld }, [row]);
  return { ...shown!, withheld };
}

/**
 * Finds the case in the role in which the caller may see most of it; a sender sees more than a researcher.
 * @throws Problem not-found.
 */
async function findMost({ db }: CaseTools, caller: CaseReader, id: string) {
  const sender = asSender(caller);
  if (sender.roles.length < caller.roles.length)
    try {
      return { row: await findCase(db, sender, id), reader: sender };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
  return { row: await findCase(db, caller, id), reader: caller };
}
