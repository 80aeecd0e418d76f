import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createApiClient, Unreachable, type FetchTelling } from '../../app/api-client.ts';
import type { ParcelToSend } from '../queue/upload-queue.ts';
import { createPieceSize, sendParcel, stepFor, type ParcelOutcome, type Step } from './tus-client.ts';

const BYTES = crypto.getRandomValues(new Uint8Array(60_000));

type Fault = (request: { method: string; headers: Headers; body: Uint8Array }) => Response | 'cut' | null;

/** A tus server in a few lines, which answers each request with the next of `faults` before it does what it should. */
function tusServer(faults: Fault[] = []) {
  const uploads = new Map<string, { bytes: number[]; length: number; parcel: string }>();
  const requests: string[] = [];
  const state = { received: 0 };
  const fetchFrom = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const method = init.method ?? 'GET';
    const headers = new Headers(init.headers);
    const body = init.body instanceof Uint8Array ? init.body : new Uint8Array();
    requests.push(method);
    const fault = faults.shift()?.({ method, headers, body });
    if (fault === 'cut') throw new TypeError('fetch failed');
    if (fault) return fault;
    if (method === 'POST') {
      const parcel = headers.get('upload-metadata') ?? '';
      const known = [...uploads].find(([, upload]) => upload.parcel === parcel);
      const id = known?.[0] ?? `t${uploads.size}`;
      if (!known) uploads.set(id, { bytes: [], length: Number(headers.get('upload-length')), parcel });
      return new Response(null, { status: 201, headers: { location: `files/${id}`, ...(known ? { 'upload-offset': String(known[1].bytes.length) } : {}) } });
    }
    const upload = uploads.get(String(input).split('/').at(-1)!);
    if (!upload) return new Response(null, { status: 404 });
    if (method === 'HEAD') return new Response(null, { status: 200, headers: { 'upload-offset': String(upload.bytes.length) } });
    if (Number(headers.get('upload-offset')) !== upload.bytes.length) return new Response(null, { status: 409 });
    const digest = Buffer.from(await crypto.subtle.digest('SHA-256', new Uint8Array(body))).toString('base64');
    assert.is(headers.get('upload-checksum'), `sha256 ${digest}`);
    upload.bytes.push(...body);
    state.received += body.length;
    return new Response(null, { status: 204, headers: { 'upload-offset': String(upload.bytes.length) } });
  };
  return { uploads, requests, state, fetch: fetchFrom };
}

interface SendOptions {
  readonly location?: string;
  readonly patienceMs?: number;
  readonly slept?: number[];
  readonly fetchTelling?: FetchTelling;
  readonly told?: [number, number][];
}

async function sendTo(server: ReturnType<typeof tusServer>, options: SendOptions = {}): Promise<ParcelOutcome> {
  const parcel: ParcelToSend = {
    id: '7f1c2e4a-0000-4000-8000-000000000001', bytes: BYTES.length, instances: 3, location: options.location ?? null, seal: null,
    read: async (offset, length) => BYTES.slice(offset, offset + length),
  };
  const pieces = createPieceSize();
  for (let i = 0; i < 5; i += 1) pieces.halve();
  return sendParcel(parcel, 'upload', {
    api: createApiClient({
      baseUrl: 'http://gateway', fetch: server.fetch, ...(options.fetchTelling ? { fetchTelling: options.fetchTelling } : {}),
      tokens: { accessToken: async () => 'token', renew: async () => null },
    }),
    clock: { now: () => 0, sleep: async (ms) => void options.slept?.push(ms) },
    random: () => 0.5, pieces, patienceMs: options.patienceMs ?? 60_000,
    onCreated: async () => undefined, onForgotten: async () => undefined, onProgress: (acknowledged, left) => void options.told?.push([acknowledged, left]), onWaiting: () => undefined,
  }, new AbortController().signal);
}

function hasAll(server: ReturnType<typeof tusServer>): boolean {
  return [...server.uploads.values()].some((upload) => Buffer.from(upload.bytes).equals(Buffer.from(BYTES)));
}

const status = (code: number, headers: Record<string, string> = {}): Fault => () => new Response(null, { status: code, headers });
const none: Fault = () => null;

test('a parcel arrives bit for bit', async () => {
  const server = tusServer();
  assert.is((await sendTo(server)).kind, 'sent');
  assert.ok(hasAll(server));
});

test('whatever happens to one request, every byte arrives once', async () => {
  const faults: Record<string, Fault> = {
    'a cut': () => 'cut', 'a lock that is held': status(423), 'a slow-down': status(429), 'damage on the way': status(460), 'a restart': status(503),
    'a proxy that fails': status(502), 'a proxy that limits': status(413), 'an offset that differs': status(409, { 'upload-offset': '5' }), 'a full disk': status(507),
  };
  for (const [name, fault] of Object.entries(faults)) {
    for (const at of [0, 1, 2]) {
      const server = tusServer([...Array.from({ length: at }, () => none), fault]);
      assert.is((await sendTo(server)).kind, 'sent', `${name} at request ${at}`);
      assert.ok(hasAll(server), name);
      assert.is(server.state.received, BYTES.length, name);
    }
  }
});

test('an answer that was lost after the gateway had acted doubles nothing', async () => {
  for (const at of [0, 1]) {
    const server = tusServer();
    let requests = 0;
    const lossy = {
      ...server,
      fetch: async (input: string | URL | Request, init?: RequestInit) => {
        const answer = await server.fetch(input, init);
        if (requests++ === at) throw new TypeError('the connection was cut');
        return answer;
      },
    };
    assert.is((await sendTo(lossy)).kind, 'sent');
    assert.is(server.uploads.size, 1);
    assert.is(server.state.received, BYTES.length);
  }
});

test('it goes on where an earlier attempt stopped, after asking', async () => {
  const server = tusServer();
  server.uploads.set('t9', { bytes: [...BYTES.subarray(0, 40_000)], length: BYTES.length, parcel: '' });
  assert.is((await sendTo(server, { location: '/upload/files/t9' })).kind, 'sent');
  assert.is(server.requests[0], 'HEAD');
  assert.is(server.state.received, 20_000);
});

test('while a piece is under way it tells what has left, and only an answer counts as acknowledged', async () => {
  const server = tusServer();
  const told: [number, number][] = [];
  let pieces = 0;
  const fetchTelling = async (url: string, init: RequestInit, onSent: (bytes: number) => void) => {
    if (init.method !== 'PATCH') return server.fetch(url, init);
    onSent(1_000);
    if ((pieces += 1) === 1) throw new TypeError('cut');
    return server.fetch(url, init);
  };
  await sendTo(server, { fetchTelling, told });
  assert.equal(told.slice(0, 4), [[0, 0], [0, 1_000], [0, 0], [0, 0]], 'after a cut it is safe here, not on its way');
  assert.equal(told.at(-1), [BYTES.length, BYTES.length]);
});

test('an upload that the gateway has forgotten is announced again, not guessed', async () => {
  assert.is((await sendTo(tusServer(), { location: 'files/gone' })).kind, 'upload-gone');
});

test('Retry-After is obeyed', async () => {
  const slept: number[] = [];
  await sendTo(tusServer([status(429, { 'retry-after': '7' })]), { slept });
  assert.ok(slept[0]! >= 7_000);
});

test('a proxy that limits the size of a request is met with smaller pieces', async () => {
  const limit: Fault = ({ method, body }) => (method === 'PATCH' && body.length > 64 * 1024 ? new Response('<html>', { status: 413 }) : null);
  const pieces = createPieceSize();
  const before = pieces.bytes();
  pieces.halve();
  assert.is(pieces.bytes(), before / 2);
  pieces.measured(pieces.bytes(), 1);
  assert.is(pieces.bytes(), before / 2, 'what was refused once is not tried again');
  assert.is((await sendTo(tusServer([limit, limit]))).kind, 'sent');
});

test('what gets no answer is tried in smaller pieces, which grow again with the link', () => {
  const pieces = createPieceSize();
  const before = pieces.bytes();
  pieces.unanswered();
  assert.is(pieces.bytes(), before / 2);
  pieces.measured(pieces.bytes(), 1);
  assert.is(pieces.bytes(), before);
});

test('without an answer it gives up when patience ends, and only then', async () => {
  const dead = tusServer(Array.from({ length: 500 }, (): Fault => () => 'cut'));
  await sendTo(dead, { patienceMs: 20_000 }).then(() => assert.unreachable(), (error) => assert.instance(error, Unreachable));
  assert.ok(dead.requests.length > 3);
});

for (const [name, fault] of [
  ['says that it stored and stores nothing', status(204, { 'upload-offset': '0' })],
  ['answers questions and fails at every piece', status(502)],
] as const) {
  test(`a gateway that ${name} is asked ever less often, and given up when patience ends`, async () => {
    const broken = tusServer(Array.from({ length: 500 }, (): Fault => (request) => (request.method === 'PATCH' ? fault(request) : null)));
    const slept: number[] = [];
    await sendTo(broken, { patienceMs: 20_000, slept }).then(() => assert.unreachable(), (error) => assert.instance(error, Unreachable));
    assert.ok(slept.length < 10 && slept.at(-1)! > 5_000, `${slept}`);
  });
}

test('every status has one answer', () => {
  const expected: [number, boolean, Step][] = [
    [200, false, 'done'], [204, false, 'done'], [400, true, 'give-up'], [401, true, 'sign-in'], [403, true, 'give-up'], [404, true, 'create-anew'],
    [404, false, 'create-anew'], [408, false, 'wait'], [409, true, 'ask-offset'], [410, false, 'create-anew'], [412, false, 'give-up'],
    [413, true, 'give-up'], [413, false, 'smaller'], [415, false, 'give-up'], [423, false, 'wait'], [429, true, 'wait'], [460, true, 'ask-offset'],
    [500, true, 'wait'], [502, false, 'wait'], [503, true, 'wait'], [507, true, 'wait-for-room'],
  ];
  for (const [code, isCoded, step] of expected) assert.is(stepFor(code, isCoded), step, `${code}`);
});

test.run();
