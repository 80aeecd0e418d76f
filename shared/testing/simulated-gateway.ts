/**
 * A gateway in memory that says whatever the protocol allows: requests and answers are lost, late and
 * doubled, uploads expire, offsets move back, the PACS forgets, receipts are old or forged. When its list of
 * faults is used up it is honest.
 *
 * A test may ask it afterwards which instances are in the PACS, which receipts are true, and when each
 * request came.
 */
import { CompactSign, exportJWK, generateKeyPair, type CryptoKey, type JWK } from 'jose';
import type { Manifest } from '#shared/protocol/manifest.ts';
import { merkleRoot, RECEIPT_TYPE, type ReceiptInstance } from '#shared/protocol/receipt.ts';
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
import type { VirtualTime } from './virtual-time.ts';

type Meeting = { readonly kind: FaultKind; readonly fault: Fault };

type State = 'promised' | 'received' | 'stored' | 'quarantined';
type Held = {
  readonly sopInstanceUID: string;
  readonly digest: string;
  readonly bytes: number;
  state: State;
};
type Parcel = {
  readonly id: string;
  readonly deviceId: string;
  readonly length: number;
  readonly sealed: boolean;
  bytes: number[];
  state: 'receiving' | 'received' | 'verified';
};
type Study = {
  readonly uid: string;
  uploadId: string;
  readonly held: Map<string, Held>;
  readonly parcels: Map<string, Parcel>;
  revision: number;
  receipts: { readonly id: string; readonly revision: number; readonly jws: string }[];
};

export type SimulatedGatewayTools = {
  readonly time: VirtualTime;
  readonly faults: readonly Fault[];
  /** Kept for what follows the bytes: completion, status, receipt. */
  readonly lateFaults?: readonly Fault[];
  readonly keys: GatewayKeys;
  /** What a parcel of the device holds: its bytes, and the instances in it. */
  contentOf(deviceParcelId: string): { readonly bytes: readonly number[]; readonly keys: readonly string[] };
  /** Its records do not hold: whatever comes of it is refused with 460. */
  isPoisoned(deviceParcelId: string): boolean;
  /** Instances that the gateway will not take, by `UID digest`. */
  readonly conflicts: ReadonlySet<string>;
  /** Sent by SSE; false: a proxy holds the stream back. */
  readonly streams: boolean;
};

export type SimulatedGateway = {
  readonly fetch: typeof fetch;
  /** When each request came, in virtual milliseconds. */
  readonly requests: readonly { readonly at: number; readonly what: string }[];
  /** The study of each receipt that this gateway has signed. */
  readonly trueReceipts: ReadonlyMap<string, string>;
  /** Codes with which it has refused a study for good. */
  readonly refusals: ReadonlySet<string>;
  /** Ids of receipts that it told of; null: that there is none. */
  readonly said: ReadonlySet<string | null>;
  readonly conduct: Conduct;
  /** `UID digest` of what the PACS has or had. */
  readonly inPacs: ReadonlySet<string>;
  /** A person decided something about the study: it gets another revision, and another receipt. */
  decide(studyInstanceUID: string): void;
};

const LATENCY_MS = 20;
/** What the page's own deadline ends. */
const SILENCE_MS = 60_000;

const keyOf = (instance: { readonly sopInstanceUID: string; readonly digest: string }): string =>
  `${instance.sopInstanceUID} ${instance.digest}`;

/** `next`: the one that follows when the gateway's key is changed. */
export type GatewayKeys = {
  readonly own: CryptoKey;
  readonly next: CryptoKey;
  readonly stranger: CryptoKey;
  readonly published: Readonly<Record<'own' | 'next', JWK>>;
};

export async function createGatewayKeys(): Promise<GatewayKeys> {
  const pairs = await Promise.all([0, 1, 2].map(() => generateKeyPair('EdDSA', { extractable: true })));
  const [own, next, stranger] = [pairs[0]!, pairs[1]!, pairs[2]!];
  const publish = async (key: CryptoKey, kid: string): Promise<JWK> => ({
    ...(await exportJWK(key)),
    kid,
    alg: 'EdDSA',
  });
  return {
    own: own.privateKey,
    next: next.privateKey,
    stranger: stranger.privateKey,
    published: { own: await publish(own.publicKey, 'own'), next: await publish(next.publicKey, 'next') },
  };
}

export function createSimulatedGateway(tools: SimulatedGatewayTools): SimulatedGateway {
  const { time } = tools;
  const studies = new Map<string, Study>();
  const faults = [...tools.faults];
  const lateFaults = [...(tools.lateFaults ?? [])];
  /** Addresses of parcels of which a piece is coming in at this moment. */
  const arrivingNow = new Map<string, number>();
  const spells = new Map<Road, Meeting & { readonly until: number }>();
  const requests: { at: number; what: string }[] = [];
  const trueReceipts = new Map<string, string>();
  const refusals = new Set<string>();
  const said = new Set<string | null>([null]);
  let signing: 'own' | 'next' = 'own';
  const conduct = createConduct(
    (path) =>
      [...studies.values()].find(({ parcels }) => [...parcels.values()].some(({ id }) => path.endsWith(id)))
        ?.uploadId,
  );
  const inPacs = new Set<string>();
  const streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  let ids = 0;

  const newId = (): string => `00000000-0000-4000-8000-${String((ids += 1)).padStart(12, '0')}`;
  const uploadOf = (id: string): Study | undefined =>
    [...studies.values()].find(({ uploadId }) => uploadId === id);
  const isSettled = (study: Study): boolean =>
    [...study.held.values()].every(({ state }) => state === 'stored' || state === 'quarantined');
  const currentReceipt = (study: Study) => study.receipts.find(({ revision }) => revision === study.revision);
  const bodyOf = (init: RequestInit): number[] => (init.body instanceof Uint8Array ? [...init.body] : []);

  /**
   * The stages behind the intake: everything that is whole is verified, and what is settled gets its receipt.
   */
  async function work(study: Study): Promise<void> {
    for (const parcel of study.parcels.values()) {
      if (parcel.state !== 'received') continue;
      const content = tools.contentOf(parcel.deviceId);
      if (parcel.bytes.join() !== content.bytes.join())
        throw new Error('the gateway holds other bytes than were promised');
      parcel.state = 'verified';
      for (const key of content.keys) {
        const held = study.held.get(key);
        if (held?.state === 'promised') held.state = 'received';
      }
    }
    if ([...study.held.values()].some(({ state }) => state === 'promised') || currentReceipt(study)) return;
    for (const held of study.held.values()) {
      if (held.state !== 'received') continue;
      held.state = 'stored';
      inPacs.add(keyOf(held));
    }
    const id = newId();
    const { revision } = study;
    const jws = await sign(study, tools.keys[signing], [...study.held.values()], id);
    trueReceipts.set(jws, study.uid);
    study.receipts.push({ id, revision, jws });
    said.add(id);
    const status = new TextEncoder().encode(`event: study\ndata: ${JSON.stringify(statusOf(study))}\n\n`);
    for (const stream of streams) stream.enqueue(status);
  }

  async function sign(study: Study, key: CryptoKey, held: readonly Held[], jti = newId()): Promise<string> {
    const instances = held.map(
      ({ sopInstanceUID, digest, bytes, state }): ReceiptInstance =>
        state === 'quarantined'
          ? { sopInstanceUID, digest, bytes, state, reason: 'conflicting-instance' }
          : { sopInstanceUID, digest, bytes, state: 'stored', proof: 'found' },
    );
    const receipt = {
      jti,
      iss: 'http://gateway',
      iat: 1,
      version: 1,
      studyInstanceUID: study.uid,
      revision: study.revision,
      policy: { name: 'identified', version: 1 },
      pacs: 'http://pacs',
      instances,
      root: await merkleRoot(instances),
    };
    return new CompactSign(new TextEncoder().encode(JSON.stringify(receipt)))
      .setProtectedHeader({ alg: 'EdDSA', kid: signing, typ: RECEIPT_TYPE })
      .sign(key);
  }

  function statusOf(study: Study): unknown {
    const count = (state: State): number =>
      [...study.held.values()].filter((held) => held.state === state).length;
    const receipt = currentReceipt(study);
    return {
      uploadId: study.uploadId,
      studyInstanceUID: study.uid,
      state: receipt ? 'closed' : 'receiving',
      revision: study.revision,
      policy: 'identified',
      counts: {
        promised: study.held.size,
        atGateway: count('received'),
        inPacs: count('stored'),
        refused: 0,
        quarantined: count('quarantined'),
        leftOut: 0,
      },
      bytes: { promised: 1, atGateway: 0, inPacs: 0 },
      waiting: null,
      receipt: receipt ? { id: receipt.id, href: 'x' } : null,
    };
  }

  /** A study that had its receipt and is open again says so with the next revision. */
  function reopen(study: Study): void {
    if (currentReceipt(study)) study.revision += 1;
  }

  function open(manifest: Manifest): Response {
    const uid = manifest.studyInstanceUID;
    const study: Study = studies.get(uid) ?? {
      uid,
      uploadId: newId(),
      held: new Map(),
      parcels: new Map(),
      revision: 1,
      receipts: [],
    };
    studies.set(study.uid, study);
    const news = manifest.instances.filter((instance) => !study.held.has(keyOf(instance)));
    if (news.length > 0) reopen(study);
    for (const { sopInstanceUID, digest, bytes } of news) {
      const state = tools.conflicts.has(`${sopInstanceUID} ${digest}`) ? 'quarantined' : 'promised';
      study.held.set(`${sopInstanceUID} ${digest}`, { sopInstanceUID, digest, bytes, state });
    }
    const named = manifest.instances.map((instance) => study.held.get(keyOf(instance))!);
    const key = ({ sopInstanceUID, digest }: Held) => ({ sopInstanceUID, digest });
    return json({
      uploadId: study.uploadId,
      studyInstanceUID: study.uid,
      revision: study.revision,
      need: named.filter(({ state }) => state === 'promised').map(key),
      have: named
        .filter(({ state }) => state === 'received' || state === 'stored')
        .map((held) => ({ ...key(held), ...(held.state === 'stored' ? { inPacs: true } : {}) })),
      conflict: named
        .filter(({ state }) => state === 'quarantined')
        .map((held) => ({ ...key(held), reason: 'conflicting-instance' })),
    });
  }

  function create(init: RequestInit, body: readonly number[]): Response {
    const headers = new Headers(init.headers);
    const values = new Map(
      (headers.get('upload-metadata') ?? '')
        .split(',')
        .map((pair): [string, string] => [
          pair.split(' ')[0]!,
          Buffer.from(pair.split(' ')[1] ?? '', 'base64').toString(),
        ]),
    );
    const study = uploadOf(values.get('upload') ?? '');
    if (!study || isSettled(study)) return problem(404, 'upload-not-found');
    const [deviceId, length] = [values.get('parcel')!, Number(headers.get('upload-length'))];
    const known = study.parcels.get(deviceId);
    if (known && known.length !== length) return problem(422, 'invalid-request');
    const parcel = known ?? {
      id: newId(),
      deviceId,
      length,
      sealed: values.has('seal'),
      bytes: [],
      state: 'receiving' as const,
    };
    study.parcels.set(deviceId, parcel);
    // The body of a repeated creation is not read.
    if (!known) take(parcel, body, headers);
    return tus(201, { location: `files/${parcel.id}`, 'upload-offset': String(parcel.bytes.length) });
  }

  function take(parcel: Parcel, body: readonly number[], headers: Headers): void {
    if (body.length > 0 && parcel.sealed === headers.has('upload-checksum'))
      throw new Error('a sealed parcel has no checksum, one in the clear has one');
    parcel.bytes.push(...body);
    if (parcel.bytes.length > parcel.length) throw new Error('more bytes than were announced');
    if (parcel.bytes.length === parcel.length && parcel.state === 'receiving') parcel.state = 'received';
  }

  function resume(id: string, init: RequestInit, body: readonly number[]): Response {
    const parcel = [...studies.values()]
      .flatMap(({ parcels }) => [...parcels.values()])
      .find((one) => one.id === id);
    if (!parcel) return problem(404, 'not-found');
    const headers = new Headers(init.headers);
    if (init.method !== 'HEAD') {
      if (Number(headers.get('upload-offset')) !== parcel.bytes.length) return tus(409);
      take(parcel, body, headers);
    }
    return tus(init.method === 'HEAD' ? 200 : 204, { 'upload-offset': String(parcel.bytes.length) });
  }

  async function answer(
    path: string,
    init: RequestInit,
    body: readonly number[],
    { kind, fault }: Meeting,
  ): Promise<Response> {
    const [, , id = '', last = ''] = path.split('/');
    if (path === '/upload/init') return open(JSON.parse(String(init.body)) as Manifest);
    if (path === '/upload/files') return create(init, body);
    if (path.startsWith('/upload/files/')) return resume(last, init, body);
    if (path === '/.well-known/jwks.json')
      return json({
        keys:
          signing === 'own'
            ? [tools.keys.published.own]
            : [tools.keys.published.next, tools.keys.published.own],
      });
    if (path === '/events') return events(init);
    const study = uploadOf(id);
    if (!study) return problem(404, 'upload-not-found');
    if (init.method === 'DELETE') return new Response(null, { status: 204 });
    if (last === 'complete') return complete(study, kind);
    if (last === 'receipt') return receipt(study, kind, fault);
    await work(study);
    return json(statusOf(study));
  }

  async function complete(study: Study, kind: FaultKind): Promise<Response> {
    // What is received and not verified yet is not called missing.
    if (kind !== 'complete-early') await work(study);
    // Nor is, after a while, what is still coming in.
    const isComing = (parcel: Parcel): boolean =>
      kind === 'complete-early' && [...arrivingNow.keys()].some((path) => path.endsWith(parcel.id));
    const arriving = new Set(
      [...study.parcels.values()]
        .filter((parcel) => parcel.state === 'received' || isComing(parcel))
        .flatMap(({ deviceId }) => tools.contentOf(deviceId).keys),
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

  async function receipt(study: Study, kind: FaultKind, { back }: Fault): Promise<Response> {
    const held = [...study.held.values()].map((one) => ({
      ...one,
      state: one.state === 'quarantined' ? one.state : ('stored' as const),
    }));
    // Some go by the name of the one that was told of.
    const told = back % 2 === 0 ? study.receipts.at(-1)?.id : undefined;
    if (kind === 'forged-receipt') return new Response(await sign(study, tools.keys.stranger, held, told));
    if (kind === 'other-receipt') {
      const other = [...studies.values()].find((one) => one !== study)?.receipts.at(-1);
      return new Response(
        other && back > 3
          ? other.jws
          : await sign({ ...study, uid: '9.9.9' }, tools.keys[signing], held, told),
      );
    }
    if (kind === 'poor-receipt') {
      // True, and silent about one: whoever waits for a study may not take it for the end, nor for more than
      // it says.
      const poor = await sign(
        study,
        tools.keys[signing],
        [...study.held.values()]
          .filter(({ state }) => state === 'stored' || state === 'quarantined')
          .slice(1),
        told,
      );
      trueReceipts.set(poor, study.uid);
      return new Response(poor);
    }
    const known = kind === 'old-receipt' ? study.receipts[0] : study.receipts.at(-1);
    return known
      ? new Response(known.jws, { headers: { 'content-type': 'application/jose' } })
      : problem(404, 'no-receipt-yet');
  }

  /** Somebody between shows a page in which the words of an event stand. */
  function echo(): Response {
    const status = [...studies.values()].map((study) => ({
      ...(statusOf(study) as object),
      state: 'closed',
      receipt: { id: newId(), href: 'x' },
    }))[0];
    return page(200, `event: study\ndata: ${JSON.stringify(status)}`);
  }

  function events(init: RequestInit): Response {
    if (!tools.streams) return page(504);
    let mine: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        mine = controller;
        streams.add(controller);
        init.signal?.addEventListener(
          'abort',
          () => streams.delete(mine) && mine.error(init.signal!.reason),
          { once: true },
        );
      },
      cancel: () => void streams.delete(mine),
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  }

  /** What happens on the gateway's own ground while this request comes. */
  function upset(kind: FaultKind, back: number): void {
    const all = [...studies.values()];
    const parcels = all.flatMap((study) => [...study.parcels.values()].map((parcel) => ({ study, parcel })));
    if (kind === 'expired')
      for (const { study, parcel } of parcels)
        if (parcel.state === 'receiving') study.parcels.delete(parcel.deviceId);
    if (kind === 'moved-back')
      for (const { parcel } of parcels)
        if (parcel.state === 'receiving') parcel.bytes.length = Math.max(0, parcel.bytes.length - back);
    if (kind === 'damaged')
      for (const { study, parcel } of parcels)
        if (parcel.state === 'received') study.parcels.delete(parcel.deviceId);
    if (kind === 'all-forgotten') studies.clear();
    if (kind === 'key-changed') signing = 'next';
    const lost: State | null = kind === 'spool-lost' ? 'received' : kind === 'pacs-lost' ? 'stored' : null;
    for (const study of lost === null ? [] : all) {
      const gone = [...study.held.values()].filter(({ state }) => state === lost);
      if (gone.length === 0) continue;
      reopen(study);
      for (const held of gone) held.state = 'promised';
      study.parcels.clear();
    }
  }

  function damage(path: string): Response {
    const parcel = [...studies.values()]
      .flatMap(({ parcels }) => [...parcels.values()])
      .find(({ id }) => path.endsWith(id));
    // The record that does not hold goes, and the offset with it.
    if (parcel?.sealed && parcel.state === 'receiving') parcel.bytes.length -= parcel.bytes.length % 4;
    return problem(460, 'checksum-mismatch');
  }

  async function respond(path: string, init: RequestInit, met: Meeting): Promise<Response> {
    const { kind, fault } = met;
    upset(kind, fault.back);
    if (kind === 'page' && path === '/events') return echo();
    const refusal = kind === 'unknown-upload' && !path.startsWith('/upload/') ? undefined : REFUSALS[kind];
    if (refusal) {
      if (FINAL[kind]) refusals.add(FINAL[kind]);
      return refusal();
    }
    if (kind === '460' || (init.method === 'PATCH' && isPoisoned(path))) return damage(path);
    if (kind === 'seal-key-unknown' && init.method === 'POST') return problem(409, 'seal-key-unknown');
    if (kind === 'stores-nothing' && init.method === 'PATCH')
      return tus(204, { 'upload-offset': new Headers(init.headers).get('upload-offset')! });
    if (kind === 'lost-request') throw new TypeError('fetch failed');
    const body = bodyOf(init);
    if (kind === 'cut') {
      await answer(path, init, body.slice(0, body.length / 2), met).catch(() => undefined);
      throw new TypeError('fetch failed');
    }
    if (kind === 'twice') await answer(path, init, body, met);
    const response = await answer(path, init, body, met);
    if (kind === 'lost-answer') throw new DOMException('The operation was aborted.', 'AbortError');
    return response;
  }

  function isPoisoned(path: string): boolean {
    const parcel = [...studies.values()]
      .flatMap(({ parcels }) => [...parcels.values()])
      .find(({ id }) => path.endsWith(id));
    return parcel !== undefined && tools.isPoisoned(parcel.deviceId);
  }

  /** The next fault of the list, or the one that still lasts on this road. */
  function meet(road: Road): Meeting {
    const spell = spells.get(road);
    if (spell && spell.until > time.now()) return spell;
    const isLate = road === 'complete' || road === 'receipt' || road === 'other';
    const fault = (isLate ? lateFaults.shift() : undefined) ??
      faults.shift() ?? { nth: 0, lateMs: 0, lastsMs: 0, back: 0 };
    const met = { kind: kindOf(road, fault), fault };
    spells.set(road, { ...met, until: time.now() + (isUpset(met.kind) ? 0 : fault.lastsMs) });
    return met;
  }

  return {
    requests,
    trueReceipts,
    inPacs,
    refusals,
    said,
    conduct,
    decide(uid) {
      const study = studies.get(uid);
      if (study) reopen(study);
    },
    async fetch(input, init = {}) {
      const path = new URL(String(input)).pathname;
      requests.push({
        at: time.now(),
        what: `${init.method ?? 'GET'} ${path.replace(/[0-9a-f-]{36}/, '{id}')}`,
      });
      conduct.asked(path, init, time.now());
      if (init.method === 'PATCH') arrivingNow.set(path, (arrivingNow.get(path) ?? 0) + 1);
      let response: Response | null = null;
      try {
        const met = meet(roadOf(path));
        await time.sleep(
          LATENCY_MS + (met.kind === 'silence' ? SILENCE_MS : met.fault.lateMs),
          init.signal ?? undefined,
        );
        if (met.kind === 'silence') throw new TypeError('fetch failed');
        response = await respond(path, init, met);
        return response;
      } finally {
        if (arrivingNow.get(path) === 1) arrivingNow.delete(path);
        else if (arrivingNow.has(path)) arrivingNow.set(path, arrivingNow.get(path)! - 1);
        await conduct.heard(path, init, response, time.now());
      }
    },
  };
}
