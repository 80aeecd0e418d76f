/**
 * A PACS that speaks DICOMweb over HTTP and lies, or is ill, as it is told to: another status and another body
 * from any of its services, stores that it does not carry out, searches that lag, that know no lists or that end
 * early, instances on which it breaks off. Its holdings, and how often it was
 * given each instance, are open to the test.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sha256 } from '#testing/sha256.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';

export const SERVICES = ['store', 'search', 'retrieve'] as const;
export type Service = (typeof SERVICES)[number];

/** `dicom`: a store answer with empty sequences. `named`: one in which every instance failed. */
export const BODIES = ['html', 'empty', 'json', 'dicom', 'named', 'named-xml', 'cut'] as const;
export type Body = (typeof BODIES)[number];

export type Conduct = {
  /** In the place of the service's own answer; null: its own. */
  readonly answers: Readonly<Record<Service, { readonly status: number; readonly body: Body } | null>>;
  /** The part of a store request that it carries out, whatever it answers. */
  readonly keeps: 'all' | 'half' | 'none';
  /** Says that it stored what it did not keep. */
  readonly claims: boolean;
  /** It turns a bit of all that it keeps. */
  readonly turnsBits: boolean;
  /** A search shows what was stored so long ago. */
  readonly lagMs: number;
  readonly takesLists: boolean;
  readonly rowsAtMost: number;
  /** Instances on which it closes the connection, and keeps none of the request. */
  readonly breaksOn: ReadonlySet<string>;
  /** Instances that it does not take: it answers 400 and names nobody, as Orthanc 1.10.1 does. */
  readonly declines: ReadonlySet<string>;
};

export const HONEST: Conduct = {
  answers: { store: null, search: null, retrieve: null },
  keeps: 'all',
  claims: false,
  turnsBits: false,
  lagMs: 0,
  takesLists: true,
  rowsAtMost: Infinity,
  breaksOn: new Set(),
  declines: new Set(),
};

type Held = {
  readonly study: string;
  readonly series: string;
  readonly bytes: Buffer;
  readonly at: number;
  /** The gateway was told so, instance by instance. */
  isSaid?: boolean;
};

export type LyingPacs = {
  readonly url: string;
  conduct: Conduct;
  readonly held: Map<string, Held>;
  /** How often it was given each whole instance. */
  readonly given: Map<string, number>;
  /** Instances that it was given once more although it has them and had said so. */
  readonly doubled: string[];
  /** Whole instances that nobody has: the gateway gave other bytes. */
  readonly foreign: string[];
  /** Answers that were not its own, and connections that it broke off. */
  faults: number;
  close(): Promise<void>;
};

export type LyingPacsOptions = {
  /** All that may ever be sent to it. */
  readonly instances: readonly SyntheticInstance[];
  readonly now: () => number;
};

export async function startLyingPacs({ instances, now }: LyingPacsOptions): Promise<LyingPacs> {
  const known = new Map(instances.map(({ bytes, identifiers }) => [sha256(bytes), identifiers]));
  const server = createServer((request, response) => {
    answer(pacs, { request, response, known, now }).catch(() => request.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const pacs: LyingPacs = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/dicomweb`,
    conduct: HONEST,
    held: new Map(),
    given: new Map(),
    doubled: [],
    foreign: [],
    faults: 0,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return pacs;
}

type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly known: ReadonlyMap<string, SyntheticInstance['identifiers']>;
  readonly now: () => number;
};

async function answer(pacs: LyingPacs, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const url = new URL(request.url ?? '', 'http://pacs');
  const path = url.pathname.replace(/^\/dicomweb/, '');
  const body = Buffer.concat(await Array.fromAsync(request));
  if (request.method === 'POST') return store(pacs, exchange, body);
  const wado = /^\/studies\/[^/]+\/series\/[^/]+\/instances\/([^/]+)$/.exec(path);
  if (wado) {
    const held = pacs.held.get(wado[1]!);
    if (say(pacs, response, 'retrieve', [])) return;
    if (held === undefined) return void response.writeHead(404).end();
    return void response.writeHead(200, { 'content-type': 'application/dicom' }).end(held.bytes);
  }
  if (say(pacs, response, 'search', [])) return;
  json(response, 200, search(pacs, path, url.searchParams, exchange.now()));
}

function store(pacs: LyingPacs, { request, response, known, now }: Exchange, body: Buffer): void {
  const { conduct, held, given, foreign } = pacs;
  const parts = partsOf(request.headers['content-type'] ?? '', body);
  const uids: string[] = [];
  const kept: string[] = [];
  const identified = parts.map((bytes) => ({ bytes, is: known.get(sha256(bytes)) }));
  for (const { is } of identified) {
    if (is === undefined) foreign.push(request.url ?? '');
    else {
      given.set(is.sopInstanceUID, (given.get(is.sopInstanceUID) ?? 0) + 1);
      if (held.get(is.sopInstanceUID)?.isSaid) pacs.doubled.push(is.sopInstanceUID);
      uids.push(is.sopInstanceUID);
    }
  }
  if (uids.some((uid) => conduct.breaksOn.has(uid))) {
    pacs.faults += 1;
    return void request.socket.destroy();
  }
  for (const [at, { bytes, is }] of identified.entries()) {
    if (is === undefined || conduct.keeps === 'none' || (conduct.keeps === 'half' && at % 2 === 1)) continue;
    if (conduct.declines.has(is.sopInstanceUID)) continue;
    kept.push(is.sopInstanceUID);
    if (held.has(is.sopInstanceUID)) continue;
    const own = Buffer.from(bytes);
    if (conduct.turnsBits) own[own.length - 1]! ^= 1;
    const { studyInstanceUID: study, seriesInstanceUID: series } = is;
    held.set(is.sopInstanceUID, { study, series, bytes: own, at: now() });
  }
  if (conduct.keeps !== 'all') pacs.faults += 1;
  if (say(pacs, response, 'store', uids)) return;
  if (uids.some((uid) => conduct.declines.has(uid))) {
    json(response, 400, storeAnswer([], []));
    return;
  }
  const stored = conduct.claims ? uids : kept;
  for (const uid of stored) {
    const one = held.get(uid);
    if (one) one.isSaid = true;
  }
  const failed = uids.filter((uid) => !stored.includes(uid));
  json(response, failed.length === 0 ? 200 : 202, storeAnswer(stored, conduct.keeps === 'all' ? failed : []));
}

/** PS3.18 Table 10.5.3-1. */
function storeAnswer(stored: readonly string[], failed: readonly string[]): unknown {
  const uid = (value: string) => ({ '00081155': { vr: 'UI', Value: [value] } });
  return {
    '00081198': {
      vr: 'SQ',
      Value: failed.map((one) => ({ ...uid(one), '00081197': { vr: 'US', Value: [0x0110] } })),
    },
    '00081199': { vr: 'SQ', Value: stored.map(uid) },
  };
}

/** The answer that it was told to give; false: it gives its own. */
function say(pacs: LyingPacs, response: ServerResponse, service: Service, uids: readonly string[]): boolean {
  const told = pacs.conduct.answers[service];
  if (told === null) return false;
  pacs.faults += 1;
  const [type, text] = textOf(told.body, uids);
  if (told.body === 'cut') {
    response.writeHead(told.status, { 'content-type': type, 'content-length': text.length + 100 });
    response.write(text);
    response.destroy();
    return true;
  }
  // RFC 9110 §15.3.5: an answer with 204 has no content.
  if (told.status === 204) response.writeHead(204).end();
  else response.writeHead(told.status, { 'content-type': type }).end(text);
  return true;
}

function textOf(body: Body, uids: readonly string[]): readonly [string, string] {
  switch (body) {
    case 'html':
      return ['text/html', '<html><body><h1>It works, or does not</h1></body></html>'];
    case 'empty':
      return ['text/plain', ''];
    case 'json':
      return ['application/json', '{"message":"no"}'];
    case 'dicom':
    case 'cut':
      return ['application/dicom+json', JSON.stringify(storeAnswer([], []))];
    case 'named':
      return ['application/dicom+json', JSON.stringify(storeAnswer([], uids))];
    case 'named-xml':
      return ['application/dicom+xml', failedInXml(uids)];
    default:
      return body satisfies never;
  }
}

const attribute = (tag: string, vr: string, content: string): string =>
  `<DicomAttribute tag="${tag}" vr="${vr}">${content}</DicomAttribute>`;
const inValue = (text: string): string => `<Value number="1">${text}</Value>`;

function failedInXml(uids: readonly string[]): string {
  const items = uids.map((uid, at) => {
    const failed = attribute('00081155', 'UI', inValue(uid)) + attribute('00081197', 'US', inValue('272'));
    return `<Item number="${at + 1}">${failed}</Item>`;
  });
  const sequence = attribute('00081198', 'SQ', items.join(''));
  return `<?xml version="1.0" encoding="UTF-8"?><NativeDicomModel>${sequence}</NativeDicomModel>`;
}

function search({ conduct, held }: LyingPacs, path: string, query: URLSearchParams, now: number): unknown {
  const study = /^\/studies\/([^/]+)\/instances$/.exec(path)?.[1];
  const wanted = query.get('SOPInstanceUID');
  const list = wanted === null ? null : conduct.takesLists ? wanted.split(',') : [wanted];
  const offset = Number(query.get('offset') ?? 0);
  const limit = Math.min(Number(query.get('limit') ?? Infinity), conduct.rowsAtMost);
  return [...held]
    .filter(([uid, one]) => one.at + conduct.lagMs <= now && (list === null || list.includes(uid)))
    .filter(([, one]) => study === undefined || one.study === study)
    .slice(offset, offset + limit)
    .map(([uid, one]) => ({
      '0020000D': { vr: 'UI', Value: [one.study] },
      '0020000E': { vr: 'UI', Value: [one.series] },
      '00080018': { vr: 'UI', Value: [uid] },
    }));
}

const json = (response: ServerResponse, status: number, body: unknown): void =>
  void response.writeHead(status, { 'content-type': 'application/dicom+json' }).end(JSON.stringify(body));

/** The parts of a multipart/related body whose parts say their length, as the gateway's do. */
function partsOf(contentType: string, body: Buffer): readonly Buffer[] {
  const boundary = /boundary=([^;]+)/.exec(contentType)?.[1] ?? '';
  const parts: Buffer[] = [];
  for (let at = body.indexOf(`--${boundary}\r\n`); at >= 0; ) {
    const start = body.indexOf('\r\n\r\n', at) + 4;
    const length = Number(/content-length: *(\d+)/i.exec(body.toString('latin1', at, start))?.[1] ?? 0);
    parts.push(body.subarray(start, start + length));
    at = body.indexOf(`--${boundary}\r\n`, start + length);
  }
  return parts;
}
