import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createApiClient, Unreachable, type FetchTelling } from '../../net/api-client.ts';
import type { Diagnosis } from '../queue/queued-study.ts';
import { CopyUnreadable, type ParcelToSend } from '../queue/upload-queue.ts';
import { createPace } from './pace.ts';
import { sendParcel, type ParcelOutcome } from './tus-client.ts';
import { newWay, type Way } from './tus-requests.ts';
import { failureOf } from '../../testing/failure-of.ts';
import { assertEach } from '../../testing/assert-each.ts';

const BYTES = crypto.getRandomValues(new Uint8Array(60_000));
/** Small enough that a parcel of 60 kB has several pieces. */
const PIECE = 25_000;

type Seen = { readonly method: string; readonly headers: Headers; readonly body: Uint8Array };
/** `cut`: no answer, and the gateway has half of the body. */
type Fault = (request: Seen) => Response | 'cut' | null;

const TUS = { 'tus-resumable': '1.0.0' };
const PROBLEM_OF_LOCK = { title: 'Later', status: 423, code: 'parcel-busy', correlationId: '1' };

/**
 * A tus server in a few lines. It answers each request with the next of `faults`, and works correctly once
 * they are used up.
 */
function tusServer(faults: Fault[] = []) {
  const uploads = new Map<string, { bytes: number[]; length: number; parcel: string }>();
  const seen: Seen[] = [];
  const state = { received: 0 };
  const answer = (status: number, headers: Record<string, string> = {}) =>
    new Response(null, { status, headers: { ...TUS, ...headers } });
  const take = (upload: { bytes: number[] }, body: Uint8Array) => {
    for (const byte of body) upload.bytes.push(byte);
    state.received += body.length;
  };

  async function fetchFrom(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const request = {
      method: init.method ?? 'GET',
      headers: new Headers(init.headers),
      body: init.body instanceof Uint8Array ? new Uint8Array(init.body) : new Uint8Array(),
    };
    const { method, headers, body } = request;
    seen.push(request);
    const fault = faults.shift()?.(request);
    if (fault instanceof Response) return fault;
    if (body.length > 0 && headers.has('upload-checksum')) {
      const digest = Buffer.from(await crypto.subtle.digest('SHA-256', new Uint8Array(body)));
      assert.is(headers.get('upload-checksum'), `sha256 ${digest.toString('base64')}`);
    }
    const arrived = fault === 'cut' ? body.subarray(0, body.length / 2) : body;
    const response = respond(String(input), method, headers, arrived);
    if (fault === 'cut') throw new TypeError('fetch failed');
    return response;
  }

  function respond(url: string, method: string, headers: Headers, body: Uint8Array): Response {
    if (method === 'POST' && !headers.has('x-http-method-override')) {
      const parcel = headers.get('upload-metadata') ?? '';
      const known = [...uploads].find(([, upload]) => upload.parcel === parcel);
      const id = known?.[0] ?? `t${uploads.size}`;
      const upload = known?.[1] ?? { bytes: [], length: Number(headers.get('upload-length')), parcel };
      uploads.set(id, upload);
      // The body of a repeated creation is not read.
      if (!known) take(upload, body);
      return answer(201, { location: `files/${id}`, 'upload-offset': String(upload.bytes.length) });
    }
    const upload = uploads.get(url.split('/').at(-1)!);
    if (!upload) return answer(404);
    if (method === 'HEAD') return answer(200, { 'upload-offset': String(upload.bytes.length) });
    if (Number(headers.get('upload-offset')) !== upload.bytes.length) return answer(409);
    take(upload, body);
    return answer(204, { 'upload-offset': String(upload.bytes.length) });
  }
  const methods = () => seen.map(({ method }) => method).join(' ');
  return { uploads, seen, state, methods, fetch: fetchFrom };
}

interface SendOptions {
  readonly parcel?: Partial<ParcelToSend>;
  readonly patienceMs?: number;
  readonly slept?: number[];
  readonly fetchTelling?: FetchTelling;
  readonly told?: [number, number][];
  readonly last?: boolean[];
  readonly waiting?: unknown[];
  readonly diagnoses?: (Diagnosis | null)[];
  readonly renew?: () => Promise<string | null>;
  readonly piece?: number;
  readonly signal?: AbortSignal;
  readonly way?: Way;
  readonly isBegun?: boolean;
}

async function sendTo(server: { fetch: typeof fetch }, options: SendOptions = {}): Promise<ParcelOutcome> {
  const parcel: ParcelToSend = {
    id: '7f1c2e4a-0000-4000-8000-000000000001',
    bytes: BYTES.length,
    instances: 3,
    location: null,
    seal: null,
    read: async (offset, length) => BYTES.slice(offset, offset + length),
    ...options.parcel,
  };
  const pace = createPace({
    now: () => 0,
    onRate: () => undefined,
    onDiagnosis: (diagnosis) => void options.diagnoses?.push(diagnosis),
  });
  return sendParcel(
    parcel,
    'upload',
    {
      api: createApiClient({
        baseUrl: 'http://gateway',
        fetch: server.fetch,
        ...(options.fetchTelling ? { fetchTelling: options.fetchTelling } : {}),
        tokens: { accessToken: async () => 'token', renew: options.renew ?? (async () => null) },
      }),
      clock: { now: () => 0, sleep: async (ms) => void options.slept?.push(ms) },
      random: () => 0.5,
      patienceMs: options.patienceMs ?? 60_000,
      way: options.way ?? newWay(),
      isBegun: options.isBegun ?? false,
      pace: { ...pace, pieceBytes: (left) => Math.min(left, options.piece ?? PIECE, pace.pieceBytes(left)) },
      giveWay: async () => undefined,
      onCreated: async () => undefined,
      onForgotten: async () => undefined,
      onProgress: (acknowledged, left) => void options.told?.push([acknowledged, left]),
      onLastPiece: (isLast) => void options.last?.push(isLast),
      onWaiting: (because) => void options.waiting?.push(because),
    },
    options.signal ?? new AbortController().signal,
  );
}

function hasAll(server: ReturnType<typeof tusServer>): boolean {
  return [...server.uploads.values()].some((upload) => Buffer.from(upload.bytes).equals(Buffer.from(BYTES)));
}

const status =
  (code: number, headers: Record<string, string> = {}): Fault =>
  () =>
    new Response(null, { status: code, headers });
const problem =
  (code: number, name: string): Fault =>
  () =>
    new Response(JSON.stringify({ type: 'x', title: 'x', status: code, code: name, correlationId: 'c' }), {
      status: code,
      headers: { 'content-type': 'application/problem+json' },
    });
const html =
  (code = 200): Fault =>
  () =>
    new Response('<html>Please sign in</html>', { status: code, headers: { 'content-type': 'text/html' } });
const none: Fault = () => null;
const atPieces = (fault: Fault): Fault[] =>
  Array.from({ length: 500 }, () => (request) => (request.method === 'PATCH' ? fault(request) : null));

test('a parcel arrives bit for bit, its first piece within the creation: no round trip without bytes', async () => {
  const server = tusServer();
  assert.is((await sendTo(server)).kind, 'sent');
  assert.ok(hasAll(server));
  assert.is(server.methods(), 'POST PATCH PATCH');
});

test('a parcel that fits in one piece is one request', async () => {
  const server = tusServer();
  await sendTo(server, { piece: BYTES.length });
  assert.is(server.methods(), 'POST');
  assert.ok(hasAll(server));
});

test('a sealed parcel names its key and carries no checksum: its records authenticate themselves', async () => {
  const server = tusServer();
  await sendTo(server, { parcel: { seal: { keyId: 'k-1', enc: 'AbC+/w==' } } });
  const metadata = server.seen[0]!.headers.get('upload-metadata')!;
  const pairs = metadata.split(',').map((pair) => pair.split(' ') as [string, string]);
  const values = pairs.map(([key, value]) => [key, Buffer.from(value, 'base64')]);
  const texts = { upload: 'upload', parcel: '7f1c2e4a-0000-4000-8000-000000000001', seal: 'k-1' };
  const expected = Object.entries(texts).map(([key, text]) => [key, Buffer.from(text)]);
  assert.equal(values, [...expected, ['enc', Buffer.from([1, 0xb0, 0xbe, 0xff])]], 'enc is the key itself');
  assert.ok(server.seen.every(({ headers }) => !headers.has('upload-checksum')));
});

const FAULTS: Record<string, Fault> = {
  'a cut': () => 'cut',
  'a lock that is held by a dead connection': status(423, TUS),
  'a slow-down': problem(429, 'rate-limited'),
  'damage on the way': problem(460, 'checksum-mismatch'),
  'a restart': problem(503, 'not-ready'),
  'a failure': problem(500, 'unexpected'),
  'a proxy that fails': html(502),
  'a proxy that times out': html(504),
  'a proxy that limits sizes': html(413),
  'an offset that differs': status(409, TUS),
  'a full disk': problem(507, 'storage-full'),
  'a sign-in page': html(200),
  'a redirect': status(302, { location: 'http://portal/' }),
  'a proxy that refuses': html(403),
  'a success without an offset': status(204, TUS),
  'an offset beyond the end': status(204, { ...TUS, 'upload-offset': '60001' }),
  'a proxy that does not know the path': html(404),
};
for (const [name, fault] of Object.entries(FAULTS)) {
  test(`${name} at any request: every byte arrives once`, async () => {
    for (const at of [0, 1, 2]) {
      const server = tusServer([...Array.from({ length: at }, () => none), fault]);
      assert.is((await sendTo(server)).kind, 'sent', `at request ${at}`);
      assert.ok(hasAll(server), name);
      assert.is(server.state.received, BYTES.length, name);
      assert.is(server.uploads.size, 1);
    }
  });
}

test('an answer lost after the gateway acted duplicates nothing, and nothing is sent twice', async () => {
  for (const at of [0, 1]) {
    const server = tusServer();
    let requests = 0;
    const lossy = {
      fetch: async (...[input, init]: Parameters<typeof fetch>) => {
        const answer = await server.fetch(input, init);
        if (requests++ === at) throw new TypeError('the connection was cut');
        return answer;
      },
    };
    assert.is((await sendTo(lossy)).kind, 'sent');
    assert.is(server.uploads.size, 1);
    assert.is(server.state.received, BYTES.length);
    const left = server.seen.reduce((sum, { body }) => sum + body.length, 0);
    assert.is(left, BYTES.length, 'the gateway is asked before anything is sent again');
  }
});

test('it continues where an earlier attempt stopped, after asking for the offset', async () => {
  const server = tusServer();
  server.uploads.set('t9', { bytes: [...BYTES.subarray(0, 40_000)], length: BYTES.length, parcel: '' });
  assert.is((await sendTo(server, { parcel: { location: '/upload/files/t9' } })).kind, 'sent');
  assert.is(server.methods(), 'HEAD PATCH');
  assert.is(server.state.received, 20_000);
});

test('after a proxy refuses a creation with a body, creations have none', async () => {
  for (const refusal of [html(405), html(403), status(411), status(415)]) {
    const server = tusServer([refusal]);
    assert.is((await sendTo(server)).kind, 'sent');
    assert.ok(server.methods().startsWith('POST POST PATCH'), server.methods());
    assert.is(server.seen[1]!.body.length, 0);
  }
});

test('the bytes that have left are reported during a piece, and only an answer counts as acknowledged', async () => {
  const server = tusServer();
  const told: [number, number][] = [];
  let pieces = 0;
  const fetchTelling = async (url: string, init: RequestInit, onSent: (bytes: number) => void) => {
    if (init.method !== 'PATCH') return server.fetch(url, init);
    onSent(1_000);
    pieces += 1;
    if (pieces === 1) throw new TypeError('cut');
    return server.fetch(url, init);
  };
  await sendTo(server, { fetchTelling, told });
  const safe = [PIECE, PIECE];
  const leaving = [PIECE, PIECE + 1_000];
  assert.equal(told.slice(0, 4), [safe, leaving, safe, safe], 'after a cut it is not on its way');
  assert.equal(told.at(-1), [BYTES.length, BYTES.length]);
});

test('it reports that its last piece is on the way, and revokes that when the piece must be sent again', async () => {
  const last: boolean[] = [];
  await sendTo(tusServer([none, none, () => 'cut']), { last });
  assert.equal(last, [true, false, true]);
});

test('an upload that the gateway has lost is announced again', async () => {
  assert.is((await sendTo(tusServer(), { parcel: { location: 'files/gone' } })).kind, 'upload-gone');
  assert.is((await sendTo(tusServer([none, status(410, TUS)]))).kind, 'upload-gone');
  assert.is((await sendTo(tusServer([problem(404, 'upload-not-found')]))).kind, 'upload-gone');
});

test('an expired token is renewed once; then the client waits for the right to send', async () => {
  const ended = problem(401, 'session-ended');
  assert.is((await sendTo(tusServer([ended]), { renew: async () => 'fresh' })).kind, 'sent');
  assert.is((await sendTo(tusServer([ended, ended]), { renew: async () => 'fresh' })).kind, 'signed-out');
  assert.is((await sendTo(tusServer([ended]))).kind, 'signed-out');
});

test('413 and 409 with one of our codes follow the code; without one they come from a proxy or from tus', async () => {
  const tooLarge = await sendTo(tusServer([problem(413, 'body-too-large')]));
  assert.is(tooLarge.kind === 'refused' && tooLarge.problem.code, 'body-too-large');
  const withdrawn = await sendTo(tusServer([problem(409, 'policy-withdrawn')]));
  assert.is(withdrawn.kind === 'refused' && withdrawn.problem.code, 'policy-withdrawn');
  assert.instance(await failureOf(sendTo(tusServer([problem(409, 'seal-key-unknown')]))), CopyUnreadable);
});

test('Retry-After is obeyed, never undercut, and with jitter between devices', async () => {
  for (const fault of [status(429, { 'retry-after': '7' }), status(503, { 'retry-after': '7' })]) {
    const slept: number[] = [];
    await sendTo(tusServer([fault]), { slept });
    assert.ok(slept[0]! > 7_000 && slept[0]! < 9_000, `${slept}`);
  }
});

test('a date in Retry-After is compared with the answer’s own date, because the local clock may be wrong', async () => {
  const slept: number[] = [];
  const at = Date.UTC(2031, 0, 1);
  const date = new Date(at).toUTCString();
  const later = new Date(at + 20_000).toUTCString();
  await sendTo(tusServer([status(503, { date, 'retry-after': later })]), { slept });
  assert.ok(slept[0]! >= 20_000 && slept[0]! <= 25_000, `${slept}`);
});

test('the client waits for a full gateway and reports it', async () => {
  const waiting: unknown[] = [];
  assert.is((await sendTo(tusServer([problem(507, 'storage-full')]), { waiting })).kind, 'sent');
  assert.equal(waiting.slice(0, 2), ['storage-full', null]);
});

const blankOf = (bytes: number) => ({
  bytes,
  read: async (offset: number, length: number) => new Uint8Array(Math.min(length, bytes - offset)),
});

test('after a gateway was full, pieces start small and grow only while they are accepted', async () => {
  const full = problem(507, 'storage-full');
  const server = tusServer([full, none, full, full]);
  const way = newWay();
  assert.is((await sendTo(server, { parcel: blankOf(1_000_000), piece: 400_000, way })).kind, 'sent');
  const [whole, creation, ...pieces] = server.seen.filter(({ method }) => method !== 'HEAD');
  assert.equal([whole!.body.length, creation!.body.length, creation!.method], [400_000, 0, 'POST']);
  const sizes = [1_024, 1_024, 8_192, 65_536, 400_000, 400_000, 125_248];
  assertEach(
    pieces,
    ({ method, body }) => `${method} ${body.length}`,
    sizes.map((size) => `PATCH ${size}`),
  );
});

test('of two parcels only one sends a whole piece to a full gateway', async () => {
  const way = newWay();
  const first = tusServer([problem(507, 'storage-full'), status(404, TUS)]);
  const second = tusServer();
  assert.is((await sendTo(first, { parcel: blankOf(300_000), piece: 200_000, way })).kind, 'upload-gone');
  await sendTo(second, { parcel: blankOf(300_000), piece: 200_000, way });
  assert.is(second.seen[0]!.body.length, 1_024);
});

test('a parcel continues at the gateway’s offset, even if this device has no record of it', async () => {
  const first = tusServer([() => 'cut']);
  await sendTo({
    fetch: async (...of) => first.fetch(...of).catch(() => new Response(null, { status: 404, headers: TUS })),
  });
  const had = first.state.received;
  assert.ok(had > 0 && had < BYTES.length);
  assert.is((await sendTo(first, { isBegun: true })).kind, 'sent');
  assert.ok(hasAll(first));
  assert.is(first.state.received, BYTES.length);
  assert.ok(first.methods().startsWith('POST POST PATCH'), first.methods());
  assert.is(first.seen[1]!.body.length, 0, 'it asks before sending');
});

test('Safari calls a dropped link an abort: only our own signal ends the sending', async () => {
  const server = tusServer();
  let requests = 0;
  const safari = {
    fetch: async (...[input, init]: Parameters<typeof fetch>) => {
      if (requests++ === 1) throw new DOMException('The operation was aborted.', 'AbortError');
      return server.fetch(input, init);
    },
  };
  assert.is((await sendTo(safari)).kind, 'sent');
  assert.ok(hasAll(server));
  const stop = new AbortController();
  const stopped = {
    fetch: async () => {
      stop.abort(new Error('paused'));
      throw new DOMException('x', 'AbortError');
    },
  };
  assert.is((await failureOf(sendTo(stopped, { signal: stop.signal }))).message, 'paused');
});

test('after damage a sealed parcel continues where the gateway says; a record that keeps arriving damaged is damaged here', async () => {
  const damaged = problem(460, 'checksum-mismatch');
  const sealed = { parcel: { seal: { keyId: 'k', enc: 'x' } } };
  assert.is((await sendTo(tusServer([none, damaged, none, none, damaged]), sealed)).kind, 'sent');
  const broken = tusServer(atPieces(damaged));
  assert.instance(await failureOf(sendTo(broken, sealed)), CopyUnreadable);
  assert.ok(broken.seen.length < 10, broken.methods());
});

test('a sign-in page of the network is not believed, and is reported', async () => {
  const diagnoses: (Diagnosis | null)[] = [];
  assert.is((await sendTo(tusServer([none, html(200), html(200)]), { diagnoses })).kind, 'sent');
  assert.equal(diagnoses, ['proxy-answers', null]);
});

/** A network in which these refusals meet each PATCH, and, once the limit is reached, nothing else. */
const blocking = (refusal: () => Response, isBlocked: (request: Seen) => boolean): Fault[] =>
  Array.from({ length: 200 }, () => (request: Seen) => (isBlocked(request) ? refusal() : null));
const isPatch = ({ method }: Seen): boolean => method === 'PATCH';
const isPiece = ({ method, headers }: Seen): boolean =>
  method === 'PATCH' || headers.has('x-http-method-override');

for (const [name, refusal] of [
  ['405 without a code', () => new Response(null, { status: 405 })],
  ['405 in HTML', () => new Response('<p>', { status: 405, headers: { 'content-type': 'text/html' } })],
  ['403 in HTML', () => new Response('<p>', { status: 403, headers: { 'content-type': 'text/html' } })],
  ['501', () => new Response(null, { status: 501 })],
  ['a page with 200', () => new Response('<p>', { headers: { 'content-type': 'text/html' } })],
] as const)
  test(`a network that answers PATCH with ${name} is passed by POST after three tries, with small pieces until then`, async () => {
    const server = tusServer(blocking(refusal, isPatch));
    const slept: number[] = [];
    const way = newWay();
    assert.is((await sendTo(server, { slept, way })).kind, 'sent');
    assert.ok(hasAll(server));
    assert.is(server.methods().match(/PATCH/g)?.length, 3, server.methods());
    const patches = server.seen.filter(isPatch).map(({ body }) => body.length);
    assert.equal(patches.slice(1), [1024, 1024], 'a piece that may be refused again costs little');
    const posts = server.seen.filter((each) => each.headers.get('x-http-method-override') === 'PATCH');
    assert.ok(posts.length > 0 && posts.every(({ method }) => method === 'POST'));
    assert.ok(slept.length === 3 && slept.every((ms, at) => at === 0 || ms > slept[at - 1]!), `${slept}`);
    const next = tusServer(blocking(refusal, isPatch));
    assert.is((await sendTo(next, { way })).kind, 'sent');
    assert.not.match(next.methods(), 'PATCH', 'the other parcels of the device know the way');
  });

test('a network that lets no piece through by any method is told, and asked less and less often', async () => {
  const server = tusServer(blocking(() => new Response(null, { status: 405 }), isPiece));
  const slept: number[] = [];
  const diagnoses: (Diagnosis | null)[] = [];
  assert.instance(await failureOf(sendTo(server, { patienceMs: 120_000, slept, diagnoses })), Unreachable);
  assert.ok(slept.every((ms, at) => at === 0 || ms >= slept[at - 1]!) && slept.length < 14, `${slept}`);
  assert.ok(diagnoses.includes('proxy-answers'));
  assert.match(server.methods(), /(PATCH HEAD ){3}(POST HEAD ){3}PATCH/, 'each way in turn');
});

test('a network that answers everything says nothing of PATCH', async () => {
  const page = () => new Response('<p>', { headers: { 'content-type': 'text/html' } });
  const isAsked = ({ method }: Seen): boolean => method !== 'POST';
  const server = tusServer(blocking(page, isAsked).slice(0, 12));
  assert.is((await sendTo(server, { patienceMs: Number.POSITIVE_INFINITY })).kind, 'sent');
  assert.ok(
    server.seen.every(({ headers }) => !headers.has('x-http-method-override')),
    server.methods(),
  );
});

test('the gateway’s own refusal of a piece is no refusal of PATCH', async () => {
  const coded = () =>
    new Response(JSON.stringify({ ...PROBLEM_OF_LOCK }), {
      status: 423,
      headers: { 'content-type': 'application/problem+json' },
    });
  const server = tusServer(blocking(coded, isPatch).slice(0, 12));
  assert.is((await sendTo(server)).kind, 'sent');
  assert.ok(server.seen.every(({ headers }) => !headers.has('x-http-method-override')));
});

test('an answer whose body breaks off still counts', async () => {
  const server = tusServer();
  const body = () =>
    new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error('cut')),
      cancel: () => Promise.reject(new Error('cut')),
    });
  const broken = {
    fetch: async (...[input, init]: Parameters<typeof fetch>) => {
      const { headers, status: code } = await server.fetch(input, init);
      return new Response(code === 204 ? null : body(), { status: code, headers });
    },
  };
  assert.is((await sendTo(broken)).kind, 'sent');
});

test('without an answer it gives up when patience runs out, and only then', async () => {
  const dead = { fetch: async () => Promise.reject(new TypeError('fetch failed')) };
  const slept: number[] = [];
  assert.instance(await failureOf(sendTo(dead, { patienceMs: 20_000, slept })), Unreachable);
  assert.ok(slept.length > 3);
});

for (const [name, fault] of [
  ['says that it stored and stores nothing', status(204, { ...TUS, 'upload-offset': String(PIECE) })],
  ['answers questions and fails at every piece', html(502)],
] as const) {
  test(`a gateway that ${name} is asked less and less often, and given up when patience runs out`, async () => {
    const broken = tusServer(atPieces(fault));
    const slept: number[] = [];
    assert.instance(await failureOf(sendTo(broken, { patienceMs: 20_000, slept })), Unreachable);
    assert.ok(slept.length < 10 && slept.at(-1)! > 5_000, `${slept}`);
  });
}

test.run();
