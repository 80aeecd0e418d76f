/**
 * A PACS that speaks DICOMweb over HTTP, and Orthanc's REST API too where it is told to, and lies, or is ill:
 * another status and another body from any of its services, silence, stores that it does not carry out, searches
 * that lag, that know no lists or that end early, instances on which it breaks off, bytes that it changes or
 * forgets, and storage commitment (lying-commitment.ts). It holds instances itself, or stands as a proxy before a
 * real Orthanc. Its holdings, and how often it was given each instance, are open to the test.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { sha256 } from '#testing/sha256.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { isAtWork, liesIn, readWish, resultOf } from './lying-commitment.ts';
import type { OrthancBehind, Reply } from './orthanc-behind.ts';
import { storeAnswer, textOf, type Answer } from './pacs-answers.ts';
import { createSilence, type Silence } from './silence.ts';
import { HONEST, REST_SERVICES, type CommitService, type Conduct, type Service } from './web-conduct.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

type Held = {
  readonly study: string;
  readonly series: string;
  readonly bytes: Buffer;
  readonly at: number;
  /** The gateway was told so, by the answer to its store or by a search, and not otherwise since. */
  isSaid?: boolean;
  /** A search was told to find nothing since. */
  isDenied?: boolean;
};

export type LyingPacs = {
  readonly url: string;
  /** For `PacsSettings`: ends silences at once where nothing else is under way. */
  readonly startTimer: Silence['startTimer'];
  conduct: Conduct;
  readonly held: Map<string, Held>;
  /** How often it was given each whole instance. */
  readonly given: Map<string, number>;
  /** Instances that it was given once more although it has them and had said so. */
  readonly doubled: string[];
  /** Whole instances that nobody has: the gateway gave other bytes. */
  readonly foreign: string[];
  /** Instances that it said it does not take: by name, or alone in a request. */
  readonly saidRefused: Set<string>;
  /** Instances that it said it keeps. */
  readonly saidKept: Set<string>;
  /** Lies that were told and illnesses that showed, and how often; told answers as `service status body`. */
  readonly faults: Map<string, number>;
  /** More that may be sent to it. */
  expect(instances: readonly SyntheticInstance[]): void;
  /** Loses instances that the PACS holds. */
  forget(sopInstanceUIDs: readonly string[]): Promise<void>;
  close(): Promise<void>;
};

export type LyingPacsOptions = {
  /** All that may ever be sent to it; `expect` adds to them. */
  readonly instances: readonly SyntheticInstance[];
  readonly now: () => number;
  /** Passes for Orthanc: the root ends as Orthanc's does, and the REST API is answered. */
  readonly isOrthanc?: boolean;
  /** The Orthanc to which everything is passed on that is no lie. */
  readonly behind?: OrthancBehind;
  /** A search that knows nothing of an instance so long after its store takes back that it is there. */
  readonly patienceMs?: number;
};

type Identifiers = SyntheticInstance['identifiers'];
type Place = Pick<LyingPacsOptions, 'now' | 'behind' | 'isOrthanc'> & {
  readonly known: Map<string, Identifiers>;
  readonly silence: Silence;
  readonly patienceMs: number;
  /** The instances of each request for storage commitment that it has taken, by its Transaction UID. */
  readonly wishes: Map<string, readonly string[]>;
};

export async function startLyingPacs(options: LyingPacsOptions): Promise<LyingPacs> {
  const { instances, patienceMs = 0, behind } = options;
  const books = { known: new Map(), wishes: new Map(), silence: createSilence() };
  const place: Place = { ...options, ...books, patienceMs };
  const server = createServer((request, response) => {
    answer(pacs, place, { request, response }).catch(() => request.socket.destroy());
  });
  const port = await listenOnLoopback(server);
  const root = options.isOrthanc ? 'dicom-web' : 'dicomweb';
  const pacs: LyingPacs = {
    url: `http://127.0.0.1:${port}/${root}`,
    startTimer: place.silence.startTimer,
    conduct: HONEST,
    held: new Map(),
    given: new Map(),
    doubled: [],
    foreign: [],
    saidRefused: new Set(),
    saidKept: new Set(),
    faults: new Map(),
    expect(more) {
      for (const { bytes, identifiers } of more) place.known.set(sha256(bytes), identifiers);
    },
    async forget(uids) {
      for (const uid of uids) {
        pacs.saidKept.delete(uid);
        if (pacs.held.delete(uid)) fault(pacs, 'forgets');
      }
      await behind?.forget(uids);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  pacs.expect(instances);
  return pacs;
}

function fault({ faults }: LyingPacs, kind: string): void {
  faults.set(kind, (faults.get(kind) ?? 0) + 1);
}

type Exchange = { readonly request: IncomingMessage; readonly response: ServerResponse };

const ROUTES: readonly (readonly [string, RegExp, Service])[] = [
  ['POST', /^\/dicom-?web\/studies/, 'store'],
  ['GET', /^\/dicom-?web\/studies\/[^/]+\/series\/[^/]+\/instances\/[^/]+$/, 'retrieve'],
  ['POST', /^\/dicom-?web\/commitment-requests\/[^/]+$/, 'commit'],
  ['GET', /^\/dicom-?web\/commitment-requests\/[^/]+$/, 'check'],
  ['GET', /^\/dicom-?web\//, 'search'],
  ['GET', /^\/system$/, 'system'],
  ['POST', /^\/instances$/, 'instance'],
  ['POST', /^\/tools\/lookup$/, 'lookup'],
  ['GET', /^\/studies\/[^/]+\/instances$/, 'listing'],
  ['GET', /^\/instances\/[^/]+\/attachments\/dicom\/md5$/, 'digest'],
];

async function answer(pacs: LyingPacs, place: Place, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const url = new URL(request.url ?? '', 'http://pacs');
  const body = Buffer.concat(await Array.fromAsync(request));
  const service = ROUTES.find(([method, path]) => method === request.method && path.test(url.pathname))?.[2];
  if (service === 'store' || service === 'instance')
    return store(pacs, place, exchange, partsOf(service, request.headers['content-type'], body));
  const isRest = REST_SERVICES.some((one) => one === service);
  if (service === undefined || (isRest && !place.isOrthanc)) return void response.writeHead(404).end();
  if (service === 'commit' || service === 'check')
    return commit(pacs, place, exchange, { service, transaction: url.pathname.split('/').at(-1)!, body });
  const named = service === 'retrieve' ? [url.pathname.split('/').at(-1)!] : [];
  if (say(pacs, place, { response, service }, named)) return;
  const reply = place.behind
    ? await place.behind.pass(request, body)
    : own(pacs, place, { service, url, text: body.toString() });
  write(response, reply);
}

type Commit = { readonly service: CommitService; readonly transaction: string; readonly body: Buffer };

function commit(
  pacs: LyingPacs,
  place: Place,
  { response }: Exchange,
  { service, transaction, body }: Commit,
): void {
  const { conduct, held, given, saidKept } = pacs;
  if (service === 'commit') place.wishes.set(transaction, readWish(body));
  const wish = place.wishes.get(transaction);
  if (say(pacs, place, { response, service }, wish ?? [])) return;
  for (const lie of liesIn(conduct)) fault(pacs, lie);
  if (isAtWork(conduct, service)) return void response.writeHead(202).end();
  if (wish === undefined) return void response.writeHead(404).end();
  const isThere = (uid: string): boolean => held.has(uid) || (conduct.listsGiven && given.has(uid));
  const { committed, result } = resultOf(conduct, wish, isThere);
  for (const uid of committed) saidKept.add(uid);
  write(response, json(200, result));
}

const write = (response: ServerResponse, { status, type, body }: Reply): void =>
  void response.writeHead(status, { 'content-type': type }).end(body);

async function store(
  pacs: LyingPacs,
  place: Place,
  { request, response }: Exchange,
  parts: readonly Buffer[],
): Promise<void> {
  const { conduct, saidRefused } = pacs;
  const service = request.url === '/instances' ? 'instance' : 'store';
  const given = countGiven(pacs, place, parts, request.url ?? '');
  const uids = given.map(({ is }) => is.sopInstanceUID);
  if (uids.some((uid) => conduct.breaksOn.has(uid))) {
    fault(pacs, 'breaks off');
    return void request.socket.destroy();
  }
  if (uids.some((uid) => conduct.hangsOn.has(uid))) {
    fault(pacs, 'hangs');
    return void response.on('close', place.silence.begin());
  }
  const isTurnedAway = toldOn(conduct, service, uids) !== undefined;
  const isKept = (at: number): boolean =>
    conduct.keeps === 'all' || (conduct.keeps === 'half' && at % 2 === 0);
  const kept = isTurnedAway
    ? []
    : given.filter(({ is }, at) => !conduct.declines.has(is.sopInstanceUID) && isKept(at));
  if (conduct.keeps !== 'all') fault(pacs, `keeps ${conduct.keeps}`);
  const carriedOut = kept.map((one) => keep(pacs, one, place.now()));
  const reply = carriedOut.length > 0 ? await place.behind?.store(request, carriedOut) : undefined;
  if (say(pacs, place, { response, service }, uids)) return;
  if (uids.some((uid) => conduct.declines.has(uid))) {
    fault(pacs, 'declines');
    if (uids.length === 1) saidRefused.add(uids[0]!);
    return write(response, service === 'store' ? json(400, storeAnswer([], [])) : json(400, BAD_FILE));
  }
  const stored = conduct.claims ? uids : kept.map(({ is }) => is.sopInstanceUID);
  for (const uid of stored) {
    const one = pacs.held.get(uid);
    if (one) one.isSaid = true;
  }
  write(response, conduct.claims || !reply ? stores(service, stored, uids) : reply);
}

/** Orthanc's own words (OrthancFramework/Sources/Enumerations.h). */
const BAD_FILE = { HttpStatus: 400, OrthancStatus: 15, Message: 'Bad file format' };

function stores(service: Service, stored: readonly string[], uids: readonly string[]): Reply {
  if (service === 'store') return json(stored.length === uids.length ? 200 : 202, storeAnswer(stored, []));
  return stored.length > 0 ? json(200, { Status: 'Success' }) : json(500, {});
}

type Given = { readonly is: Identifiers; readonly bytes: Buffer };

function countGiven(
  pacs: LyingPacs,
  { known }: Place,
  parts: readonly Buffer[],
  where: string,
): readonly Given[] {
  const { given, held, doubled, foreign } = pacs;
  return parts.flatMap((bytes) => {
    const is = known.get(sha256(bytes));
    if (is === undefined) {
      foreign.push(where);
      return [];
    }
    given.set(is.sopInstanceUID, (given.get(is.sopInstanceUID) ?? 0) + 1);
    if (held.get(is.sopInstanceUID)?.isSaid) doubled.push(is.sopInstanceUID);
    return [{ is, bytes }];
  });
}

/** The bytes that it stores, unless it has some; the first stay, as Orthanc does it. */
function keep(pacs: LyingPacs, { is, bytes }: Given, at: number): Buffer {
  const before = pacs.held.get(is.sopInstanceUID);
  if (before) return before.bytes;
  const own = Buffer.from(bytes);
  if (pacs.conduct.turnsBits) {
    own[own.length - 1]! ^= 1;
    fault(pacs, 'turns bits');
  }
  const { studyInstanceUID: study, seriesInstanceUID: series } = is;
  pacs.held.set(is.sopInstanceUID, { study, series, bytes: own, at });
  return own;
}

type Asked = { readonly response: ServerResponse; readonly service: Service };

const toldOn = ({ answersOn }: Conduct, service: Service, uids: readonly string[]): Answer | undefined =>
  uids.map((uid) => answersOn[service]?.get(uid)).find((answer) => answer !== undefined);

/** The answer that it was told to give; false: it gives its own. */
function say(
  pacs: LyingPacs,
  { silence, now, patienceMs }: Place,
  { response, service }: Asked,
  uids: readonly string[],
): boolean {
  const told = toldOn(pacs.conduct, service, uids) ?? pacs.conduct.answers[service];
  if (!told) return false;
  const { status, body } = told;
  fault(pacs, `${service} ${status} ${body}`);
  if (body === 'silence') {
    response.on('close', silence.begin());
    return true;
  }
  const refuses = body === 'named' || body === 'named-xml' || (body === 'dicom' && uids.length === 1);
  if (refuses && STORES.includes(service)) for (const uid of uids) pacs.saidRefused.add(uid);
  if (service === 'search' && (status === 204 || (status < 300 && body === 'list')))
    for (const one of pacs.held.values()) deny(one, now() - one.at >= patienceMs);
  const [type, text] = textOf(body, uids);
  // RFC 9110 §15.3.5: an answer with 204 has no content.
  if (status === 204) response.writeHead(204).end();
  else if (body === 'cut' || body === 'endless') {
    response.writeHead(status, { 'content-type': type, 'content-length': text.length + 100 });
    response.write(text);
    if (body === 'cut') response.destroy();
    else response.on('close', silence.begin());
  } else response.writeHead(status, { 'content-type': type }).end(text);
  return true;
}

const STORES: readonly Service[] = ['store', 'instance'];

function deny(one: Held, isBelieved: boolean): void {
  one.isDenied = true;
  if (isBelieved) one.isSaid = false;
}

type Question = { readonly service: Service; readonly url: URL; readonly text: string };

function own(pacs: LyingPacs, place: Place, { service, url, text }: Question): Reply {
  const { held } = pacs;
  const named = url.pathname.split('/').filter((part) => part !== '');
  switch (service) {
    case 'retrieve': {
      const bytes = held.get(named.at(-1)!)?.bytes;
      return bytes ? { status: 200, type: 'application/dicom', body: bytes } : json(404, {});
    }
    case 'digest': {
      const bytes = held.get(named[1]!)?.bytes;
      if (!bytes) return json(404, {});
      return { status: 200, type: 'text/plain', body: createHash('md5').update(bytes).digest('hex') };
    }
    case 'system':
      return json(200, { ApiVersion: 24, DicomAet: 'LIAR' });
    case 'lookup': {
      const isThere = listed(pacs, place).some(([, { study }]) => study === text);
      return json(200, isThere ? [{ Type: 'Study', ID: text }] : []);
    }
    case 'listing': {
      const uids = listed(pacs, place).flatMap(([uid, { study }]) => (study === named[1] ? [uid] : []));
      return json(
        200,
        uids.map((uid) => ({ ID: uid, MainDicomTags: { SOPInstanceUID: uid } })),
      );
    }
    default:
      return json(200, search(pacs, place, url));
  }
}

type Listed = readonly [string, Pick<Held, 'study' | 'series'>];

function listed(pacs: LyingPacs, { now, known }: Place): readonly Listed[] {
  const { conduct, held, given } = pacs;
  const shown: Listed[] = [...held].filter(([, { at }]) => at + conduct.lagMs <= now());
  if (shown.length < held.size) fault(pacs, 'lags');
  if (!conduct.listsGiven) return shown;
  const lacked = [...known.values()]
    .map((is): Listed => [is.sopInstanceUID, { study: is.studyInstanceUID, series: is.seriesInstanceUID }])
    .filter(([uid]) => given.has(uid) && !held.has(uid));
  if (lacked.length > 0) fault(pacs, 'lists what it lacks');
  return shown.concat(lacked);
}

function search(pacs: LyingPacs, place: Place, url: URL): unknown {
  const { conduct, held } = pacs;
  const query = url.searchParams;
  const study = /\/studies\/([^/]+)\/instances$/.exec(url.pathname)?.[1];
  const wanted = query.get('SOPInstanceUID');
  if (!conduct.takesLists && wanted?.includes(',')) fault(pacs, 'knows no lists');
  const list = wanted === null ? null : conduct.takesLists ? wanted.split(',') : [wanted];
  const offset = Number(query.get('offset') ?? 0);
  const limit = Number(query.get('limit') ?? Infinity);
  const found = listed(pacs, place)
    .filter(([uid]) => list === null || list.includes(uid))
    .filter(([, one]) => study === undefined || one.study === study)
    .slice(offset, offset + limit);
  if (found.length > conduct.rowsAtMost) fault(pacs, 'few rows');
  const rows = found.slice(0, conduct.rowsAtMost);
  for (const [uid] of rows) {
    const one = held.get(uid);
    if (one) Object.assign(one, { isSaid: true, isDenied: false });
  }
  return rows.map(([uid, one]) => ({
    '0020000D': { vr: 'UI', Value: [one.study] },
    '0020000E': { vr: 'UI', Value: [one.series] },
    '00080018': { vr: 'UI', Value: [uid] },
  }));
}

const json = (status: number, body: unknown): Reply => ({
  status,
  type: 'application/dicom+json',
  body: JSON.stringify(body),
});

/** The instances in a store: a body of one, or parts of a multipart/related body that say their length. */
function partsOf(service: Service, contentType: string | undefined, body: Buffer): readonly Buffer[] {
  if (service === 'instance') return [body];
  const boundary = /boundary=([^;]+)/.exec(contentType ?? '')?.[1] ?? '';
  const parts: Buffer[] = [];
  for (let at = body.indexOf(`--${boundary}\r\n`); at >= 0; ) {
    const start = body.indexOf('\r\n\r\n', at) + 4;
    const length = Number(/content-length: *(\d+)/i.exec(body.toString('latin1', at, start))?.[1] ?? 0);
    parts.push(body.subarray(start, start + length));
    at = body.indexOf(`--${boundary}\r\n`, start + length);
  }
  return parts;
}
