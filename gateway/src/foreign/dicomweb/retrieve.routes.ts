/**
 * WADO-RS (PS3.18 §10.4) from the primary destination, as a stream. The caller's rights are checked before the PACS is
 * asked. Callers who may not read everything get their instances one by one, so that instances added to the study
 * since then are not included. Researchers get no instance whose picture may hold a name.
 */
import { z } from '@hono/zod-openapi';
import { isUid } from '#shared/dicom/uid.ts';
import { SENDERS } from '#shared/protocol/policy.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { allow, createRouter, describeRoute, type GatewayContext, type Router } from '../../http/route.ts';
import { relatedParts, type PartPiece } from '../../threads/write-parts.ts';
import {
  acceptedDataSets,
  acceptedEncoded,
  acceptedInstances,
  acceptedPictures,
  acceptedRendered,
  DICOM_JSON,
  DICOM_XML,
  RENDERED,
  type Accepted,
} from './accepted.ts';
import { dataSetSchema } from './dicom-json-schema.ts';
import { bulkPath } from './own-addresses.ts';
import { readDataSets } from './read-data-sets.ts';
import { withoutNamedPictures } from './named-pictures.ts';
import { seen, type SeenStudy } from './sight.ts';
import { onlyPart, readParts } from './web-parts.ts';
import { listedPaths, pathOf, wholeOrEach, type Where } from './whole-or-each.ts';
import { writeDataSets, type ToWrite } from './write-data-sets.ts';
import { serveVisit, type Served, type Visit, type VisitTools } from './web-visit.ts';

type Reading = (visit: Visit, where: Where, own: SeenStudy | null) => Promise<Served>;
/** Reads the request, and returns a function that asks the PACS. */
type Reader = (c: GatewayContext, isOne: boolean) => Reading;

const STUDY = '/dicom-web/studies/{studyInstanceUID}';
const SERIES = `${STUDY}/series/{seriesInstanceUID}`;
const INSTANCE = `${SERIES}/instances/{sopInstanceUID}`;
const METADATA = '/metadata';
const MULTIPART = 'multipart/related';
const DATA_SETS = [DICOM_JSON, `multipart/related; type="${DICOM_XML}"`];

const ROUTES: readonly (readonly [string, string, string, readonly string[], Reader])[] = [
  ['retrieveStudy', STUDY, 'the instances of a study', [MULTIPART], readInstances],
  ['retrieveSeries', SERIES, 'the instances of a series', [MULTIPART], readInstances],
  ['retrieveInstance', INSTANCE, 'an instance', [MULTIPART, 'application/dicom'], readInstances],
  ['retrieveStudyMetadata', `${STUDY}${METADATA}`, 'the metadata of a study', DATA_SETS, readMetadata],
  ['retrieveSeriesMetadata', `${SERIES}${METADATA}`, 'the metadata of a series', DATA_SETS, readMetadata],
  [
    'retrieveInstanceMetadata',
    `${INSTANCE}${METADATA}`,
    'the metadata of an instance',
    DATA_SETS,
    readMetadata,
  ],
  ['retrieveFrames', `${INSTANCE}/frames/{frames}`, 'frames', [MULTIPART], readFrames],
  [
    'retrieveRenderedStudy',
    `${STUDY}/rendered`,
    'the instances of a study as pictures',
    [MULTIPART],
    readAllRendered,
  ],
  [
    'retrieveRenderedSeries',
    `${SERIES}/rendered`,
    'the instances of a series as pictures',
    [MULTIPART],
    readAllRendered,
  ],
  ['retrieveRenderedInstance', `${INSTANCE}/rendered`, 'an instance as a picture', RENDERED, readRendered],
  [
    'retrieveRenderedFrame',
    `${INSTANCE}/frames/{frames}/rendered`,
    'a frame as a picture',
    RENDERED,
    readRendered,
  ],
  [
    'retrieveBulkData',
    `${INSTANCE}/bulkdata/{path}`,
    'bulk data, at an address that metadata gave',
    [MULTIPART],
    readBulkData,
  ],
];

export function retrieveRoutes(tools: VisitTools): Router {
  const router = createRouter();
  for (const [operationId, path, what, types, read] of ROUTES) {
    router.get(
      path.replaceAll(/\{(\w{1,64})\}/g, ':$1'),
      allow(SENDERS, { keys: ['read'] }),
      (c: GatewayContext) => {
        const where = whereOf(c);
        const reading = read(c, where.instance !== undefined);
        return serveVisit(c, tools, async (visit) => {
          const own = await seen(visit.sight, where.study, visit.signal);
          if (!isOwn(own, where)) throw new Problem('not-found');
          visit.web();
          const { study, instance } = where;
          if (own === null || !visit.hidesNames || path.endsWith(METADATA))
            return { ...(await reading(visit, where, own)), study, instance };
          const { shown, warning } = await withoutNamedPictures(visit, where, own);
          if (shown.instances.size === 0) throw new Problem('picture-may-hold-name');
          return { ...(await reading(visit, where, shown)), ...warning, study, instance };
        });
      },
    );
    describeRoute(router, { ...describe(path, what, types), operationId });
  }
  return router;
}

const describe = (
  path: string,
  what: string,
  types: readonly string[],
): Parameters<typeof describeRoute>[1] => ({
  method: 'get',
  path,
  roles: SENDERS,
  keys: ['read'],
  tags: ['dicomweb'],
  summary: `WADO-RS: ${what}`,
  parameters: [...path.matchAll(/\{(\w{1,64})\}/g)].map(([, name = '']) => ({
    ...{ name, in: 'path' as const, required: true, schema: { type: 'string' as const } },
  })),
  problems: [
    ...(['bad-request', 'not-found', 'not-acceptable', 'called-off'] as const),
    ...(path.endsWith(METADATA) ? [] : (['picture-may-hold-name'] as const)),
    ...(['pacs-without-dicomweb', 'pacs-declined', 'pacs-unreachable'] as const),
  ],
  responses: {
    200: {
      description: 'As the PACS has it.',
      content: Object.fromEntries(
        types.map((type) => [
          type,
          {
            schema:
              type === DICOM_JSON ? z.array(dataSetSchema) : { type: 'string' as const, format: 'binary' },
          },
        ]),
      ),
    },
  },
});

/** @throws Problem not-found: nothing can have such a name. */
function whereOf(c: GatewayContext): Where {
  const uid = (name: string): string | undefined => {
    const value = c.req.param(name);
    if (value !== undefined && !isUid(value)) throw new Problem('not-found');
    return value;
  };
  const series = uid('seriesInstanceUID');
  const instance = uid('sopInstanceUID');
  return {
    study: uid('studyInstanceUID') ?? '',
    ...(series !== undefined && { series }),
    ...(instance !== undefined && { instance }),
  };
}

function isOwn(own: SeenStudy | null, { series, instance }: Where): boolean {
  if (own === null) return true;
  if (instance !== undefined) return own.instances.get(instance) === series;
  return series === undefined || own.series.has(series);
}

function readInstances(c: GatewayContext, isOne: boolean): Reading {
  const accepted = acceptedInstances(c.req.header('accept'), isOne);
  return async (visit, where, own) => {
    const at = (paths: readonly string[]) => answersAt(visit, paths, accepted.accept);
    const isAll = own === null || where.instance !== undefined;
    return served(
      accepted,
      isAll ? wholeOrEach(visit, where, (path) => at([path])) : at(ownPaths(where, own)),
    );
  };
}

function ownPaths({ study, series: asked }: Where, own: SeenStudy): readonly string[] {
  return [...own.instances]
    .filter(([, series]) => asked === undefined || series === asked)
    .map(([instance, series]) => pathOf({ study, series, instance }));
}

type Parts = AsyncGenerator<PartPiece>;

async function* answersAt(visit: Visit, paths: readonly string[], accept: string): Parts {
  for (const path of paths) {
    const { contentType, body } = await visit.get(path, accept);
    yield* readParts(contentType, body);
  }
}

function served({ type, isSingle }: Accepted, parts: Parts): Served {
  if (isSingle) return { type, pieces: onlyPart(parts) };
  const { contentType, write } = relatedParts(type);
  return { type: contentType, pieces: write(parts) };
}

function readMetadata(c: GatewayContext): Reading {
  const form = acceptedDataSets(c.req.header('accept'));
  return async (visit, where, own) => writeDataSets(visit, form, metadata(visit, where, own));
}

async function* metadata(visit: Visit, where: Where, own: SeenStudy | null): AsyncGenerator<ToWrite> {
  let isEmpty = true;
  const read = (path: string) => readDataSets(visit, `${path}/metadata`);
  for await (const dataSet of wholeOrEach(visit, where, read)) {
    const said = dataSet.facts.uids;
    const of = {
      study: where.study,
      series: said.series ?? where.series,
      instance: said.instance ?? where.instance,
    };
    if (own !== null && (of.instance === undefined || own.instances.get(of.instance) !== of.series)) continue;
    yield { dataSet, of };
    isEmpty = false;
  }
  if (isEmpty) throw new Problem('not-found');
}

/** A list of frames. An address with this many is short enough for proxies. */
const FRAMES = /^[1-9]\d{0,5}(,[1-9]\d{0,5}){0,255}$/;

function framesOf(c: GatewayContext): string | undefined {
  const frames = c.req.param('frames');
  if (frames !== undefined && !FRAMES.test(frames))
    throw new Problem('bad-request', 'Frames are named by number, at most 256 of them.');
  return frames;
}

function readFrames(c: GatewayContext): Reading {
  const frames = framesOf(c);
  const accepted = acceptedEncoded(c.req.header('accept'));
  return async (visit, where) =>
    served(accepted, answersAt(visit, [`${pathOf(where)}/frames/${frames}`], accepted.accept));
}

function readBulkData(c: GatewayContext): Reading {
  const path = bulkPath(c.req.param('path') ?? '');
  if (path === null) throw new Problem('not-found');
  const accepted = acceptedEncoded(c.req.header('accept'));
  return async (visit, where) =>
    served(accepted, answersAt(visit, [`${pathOf(where)}/${path}`], accepted.accept));
}

/** PS3.18 §8.3.5.1. */
const RENDERING: Readonly<Record<string, RegExp>> = {
  viewport: /^\d{1,5},\d{1,5}(,-?\d{0,5}(\.\d{1,4})?){0,4}$/,
  window: /^-?\d{1,7}(\.\d{1,6})?,\d{1,7}(\.\d{1,6})?,(linear|linear-exact|sigmoid)$/i,
  quality: /^(100|[1-9]?\d)$/,
};

/** The query string for a rendering by the PACS, including its question mark. @throws Problem bad-request. */
function renderingOf(c: GatewayContext): string {
  const query = new URLSearchParams();
  for (const [name, value] of new URL(c.req.url).searchParams) {
    const form = Object.hasOwn(RENDERING, name) ? RENDERING[name] : undefined;
    if (form === undefined || query.has(name) || !form.test(value))
      throw new Problem('bad-request', 'A parameter is not one of a picture.');
    query.set(name, value);
  }
  return query.size > 0 ? `?${query.toString()}` : '';
}

function readRendered(c: GatewayContext): Reading {
  const frames = framesOf(c);
  if (frames?.includes(',')) throw new Problem('bad-request', 'A picture is of one frame.');
  const { type, accept } = acceptedRendered(c.req.header('accept'));
  const rendering = renderingOf(c);
  const ofFrame = frames === undefined ? '' : `/frames/${frames}`;
  return async (visit, where) => {
    const body = await visit.getPicture(`${pathOf(where)}${ofFrame}/rendered${rendering}`, accept);
    return { type, pieces: piecesOf(body) };
  };
}

/**
 * Few PACSs render more than one instance at a time, so each instance is requested separately. An instance that the
 * PACS does not render has no picture (a report, for example) and is left out.
 */
function readAllRendered(c: GatewayContext): Reading {
  const { type } = acceptedPictures(c.req.header('accept'));
  const rendering = renderingOf(c);
  return async (visit, where, own) => {
    const paths = own === null ? listedPaths(visit, where) : ownPaths(where, own);
    return served({ type, accept: type, isSingle: false }, picturesAt(visit, paths, { type, rendering }));
  };
}

type Rendering = { readonly type: string; readonly rendering: string };

async function* picturesAt(
  visit: Visit,
  paths: AsyncIterable<string> | Iterable<string>,
  { type, rendering }: Rendering,
): Parts {
  let isEmpty = true;
  for await (const path of paths) {
    const body = await visit.getPicture(`${path}/rendered${rendering}`, type).catch(withoutPicture);
    if (body === null) continue;
    isEmpty = false;
    yield { type };
    yield* body;
  }
  if (isEmpty) throw new Problem('not-acceptable', 'The PACS renders none of them.');
}

/** Problems that mean that an instance has no picture. */
const NO_PICTURE: readonly string[] = ['not-acceptable', 'pacs-declined', 'not-found'];

function withoutPicture(error: unknown): null {
  if (error instanceof Problem && NO_PICTURE.includes(error.code)) return null;
  throw error;
}

async function* piecesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* body;
}
