/**
 * A gateway in memory that says whatever the protocol allows: requests and answers are lost, late and
 * doubled, uploads expire, offsets move back, the PACS forgets, receipts are old or forged. When its list of
 * faults is used up it is honest.
 *
 * A test may ask it afterwards which instances are in the PACS, which receipts are true, and when each
 * request came. The honest routes are in simulated-intake.ts and simulated-receipts.ts; here each request
 * meets its fault.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { Manifest } from '#shared/protocol/manifest.ts';
import { createConduct, type Conduct } from './device-conduct.ts';
import {
  FINAL,
  isUpset,
  json,
  kindOf,
  page,
  problem,
  REFUSALS,
  roadOf,
  tus,
  type Fault,
  type FaultKind,
  type Road,
} from './gateway-faults.ts';
import { createUpload, openStudy, parcelAt, resumeUpload } from './simulated-intake.ts';
import { answerReceipt, statusOf, work } from './simulated-receipts.ts';
import {
  currentReceipt,
  keyOf,
  newId,
  reopen,
  uploadOf,
  type GatewayKeys,
  type GatewayState,
  type HeldState,
  type SimulatedParcel,
  type SimulatedStudy,
} from './simulated-state.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface SimulatedGatewayTools {
  readonly time: VirtualTime;
  readonly faults: readonly Fault[];
  /** Kept for requests after the bytes: completion, status, receipt. */
  readonly lateFaults?: readonly Fault[];
  readonly keys: GatewayKeys;
  /** The contents of a parcel of the device: its bytes, and the instances in it. */
  contentOf(deviceParcelId: string): { readonly bytes: readonly number[]; readonly keys: readonly string[] };
  /** The parcel's records do not hold: every piece of it is refused with 460. */
  isPoisoned(deviceParcelId: string): boolean;
  /** Instances that the gateway will not take, by `UID digest`. */
  readonly conflicts: ReadonlySet<string>;
  /** Events are sent by SSE; false: a proxy holds the stream back. */
  readonly streams: boolean;
}

export interface SimulatedGateway {
  readonly fetch: typeof fetch;
  /** When each request came, in virtual milliseconds. */
  readonly requests: readonly { readonly at: number; readonly what: string }[];
  /** The study of each receipt that this gateway has signed. */
  readonly trueReceipts: ReadonlyMap<string, string>;
  /** Codes with which it has refused a study for good. */
  readonly refusals: ReadonlySet<string>;
  /** Ids of the receipts that it reported; null: it reported none. */
  readonly said: ReadonlySet<string | null>;
  readonly conduct: Conduct;
  /** `UID digest` of the instances that the PACS has or had. */
  readonly inPacs: ReadonlySet<string>;
  /** A person decided about the study: it gets another revision, and another receipt. */
  decide(studyInstanceUID: string): void;
}

const LATENCY_MS = 20;
/** Ended by the page's own deadline. */
const SILENCE_MS = 60_000;
const NO_FAULT: Fault = { nth: 0, lateMs: 0, lastsMs: 0, back: 0 };

type Meeting = { readonly kind: FaultKind; readonly fault: Fault };

/** The gateway, and the faults that are still to come. */
interface Adversary {
  readonly tools: SimulatedGatewayTools;
  readonly state: GatewayState;
  readonly faults: Fault[];
  readonly lateFaults: Fault[];
  readonly spells: Map<Road, Meeting & { readonly until: number }>;
  /** How many pieces are coming in at this moment, by the address of their parcel. */
  readonly arrivingNow: Map<string, number>;
  readonly refusals: Set<string>;
}

export function createSimulatedGateway(tools: SimulatedGatewayTools): SimulatedGateway {
  const { time } = tools;
  const state: GatewayState = {
    keys: tools.keys,
    conflicts: tools.conflicts,
    contentOf: (id) => tools.contentOf(id),
    studies: new Map(),
    signing: 'own',
    trueReceipts: new Map(),
    said: new Set([null]),
    inPacs: new Set(),
    streams: new Set(),
    ids: 0,
  };
  const adversary: Adversary = {
    tools,
    state,
    faults: [...tools.faults],
    lateFaults: [...(tools.lateFaults ?? [])],
    spells: new Map(),
    arrivingNow: new Map(),
    refusals: new Set(),
  };
  const requests: { at: number; what: string }[] = [];
  const conduct = createConduct((path) => findStudyOf(state, path)?.uploadId);
  return {
    requests,
    conduct,
    trueReceipts: state.trueReceipts,
    inPacs: state.inPacs,
    refusals: adversary.refusals,
    said: state.said,
    decide(uid) {
      const study = state.studies.get(uid);
      if (study) reopen(study);
    },
    async fetch(input, init = {}) {
      const path = new URL(String(input)).pathname;
      const what = `${init.method ?? 'GET'} ${path.replace(/[0-9a-f-]{36}/, '{id}')}`;
      requests.push({ at: time.now(), what });
      conduct.asked(path, init, time.now());
      const isPiece = isPieceAt(path, init.method);
      if (isPiece) countArriving(adversary, path, 1);
      let response: Response | null = null;
      try {
        response = await serve(adversary, path, init);
        return response;
      } finally {
        if (isPiece) countArriving(adversary, path, -1);
        await conduct.heard(path, init, response, time.now());
      }
    },
  };
}

function findStudyOf({ studies }: GatewayState, path: string): SimulatedStudy | undefined {
  return [...studies.values()].find(({ parcels }) =>
    [...parcels.values()].some(({ id }) => path.endsWith(id)),
  );
}

function countArriving({ arrivingNow }: Adversary, path: string, more: number): void {
  const count = (arrivingNow.get(path) ?? 0) + more;
  if (count > 0) arrivingNow.set(path, count);
  else arrivingNow.delete(path);
}

async function serve(adversary: Adversary, path: string, init: RequestInit): Promise<Response> {
  const { time } = adversary.tools;
  const met = meet(adversary, roadOf(path));
  const isSilent = met.kind === 'silence';
  await time.sleep(LATENCY_MS + (isSilent ? SILENCE_MS : met.fault.lateMs), init.signal ?? undefined);
  if (isSilent) throw new TypeError('fetch failed');
  return respond(adversary, path, init, met);
}

/** The next fault of the list, or the one that still lasts on this road. */
function meet({ tools, faults, lateFaults, spells }: Adversary, road: Road): Meeting {
  const now = tools.time.now();
  const spell = spells.get(road);
  if (spell && spell.until > now) return spell;
  const isLate = road === 'complete' || road === 'receipt' || road === 'other';
  const fault = (isLate ? lateFaults.shift() : undefined) ?? faults.shift() ?? NO_FAULT;
  const met = { kind: kindOf(road, fault), fault };
  spells.set(road, { ...met, until: now + (isUpset(met.kind) ? 0 : fault.lastsMs) });
  return met;
}

async function respond(
  adversary: Adversary,
  path: string,
  init: RequestInit,
  met: Meeting,
): Promise<Response> {
  const { kind } = met;
  upset(adversary.state, met);
  const refused = refuse(adversary, path, init, kind);
  if (refused !== null) return refused;
  if (kind === 'lost-request') throw new TypeError('fetch failed');
  const body = init.body instanceof Uint8Array ? [...init.body] : [];
  const request = { path, init, body };
  if (kind === 'cut') {
    const half = { ...request, body: body.slice(0, body.length / 2) };
    await ignoreFailure(answer(adversary, half, met), 'the device hears of a cut only');
    throw new TypeError('fetch failed');
  }
  if (kind === 'twice') await answer(adversary, request, met);
  const response = await answer(adversary, request, met);
  if (kind === 'lost-answer') throw new DOMException('The operation was aborted.', 'AbortError');
  return response;
}

/** The answer given without handling the request; null: the request is handled. */
function refuse(
  { state, tools, refusals }: Adversary,
  path: string,
  { method, headers }: RequestInit,
  kind: FaultKind,
): Response | null {
  if (kind === 'page' && path === '/events') return echo(state);
  const refusal = kind === 'unknown-upload' && !path.startsWith('/upload/') ? undefined : REFUSALS[kind];
  if (refusal) {
    if (FINAL[kind]) refusals.add(FINAL[kind]);
    return refusal();
  }
  const parcel = parcelAt(state, path);
  const isPoisoned = isPieceAt(path, method) && parcel !== undefined && tools.isPoisoned(parcel.deviceId);
  if (kind === '460' || isPoisoned) return damage(parcel);
  if (kind === 'seal-key-unknown' && method === 'POST') return problem(409, 'seal-key-unknown');
  if (kind === 'stores-nothing' && isPieceAt(path, method))
    return tus(204, { 'upload-offset': new Headers(headers).get('upload-offset')! });
  return null;
}

/** By PATCH, or by POST that names it. */
const isPieceAt = (path: string, method: string | undefined): boolean =>
  method === 'PATCH' || (method === 'POST' && path.startsWith('/upload/files/'));

function damage(parcel: SimulatedParcel | undefined): Response {
  // The record that does not hold goes, and the offset with it.
  if (parcel?.sealed && parcel.state === 'receiving') parcel.bytes.length -= parcel.bytes.length % 4;
  return problem(460, 'checksum-mismatch');
}

/** A proxy shows a page with the words of an event in it. */
function echo(state: GatewayState): Response {
  const status = [...state.studies.values()].map((study) => ({
    ...(statusOf(study) as object),
    state: 'closed',
    receipt: { id: newId(state), href: 'x' },
  }))[0];
  return page(200, `event: study\ndata: ${JSON.stringify(status)}`);
}

/** Happens to the gateway itself while this request comes. */
function upset(state: GatewayState, { kind, fault: { back } }: Meeting): void {
  const all = [...state.studies.values()];
  const parcels = all.flatMap((study) => [...study.parcels.values()].map((parcel) => ({ study, parcel })));
  for (const { study, parcel } of parcels) {
    if (kind === 'expired' && parcel.state === 'receiving') study.parcels.delete(parcel.deviceId);
    if (kind === 'moved-back' && parcel.state === 'receiving')
      parcel.bytes.length = Math.max(0, parcel.bytes.length - back);
    if (kind === 'damaged' && parcel.state === 'received') study.parcels.delete(parcel.deviceId);
  }
  if (kind === 'all-forgotten') state.studies.clear();
  if (kind === 'key-changed') state.signing = 'next';
  if (kind === 'spool-lost') for (const study of all) lose(study, 'received');
  if (kind === 'pacs-lost') for (const study of all) lose(study, 'stored');
}

function lose(study: SimulatedStudy, lost: HeldState): void {
  const gone = [...study.held.values()].filter(({ state }) => state === lost);
  if (gone.length === 0) return;
  reopen(study);
  for (const held of gone) held.state = 'promised';
  study.parcels.clear();
}

interface SimulatedRequest {
  readonly path: string;
  readonly init: RequestInit;
  readonly body: readonly number[];
}

async function answer(
  adversary: Adversary,
  { path, init, body }: SimulatedRequest,
  { kind, fault }: Meeting,
): Promise<Response> {
  const { state, tools } = adversary;
  const [, , id = '', last = ''] = path.split('/');
  if (path === '/upload/init') return openStudy(state, JSON.parse(String(init.body)) as Manifest);
  if (path === '/upload/files') return createUpload(state, init, body);
  if (path.startsWith('/upload/files/')) return resumeUpload(state, last, init, body);
  if (path === '/.well-known/jwks.json') return publishKeys(state);
  if (path === '/events') return tools.streams ? openEvents(state, init) : page(504);
  const study = uploadOf(state, id);
  if (!study) return problem(404, 'upload-not-found');
  if (init.method === 'DELETE') return new Response(null, { status: 204 });
  if (last === 'complete') return complete(adversary, study, kind);
  if (last === 'receipt') return answerReceipt(state, study, kind, fault);
  await work(state, study);
  return json(statusOf(study));
}

function publishKeys({ keys: { published }, signing }: GatewayState): Response {
  return json({ keys: signing === 'own' ? [published.own] : [published.next, published.own] });
}

async function complete(
  { state, arrivingNow }: Adversary,
  study: SimulatedStudy,
  kind: FaultKind,
): Promise<Response> {
  // An instance that is received and not verified yet is not called missing.
  if (kind !== 'complete-early') await work(state, study);
  // Neither, after a while, is one that is still coming in.
  const isComing = ({ id }: SimulatedParcel): boolean =>
    kind === 'complete-early' && [...arrivingNow.keys()].some((path) => path.endsWith(id));
  const arriving = new Set(
    [...study.parcels.values()]
      .filter((parcel) => parcel.state === 'received' || isComing(parcel))
      .flatMap(({ deviceId }) => state.contentOf(deviceId).keys),
  );
  const missing = [...study.held.values()].filter(
    (held) => held.state === 'promised' && !arriving.has(keyOf(held)),
  );
  return json({
    uploadId: study.uploadId,
    state: currentReceipt(study) ? 'closed' : 'receiving',
    missing: missing.map(({ sopInstanceUID, digest }) => ({ sopInstanceUID, digest })),
  });
}

function openEvents({ streams }: GatewayState, { signal }: RequestInit): Response {
  let mine: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      mine = controller;
      streams.add(controller);
      const end = (): void => {
        if (streams.delete(mine)) mine.error(signal?.reason);
      };
      signal?.addEventListener('abort', end, { once: true });
    },
    cancel: () => void streams.delete(mine),
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}
