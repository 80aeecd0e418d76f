/**
 * A PACS in memory (open-pacs.ts) that also serves QIDO-RS and WADO-RS over HTTP, tells its own address wherever it
 * can, and answers otherwise where a test says so.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Pacs } from '../ports/pacs/pacs.ts';
import { createStowPacs } from '../ports/pacs/stow-pacs.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { openTestPacs, type TestPacs } from './open-pacs.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

const BOUNDARY = 'of the PACS';
const JSON_TYPE = 'application/dicom+json';

export type Asked = { readonly path: string; readonly query: URLSearchParams; readonly accept: string };
type Answer = (response: ServerResponse, asked: Asked) => void;

export type WebPacs = {
  readonly pacs: Pacs;
  readonly held: TestPacs['held'];
  readonly url: string;
  /** The requests of callers that it got, since they were last taken out. */
  readonly asked: Asked[];
  /** Instead of its own answer, to paths that match. */
  say(path: RegExp, answer: Answer | null): void;
  /** Instances that may come to it. */
  expect(instances: readonly SyntheticInstance[]): void;
  close(): Promise<void>;
};

export async function startWebPacs(): Promise<WebPacs> {
  const memory = openTestPacs();
  const series = new Map<string, string>();
  const told: [RegExp, Answer][] = [];
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const one = toAsked(request);
    asked.push(one);
    const answer = told.findLast(([path]) => path.test(one.path))?.[1];
    if (answer) answer(response, one);
    else answerAs({ held: memory.held, series, url }, response, one);
  });
  const port = await listenOnLoopback(server);
  const url = `http://127.0.0.1:${port}/dicom-web`;
  return {
    pacs: Object.assign(memory, { web: createStowPacs({ url, authorization: null }).web }),
    ...{ held: memory.held, url, asked },
    say(path, answer) {
      told.splice(0, told.length, ...told.filter(([known]) => String(known) !== String(path)));
      if (answer !== null) told.push([path, answer]);
    },
    expect(instances) {
      for (const { identifiers } of instances)
        series.set(identifiers.sopInstanceUID, identifiers.seriesInstanceUID);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function toAsked({ url = '', headers }: IncomingMessage): Asked {
  const { pathname, searchParams } = new URL(url, 'http://pacs');
  return { path: pathname.replace('/dicom-web', ''), query: searchParams, accept: headers.accept ?? '' };
}

type Books = Pick<TestPacs, 'held'> & { readonly series: ReadonlyMap<string, string>; readonly url: string };
type Held = {
  readonly study: string;
  readonly series: string;
  readonly instance: string;
  readonly bytes: Buffer;
};

function answerAs({ held, series, url }: Books, response: ServerResponse, { path, query }: Asked): void {
  const all = [...held].map(
    ([instance, of]): Held => ({ ...of, instance, series: series.get(instance) ?? '' }),
  );
  const [, study, ofSeries, instance, what] =
    /^\/studies\/([\d.]+)(?:\/series\/([\d.]+))?(?:\/instances\/([\d.]+))?(?:\/(.*))?$/.exec(path) ?? [];
  const named = all.filter(
    (one) =>
      (study === undefined || one.study === study) &&
      (ofSeries === undefined || one.series === ofSeries) &&
      (instance === undefined || one.instance === instance),
  );
  const level = what ?? path.slice(1);
  const metadata = named.map((one) => metadataOf(one, url));
  if (what === 'metadata') {
    json(response, metadata);
    return;
  }
  if (['studies', 'series', 'instances'].includes(level)) {
    json(response, rows(named, level, query));
    return;
  }
  if (named.length === 0) return void response.writeHead(404).end();
  if (what?.endsWith('rendered'))
    return void response.writeHead(200, { 'content-type': 'image/jpeg' }).end('a picture');
  const type = what === undefined ? 'application/dicom' : 'application/octet-stream';
  response.writeHead(200, { 'content-type': `multipart/related; type="${type}"; boundary="${BOUNDARY}"` });
  for (const { bytes } of what === undefined ? named : named.slice(0, 1)) {
    response.write(`\r\n--${BOUNDARY}\r\nContent-Type: ${type}\r\nContent-Location: ${url}${path}\r\n\r\n`);
    response.write(what === undefined ? bytes : `${what} of ${path}`);
  }
  response.end(`\r\n--${BOUNDARY}--`);
}

const text = (vr: string, ...Value: unknown[]) => ({ vr, Value });

function rows(named: readonly Held[], level: string, query: URLSearchParams): object[] {
  const studies = query.get('StudyInstanceUID')?.split(',');
  const found = named.filter(({ study }) => studies === undefined || studies.includes(study));
  const key = { studies: 'study', series: 'series' }[level] as 'study' | undefined;
  const groups = [...Map.groupBy(found, (one) => one[key ?? 'instance']).values()];
  const offset = Number(query.get('offset') ?? 0);
  return groups.slice(offset, offset + Number(query.get('limit') ?? groups.length)).map((group) => ({
    '0020000D': text('UI', group[0]?.study),
    ...(level !== 'studies' && { '0020000E': text('UI', group[0]?.series) }),
    ...(level === 'instances' && { '00080018': text('UI', group[0]?.instance) }),
    '00100010': text('PN', { Alphabetic: 'Somebody^Else' }),
    '00080054': text('AE', 'SECRETAE'),
    '00081190': text('UR', 'http://pacs.internal/dicom-web/elsewhere'),
    ...(level === 'studies' && { '00201208': text('IS', group.length) }),
  }));
}

function metadataOf({ study, series, instance }: Held, url: string): object {
  const own = `${url}/studies/${study}/series/${series}/instances/${instance}`;
  return {
    '0020000D': text('UI', study),
    '0020000E': text('UI', series),
    '00080018': text('UI', instance),
    '00081190': text('UR', own),
    '00420011': { vr: 'OB', BulkDataURI: `${url}/blobs/17` },
    '7FE00010': { vr: 'OW', BulkDataURI: `${own}/bulk/7fe00010` },
    '00081115': text('SQ', { '00420011': { vr: 'OB', BulkDataURI: `${own}/bulk/00081115/1/00420011` } }),
  };
}

const json = (response: ServerResponse, body: unknown): void =>
  void response.writeHead(200, { 'content-type': JSON_TYPE }).end(JSON.stringify(body));
