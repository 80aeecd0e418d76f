/**
 * `/studies`: what an account sent from any device, what has happened to a study since, and its receipt on paper. These
 * routes answer a person or an API key that may read. A device's right to send is not enough.
 */
import { z } from '@hono/zod-openapi';
import { READS_ALL, type Role } from '#shared/protocol/api.ts';
import { uidSchema } from '#shared/protocol/forms.ts';
import { SENDERS } from '#shared/protocol/policy.ts';
import { Problem } from '#shared/protocol/problem.ts';
import {
  foundStudiesSchema,
  sentStudiesSchema,
  siteSearchSchema,
  SOUGHT,
  STUDY_STANDINGS,
  studyDestinationsSchema,
  timelineSchema,
  type SentStudy,
} from '#shared/protocol/studies.ts';
import { typedPseudonym } from '#shared/protocol/typed-patient.ts';
import {
  fillViewerAddress,
  studyViewersSchema,
  viewerLinksSchema,
  type Viewer,
  type ViewerLink,
} from '#shared/protocol/viewer.ts';
import { recordReading } from '../audit/record-reading.ts';
import { instantSchema, isInTime } from '../http/instant.ts';
import {
  callerOf,
  createRouter,
  defineRoute,
  jsonBody,
  jsonResponse,
  type Caller,
  type Router,
} from '../http/route.ts';
import { confirmedInstances } from '../uploads/known-instances.ts';
import { listStudies, type SentQuery, type StudyQuery } from './list-studies.ts';
import type { SheetTools } from './make-sheet.ts';
import { searchSite, type SearchTools } from './search-site.ts';
import { createSheetServer } from './serve-sheet.ts';
import { destinationsOfStudy } from './study-destinations.ts';
import { timelineOf, type WhoseStudy } from './study-timeline.ts';

/** `sheetMs`: how long a sheet may take. */
export type StudiesTools = SheetTools & {
  readonly sheetMs?: number;
  /** Viewers of the destination that the study goes to. */
  readonly viewersOf: (siteId: string, studyInstanceUID: string) => Promise<readonly Viewer[]>;
  /** Makes a link into the built-in viewer; null: the viewer is off, or does not show this study. */
  readonly builtInLink: (caller: Caller, studyInstanceUID: string) => Promise<ViewerLink | null>;
  /** Whether the caller must read the study without seeing what models found. */
  readonly isBlindToStudy: (caller: Caller, studyInstanceUID: string) => Promise<boolean>;
  /**
   * Studies of a patient as the primary PACS lists them, whoever sent them. Throws Problem pacs-unreachable,
   * pacs-without-dicomweb.
   */
  readonly studiesOfPatient: SearchTools['studiesOfPatient'] & {
    readonly numbered: (patientId: string) => Promise<readonly string[]>;
  };
};

const READERS: readonly Role[] = [...SENDERS, 'auditor'];
/**
 * Roles that also see what others sent, and who sent it. The answer holds only UIDs, codes and account names. Roles
 * that may read everything in the site's PACS use it to learn what has arrived.
 */
const WATCHERS: readonly Role[] = ['auditor', ...READS_ALL];
const LIST_LIMIT = 200;

/** The cursor of the next page: when the last study of this page was last sent, and its UID. */
const cursor = z
  .string()
  .regex(/^\d{1,15}~[\d.]{1,64}$/, 'the cursor of the page before')
  .transform((text) => {
    const [ms = '', studyInstanceUID = ''] = text.split('~');
    return { lastSentAt: new Date(Number(ms)), studyInstanceUID };
  })
  .refine(({ lastSentAt }) => isInTime(lastSentAt), 'not a page');
const byStudy = z.object({ studyInstanceUID: uidSchema });

const list = defineRoute({
  method: 'get',
  path: '/studies',
  roles: READERS,
  keys: ['read'],
  tags: ['studies'],
  problems: ['pacs-unreachable', 'pacs-without-dicomweb'],
  summary: 'The studies that you sent, from any device, the newest first',
  request: {
    query: z.object({
      q: z
        .string()
        .regex(SOUGHT)
        .optional()
        .openapi({
          description:
            'A part of the Study Instance UID, or the beginning of an upload’s or a receipt’s id. With `all` also a part of ' +
            'the sender’s account name, or the beginning of the id of the device; without `all` also a patient’s ' +
            'whole pseudonym: the PACS is asked for its studies.',
        }),
      standing: z.enum(STUDY_STANDINGS).optional(),
      from: instantSchema.optional(),
      to: instantSchema.optional().openapi({ description: 'Not included.' }),
      sentFrom: instantSchema.optional().openapi({
        description:
          'With an upload that began then or later; and, of the same upload, `sentTo`, `account`, `device`.',
      }),
      sentTo: instantSchema.optional().openapi({ description: 'Not included.' }),
      account: z.uuid().optional(),
      device: z
        .union([z.uuid(), z.literal('none')])
        .optional()
        .openapi({ description: '`none`: sent by a signed-in person.' }),
      arrived: z.enum(['1']).optional().openapi({ description: 'Of that upload something has arrived.' }),
      limit: z.coerce.number().int().min(1).max(LIST_LIMIT).default(50),
      cursor: cursor.optional(),
      all: z.enum(['1']).optional().openapi({
        description: 'Everybody’s at this site with their senders, for `auditor`, `radiologist` and `admin`.',
      }),
    }),
  },
  responses: { 200: jsonResponse(sentStudiesSchema, 'A page.') },
});

/** The search text is in the body, because addresses end up in logs. */
const search = defineRoute({
  method: 'post',
  path: '/studies/search',
  roles: READS_ALL,
  tags: ['studies'],
  problems: ['pacs-unreachable', 'pacs-without-dicomweb'],
  summary:
    'Everybody’s studies at this site, by their patient, of whom the PACS is asked, or by their sending',
  request: { body: jsonBody(siteSearchSchema) },
  responses: {
    200: jsonResponse(foundStudiesSchema, 'The newest, with what the PACS says of their patients.'),
  },
});

const timeline = defineRoute({
  method: 'get',
  path: '/studies/{studyInstanceUID}/timeline',
  roles: READERS,
  keys: ['read'],
  tags: ['studies'],
  problems: ['not-found'],
  summary: 'What happened to your uploads of this study, the oldest first',
  request: { params: byStudy },
  responses: { 200: jsonResponse(timelineSchema, 'Events of the audit trail.') },
});

const destinations = defineRoute({
  method: 'get',
  path: '/studies/{studyInstanceUID}/destinations',
  roles: READERS,
  keys: ['read'],
  tags: ['studies'],
  problems: ['not-found'],
  summary: 'Where your uploads of this study go, and what each destination has of it',
  request: { params: byStudy },
  responses: {
    200: jsonResponse(studyDestinationsSchema, 'The first one, those that must have it, then the others.'),
  },
});

const sheet = defineRoute({
  method: 'get',
  path: '/studies/{studyInstanceUID}/receipt.pdf',
  roles: READERS,
  keys: ['read'],
  tags: ['studies'],
  problems: ['not-found', 'no-receipt-yet', 'receipt-deleted', 'sheet-too-large'],
  summary: 'Your receipts for this study on paper, each with a signed QR code; the receipts are attached',
  request: { params: byStudy },
  responses: {
    200: {
      description: 'A page for each upload. `relay receipt verify` checks the file and its codes.',
      content: { 'application/pdf': { schema: { type: 'string', format: 'binary' } } },
    },
  },
});

const viewerLink = defineRoute({
  method: 'post',
  path: '/studies/{studyInstanceUID}/viewer-link',
  operationId: 'getViewerLinks',
  roles: SENDERS,
  tags: ['studies'],
  problems: ['not-found'],
  summary:
    'The addresses at which your site’s viewers show this study; without any, the built-in one, if it is on',
  request: { params: byStudy },
  responses: {
    200: jsonResponse(
      viewerLinksSchema,
      'None: an administrator has set no viewer for its destination, and the built-in one is off.',
    ),
  },
});

/** Only lists titles and opens nothing, so it is not recorded as a reading. */
const viewers = defineRoute({
  method: 'get',
  path: '/studies/{studyInstanceUID}/viewers',
  roles: SENDERS,
  tags: ['studies'],
  problems: ['not-found'],
  summary: 'Which viewers `viewer-link` would open this study in',
  request: { params: byStudy },
  responses: { 200: jsonResponse(studyViewersSchema, 'None: there is none to offer.') },
});

const watches = (caller: Caller): boolean => caller.roles.some((role) => WATCHERS.includes(role));

const named = (caller: Caller, studyInstanceUID: string): WhoseStudy => {
  const { id: accountId, siteId } = caller;
  return { siteId, accountId, watches: watches(caller), studyInstanceUID };
};

type UploadQuery = Pick<
  z.infer<typeof list.request.query>,
  'arrived' | 'sentFrom' | 'sentTo' | 'account' | 'device'
>;
const toSent = ({ arrived, sentFrom, sentTo, account, device }: UploadQuery): SentQuery | undefined =>
  (arrived ?? sentFrom ?? sentTo ?? account ?? device) === undefined
    ? undefined
    : {
        arrived: arrived !== undefined,
        from: sentFrom,
        until: sentTo,
        accountId: account,
        device: device === 'none' ? null : device,
      };

const toCursor = ({ lastSentAt, studyInstanceUID }: SentStudy): string =>
  `${Date.parse(lastSentAt)}~${studyInstanceUID}`;

export function studyRoutes(tools: StudiesTools): Router {
  const { db } = tools;
  const router = createRouter();
  const serveSheet = createSheetServer(tools, tools.sheetMs);
  router.openapi(list, async (c) => {
    const { q, standing, from, to, limit, cursor: after, all, ...upload } = c.req.valid('query');
    const caller = callerOf(c);
    const accountId = all === '1' && watches(caller) ? null : caller.id;
    const { siteId } = caller;
    const meant = accountId === null ? { text: q } : await meantBy(tools, q);
    const filter = { ...meant, standing, from, until: to, limit, after, sent: toSent(upload) };
    const found = await listStudies(db, { siteId, accountId, ...filter });
    const last = found.studies.at(-1);
    const next = found.more && last !== undefined ? toCursor(last) : null;
    return c.json({ studies: [...found.studies], next }, 200);
  });

  router.openapi(search, async (c) => c.json(await searchSite(tools, callerOf(c), c.req.valid('json')), 200));

  router.openapi(timeline, async (c) => {
    const { studyInstanceUID } = c.req.valid('param');
    const caller = callerOf(c);
    const isBlind = await tools.isBlindToStudy(caller, studyInstanceUID);
    const events = await timelineOf(db, named(caller, studyInstanceUID), isBlind);
    if (events === null) throw new Problem('not-found');
    return c.json({ events: [...events] }, 200);
  });

  router.openapi(destinations, async (c) => {
    const { studyInstanceUID } = c.req.valid('param');
    const found = await destinationsOfStudy(db, named(callerOf(c), studyInstanceUID));
    if (found === null) throw new Problem('not-found');
    return c.json({ destinations: [...found] }, 200);
  });

  answerViewers(router, tools);
  router.openapi(sheet, async (c) => {
    const { studyInstanceUID } = c.req.valid('param');
    const caller = callerOf(c);
    const made = await serveSheet(named(caller, studyInstanceUID), c.req.raw.signal);
    if (typeof made === 'string') throw new Problem(made);
    await recordReading(tools, caller, studyInstanceUID, 'receipts');
    return c.body(made, 200, {
      'Content-Type': 'application/pdf',
      'Content-Disposition': `attachment; filename="receipt-${studyInstanceUID}.pdf"`,
    });
  });
  return router;
}

function answerViewers(router: Router, tools: StudiesTools): void {
  router.openapi(viewers, async (c) => {
    const links = await linksTo(tools, callerOf(c), c.req.valid('param').studyInstanceUID);
    return c.json({ titles: links.map(({ title }) => title) }, 200);
  });

  router.openapi(viewerLink, async (c) => {
    const { studyInstanceUID } = c.req.valid('param');
    const caller = callerOf(c);
    const links = await linksTo(tools, caller, studyInstanceUID);
    const [first] = links;
    // Only a link into the built-in viewer has a token.
    const kind = first?.token === undefined ? 'site-viewer' : 'viewer';
    if (first !== undefined) await recordReading(tools, caller, studyInstanceUID, kind);
    return c.json({ links: [...links] }, 200);
  });
}

/**
 * Reads the text of a search in one's own studies. Only the PACS knows which studies belong to a pseudonym. Throws
 * Problem pacs-unreachable, pacs-without-dicomweb.
 */
async function meantBy(
  { studiesOfPatient }: StudiesTools,
  text: string | undefined,
): Promise<Pick<StudyQuery, 'text' | 'among'>> {
  const pseudonym = text === undefined ? null : typedPseudonym(text);
  return pseudonym === null
    ? { text }
    : { text: undefined, among: await studiesOfPatient.numbered(pseudonym) };
}

/** @throws Problem not-found: the caller may not read the study. */
async function linksTo(
  { db, viewersOf, builtInLink }: StudiesTools,
  caller: Caller,
  studyInstanceUID: string,
): Promise<readonly ViewerLink[]> {
  const { id: accountId, siteId, roles } = caller;
  const reader = { accountId, siteId, roles, deviceId: null };
  const readable = await confirmedInstances(db, reader, studyInstanceUID);
  if (readable.length === 0) throw new Problem('not-found');
  const ofSite = (await viewersOf(siteId, studyInstanceUID)).map(({ title, address }): ViewerLink => {
    return { title, url: fillViewerAddress(address, studyInstanceUID) };
  });
  const builtIn = ofSite.length > 0 ? null : await builtInLink(caller, studyInstanceUID);
  return builtIn === null ? ofSite : [builtIn];
}
