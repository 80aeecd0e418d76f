/**
 * QIDO-RS (PS3.18 §10.6) from the primary destination. Callers who may see only some studies get only rows of these.
 * The PACS is asked for them by UID, so that pages, counts and matches are not affected by other studies.
 */
import { z } from '@hono/zod-openapi';
import { isUid } from '#shared/dicom/uid.ts';
import { SENDERS } from '#shared/protocol/policy.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { allow, createRouter, describeRoute, type GatewayContext, type Router } from '../../http/route.ts';
import { dataSetSchema } from './dicom-json-schema.ts';
import { acceptedDataSets, DICOM_JSON, DICOM_XML, type DataSetForm } from './accepted.ts';
import { RELATED_INSTANCES, type Uids } from './own-addresses.ts';
import { readDataSets } from './read-data-sets.ts';
import type { Facts, RemoteDataSet } from './remote-data-set.ts';
import {
  KEYS,
  parseSearch,
  ROWS_LIMIT,
  searchPath,
  UIDS_LIMIT,
  type Level,
  type Search,
} from './search-query.ts';
import { seen, type SeenStudy, type Sight } from './sight.ts';
import { writeDataSets, type ToWrite } from './write-data-sets.ts';
import { serveVisit, type Served, type Visit, type VisitTools } from './web-visit.ts';

/**
 * How many studies one search covers for callers who may see only some; each costs the PACS at least two requests.
 * More studies are covered where the PACS accepts lists of UIDs for rows of studies.
 */
export const STUDIES_LIMIT = 200;
const LISTED_STUDIES_LIMIT = 10 * STUDIES_LIMIT;

/** The scope of a search: its level, and the study and series that the address names. */
type Within = { readonly level: Level; readonly study?: string; readonly series?: string };
type Wanted = Within & { readonly form: DataSetForm };

const ROUTES: readonly (readonly [string, string, Level, string])[] = [
  ['searchForStudies', '/dicom-web/studies', 'studies', 'QIDO-RS: search for studies'],
  ['searchForSeries', '/dicom-web/series', 'series', 'QIDO-RS: search for series'],
  ['searchForInstances', '/dicom-web/instances', 'instances', 'QIDO-RS: search for instances'],
  [
    'searchForStudySeries',
    '/dicom-web/studies/{studyInstanceUID}/series',
    'series',
    'QIDO-RS: the series of a study',
  ],
  [
    'searchForStudyInstances',
    '/dicom-web/studies/{studyInstanceUID}/instances',
    'instances',
    'QIDO-RS: the instances of a study',
  ],
  [
    'searchForSeriesInstances',
    '/dicom-web/studies/{studyInstanceUID}/series/{seriesInstanceUID}/instances',
    'instances',
    'QIDO-RS: the instances of a series',
  ],
];

export function searchRoutes(tools: VisitTools): Router {
  const router = createRouter();
  for (const [operationId, path, level, summary] of ROUTES) {
    router.get(
      path.replaceAll(/\{(\w{1,64})\}/g, ':$1'),
      allow(SENDERS, { keys: ['read'] }),
      (c: GatewayContext) => {
        const within = { level, ...uidsOf(c) };
        const form = acceptedDataSets(c.req.header('accept'));
        const search = parseSearch(level, new URL(c.req.url).searchParams);
        return serveVisit(c, tools, async (visit) => serveRows(visit, { ...within, form }, search));
      },
    );
    describeRoute(router, { ...describe(path, level, summary), operationId });
  }
  return router;
}

type QuerySchema = { type: 'integer' | 'string' | 'object'; [keyword: string]: unknown };
const inQuery = (name: string, schema: QuerySchema, description: string) => ({
  ...{ name, in: 'query' as const, description, schema },
});

const describe = (path: string, level: Level, summary: string): Parameters<typeof describeRoute>[1] => ({
  method: 'get',
  path,
  roles: SENDERS,
  keys: ['read'],
  tags: ['dicomweb'],
  summary,
  description: `Of the primary destination. Matches on ${Object.keys(KEYS[level]).join(', ')}, by keyword or tag.`,
  parameters: [
    ...[...path.matchAll(/\{(\w{1,64})\}/g)].map(([, name = '']) => ({
      ...{ name, in: 'path' as const, required: true, schema: { type: 'string' as const } },
    })),
    inQuery('limit', { type: 'integer', minimum: 1 }, `Rows in the answer, at most ${ROWS_LIMIT}.`),
    inQuery('offset', { type: 'integer', minimum: 0 }, 'Rows that are passed over.'),
    inQuery('includefield', { type: 'string' }, 'Tags or keywords, with commas between; or `all`.'),
    inQuery('fuzzymatching', { type: 'string', enum: ['true', 'false'] }, 'Of names, as the PACS does it.'),
    {
      ...inQuery(
        'match',
        { type: 'object', additionalProperties: { type: 'string' } },
        'Each attribute to match is a parameter of its own.',
      ),
      ...{ style: 'form' as const, explode: true },
    },
  ],
  problems: [
    ...(['bad-request', 'not-found', 'not-acceptable', 'called-off'] as const),
    ...(['pacs-without-dicomweb', 'pacs-declined', 'pacs-unreachable'] as const),
  ],
  responses: {
    200: {
      description: 'The rows, in the DICOM JSON Model or in XML of the Native DICOM Model.',
      content: {
        [DICOM_JSON]: { schema: z.array(dataSetSchema) },
        [`multipart/related; type="${DICOM_XML}"`]: { schema: { type: 'string', format: 'binary' } },
      },
    },
    204: { description: 'None, where XML was asked for.' },
  },
});

/** @throws Problem not-found: nothing can have such a name. */
function uidsOf(c: GatewayContext): Omit<Within, 'level'> {
  const study = c.req.param('studyInstanceUID');
  const series = c.req.param('seriesInstanceUID');
  for (const uid of [study, series]) if (uid !== undefined && !isUid(uid)) throw new Problem('not-found');
  return { ...(study !== undefined && { study }), ...(series !== undefined && { series }) };
}

async function serveRows(visit: Visit, { form, ...within }: Wanted, search: Search): Promise<Served> {
  const { sight } = visit;
  if (within.study !== undefined) {
    if (search.studies !== null) throw new Problem('bad-request', 'The address names the study already.');
    await seen(sight, within.study, visit.signal);
  }
  // If the destination is a folder, this reports it, even if there is nothing to ask for.
  visit.web();
  const own = sight && (await ownStudies(visit, sight, within, search));
  const rows = own === null ? allRows(visit, within, search) : ownRows(visit, own, within, search);
  return {
    ...writeDataSets(visit, form, asOwn(recorded(visit, within, rows), within)),
    ...(own?.isCut && {
      warning: `299 RelayPACS "Only the newest ${own.studies.length} studies were searched."`,
    }),
  };
}

/** The studies to search, `atOnce` in one request. `isCut`: there are older ones. */
type OwnStudies = {
  readonly sight: Sight;
  readonly studies: readonly string[];
  readonly atOnce: number;
  readonly isCut: boolean;
};

async function ownStudies(
  visit: Visit,
  sight: Sight,
  { level, study }: Within,
  search: Search,
): Promise<OwnStudies> {
  const all = study === undefined ? await sight.studies(search.studies) : [study];
  const isListed = level === 'studies' && all.length > 1 && (await visit.web().takesLists(visit.signal));
  const limit = isListed ? LISTED_STUDIES_LIMIT : STUDIES_LIMIT;
  const studies = all.slice(0, limit);
  return { sight, studies, atOnce: isListed ? UIDS_LIMIT : 1, isCut: all.length > limit };
}

type Rows = AsyncGenerator<RemoteDataSet>;

async function* allRows(visit: Visit, within: Within, search: Search): Rows {
  yield* readDataSets(
    visit,
    searchPath(pathOf(within), search),
    within.study === undefined ? 'pacs-without-dicomweb' : 'not-found',
  );
}

const pathOf = ({ level, study, series }: Within): string =>
  (study === undefined ? '' : `/studies/${study}`) +
  (series === undefined ? '' : `/series/${series}`) +
  `/${level}`;

/** The requested page of the rows that the caller may see. */
async function* ownRows(visit: Visit, own: OwnStudies, within: Within, search: Search): Rows {
  let { offset, limit } = search;
  for await (const row of visibleRows(visit, own, within, search)) {
    if (offset > 0) {
      offset -= 1;
      continue;
    }
    yield row;
    limit -= 1;
    if (limit === 0) return;
  }
}

async function* visibleRows(visit: Visit, own: OwnStudies, within: Within, search: Search): Rows {
  if (within.level === 'studies') return yield* studyRows(visit, own, search);
  for (const study of own.studies) {
    const seenStudy = await own.sight.of(study, visit.signal);
    if (seenStudy !== null) yield* rowsWithin(visit, seenStudy, { ...within, study }, search);
  }
}

/** Adds the number of instances to the requested fields, because not every PACS returns it unasked. */
function withAmounts({ matching }: Search): Search['matching'] {
  const FIELDS = 'includefield';
  const fields = matching.flatMap(([name, value]) => (name === FIELDS ? value.split(',') : []));
  if (fields.includes('all')) return matching;
  const others = matching.filter(([name]) => name !== FIELDS);
  return [...others, [FIELDS, [...fields, RELATED_INSTANCES].join(',')]];
}

/** Rows of studies, several studies per request if the PACS accepts lists of UIDs. */
async function* studyRows(visit: Visit, { sight, studies, atOnce }: OwnStudies, search: Search): Rows {
  for (let at = 0; at < studies.length; at += atOnce) {
    const group = studies.slice(at, at + atOnce);
    const asked = { ...search, matching: withAmounts(search), studies: group, limit: ROWS_LIMIT, offset: 0 };
    const path = searchPath('/studies', asked);
    const found = await Array.fromAsync(readDataSets(visit, path, 'pacs-without-dicomweb'));
    const byStudy = Map.groupBy(found, ({ facts }) => facts.uids.study);
    for (const study of group) {
      const rows = byStudy.get(study);
      const own = rows && (await sight.of(study, visit.signal));
      // If the PACS reports more instances than it lists, others' instances are in the study. If it reports no number,
      // there may be some.
      if (own) yield* rows.filter(({ facts }) => (facts.relatedInstances ?? Infinity) <= own.listed);
    }
  }
}

/** The series or instances of a study, page by page: a PACS may return fewer rows at once than requested. */
async function* rowsWithin(visit: Visit, own: SeenStudy, within: Within, search: Search): Rows {
  const known = new Set<string>();
  for (let offset = 0; ; ) {
    const asked = { ...search, studies: null, limit: ROWS_LIMIT, offset };
    const before = known.size;
    let rows = 0;
    for await (const row of readDataSets(visit, searchPath(pathOf(within), asked))) {
      rows += 1;
      const { uids } = row.facts;
      const key = `${uids.series} ${uids.instance}`;
      if (known.has(key)) continue;
      known.add(key);
      if (isOwn(own, within, uids)) yield row;
    }
    if (rows === 0 || known.size === before) return;
    offset += rows;
  }
}

function isOwn(own: SeenStudy, { level, study }: Within, uids: Uids): boolean {
  if (uids.study !== undefined && uids.study !== study) return false;
  if (level === 'series') return uids.series !== undefined && own.series.has(uids.series);
  return uids.instance !== undefined && own.instances.has(uids.instance);
}

/**
 * Records each study in the answer as found, which is not the same as reading an image. A study whose row contains a
 * patient's name is recorded once with a name.
 */
async function* recorded(visit: Visit, { study }: Within, rows: Rows): Rows {
  const told = new Map<string, boolean>();
  for await (const row of rows) {
    const uid = study ?? row.facts.uids.study;
    if (uid === undefined || !isUid(uid)) continue;
    const withName = row.facts.namesPatient;
    if (!told.has(uid) || (withName && told.get(uid) === false)) {
      told.set(uid, withName);
      await visit.recordFound(uid, withName);
    }
    yield row;
  }
}

async function* asOwn(rows: Rows, within: Within): AsyncGenerator<ToWrite> {
  for await (const dataSet of rows) yield { dataSet, of: namedBy(dataSet.facts, within) };
}

/** The UIDs in the Retrieve URL of a row, only as deep as the level of the search. */
function namedBy({ uids }: Facts, { level, study, series }: Within): Uids {
  return {
    study: uids.study ?? study,
    series: level === 'studies' ? undefined : (uids.series ?? series),
    instance: level === 'instances' ? uids.instance : undefined,
  };
}
