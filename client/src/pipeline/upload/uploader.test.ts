import { CompactSign, exportJWK, generateKeyPair } from 'jose';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Manifest } from '#shared/protocol/manifest.ts';
import { merkleRoot, RECEIPT_TYPE, type ReceiptInstance } from '#shared/protocol/receipt.ts';
import { createApiClient } from '../../net/api-client.ts';
import { nextUploadState, type UploadState } from '#shared/protocol/upload-state.ts';
import type { Trouble, Waiting } from '../queue/queued-study.ts';
import {
  CopyUnreadable,
  keyOf,
  type CheckedReceipt,
  type InstanceKey,
  type UploadQueue,
} from '../queue/upload-queue.ts';
import { ReceiptFaulty } from './await-receipt.ts';
import { createUploader, type Uploader } from './uploader.ts';
import { uploaderTools } from '../../testing/open-uploader.ts';
import { recordedReceipt } from '../../testing/recorded-receipt.ts';

const STUDY = '1.2.3';
const UPLOAD = '0b9f6a0e-7f0f-4d38-9c0b-2f6a9f1c0001';
const INSTANCES = [1, 2, 3].map((number) => ({
  sopInstanceUID: `${STUDY}.${number}`,
  seriesInstanceUID: `${STUDY}.0`,
  sopClassUID: '1.2.840.10008.5.1.4.1.1.2',
  transferSyntaxUID: '1.2.840.10008.1.2.1',
  bytes: 4,
  digest: String(number).repeat(64),
}));

/** The gateway's faults: it is another program, on another machine, perhaps an older version. */
interface Habits {
  /** The number of completions answered with "everything is missing". */
  readonly loses?: number;
  readonly conflicts?: readonly InstanceKey[];
  readonly refusesWith?: { status: number; code: string };
  /** How often it refuses before it takes the study; always by default. */
  readonly refusals?: number;
  readonly receipt?: (
    instances: ReceiptInstance[],
  ) => Partial<{ studyInstanceUID: string; root: string; instances: ReceiptInstance[] }>;
  readonly strangerSigns?: boolean;
  /** Loses the tus upload after this many pieces. */
  readonly forgetsAt?: number;
}

/** A gateway with its faults and its state. */
async function gatewayWith(habits: Habits) {
  const own = await generateKeyPair('EdDSA', { extractable: true });
  const gateway = {
    ...{ habits, own, signer: habits.strangerSigns ? await generateKeyPair('EdDSA') : own },
    conflicts: new Set((habits.conflicts ?? []).map(keyOf)),
    seen: { inits: 0, pieces: 0, completions: 0 },
    offsets: new Map<string, number>(),
    held: new Set<string>(),
    isComplete: false,
  };
  return gateway;
}
type Gateway = Awaited<ReturnType<typeof gatewayWith>>;

const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
const refuse = (status: number, code: string): Response =>
  json({ type: 'x', title: 'x', status, code, correlationId: 'c' }, status);
const tus = (status: number, headers: Record<string, string>): Response =>
  new Response(null, { status, headers: { 'tus-resumable': '1.0.0', ...headers } });
const toKey = ({ sopInstanceUID, digest }: InstanceKey) => ({ sopInstanceUID, digest });
const promisedTo = ({ conflicts }: Gateway) =>
  INSTANCES.filter((instance) => !conflicts.has(keyOf(instance)));

async function answer(gateway: Gateway, path: string, init: RequestInit): Promise<Response> {
  if (path === '/upload/init') return announce(gateway);
  if (path === '/upload/files')
    return tus(201, { 'upload-offset': '0', location: `files/${gateway.seen.inits}` });
  if (path.startsWith('/upload/files/')) return takePiece(gateway, path, init);
  if (path.endsWith('/complete')) return complete(gateway);
  if (path.endsWith('/receipt')) return new Response(await signReceipt(gateway));
  if (path.endsWith('/jwks.json'))
    return json({ keys: [{ ...(await exportJWK(gateway.own.publicKey)), kid: 'k', alg: 'EdDSA' }] });
  return path.endsWith('/status') ? statusOf(gateway) : refuse(404, 'not-found');
}

function announce(gateway: Gateway): Response {
  const { habits, conflicts, held, seen } = gateway;
  seen.inits += 1;
  if (habits.refusesWith && seen.inits <= (habits.refusals ?? Infinity))
    return refuse(habits.refusesWith.status, habits.refusesWith.code);
  const promised = promisedTo(gateway);
  const conflict = INSTANCES.filter((one) => conflicts.has(keyOf(one)));
  return json({
    uploadId: UPLOAD,
    studyInstanceUID: STUDY,
    revision: 1,
    have: promised.filter((one) => held.has(keyOf(one))).map(toKey),
    need: promised.filter((one) => !held.has(keyOf(one))).map(toKey),
    conflict: conflict.map((one) => ({ ...toKey(one), reason: 'conflicting-instance' })),
  });
}

function takePiece(gateway: Gateway, path: string, init: RequestInit): Response {
  const { seen, offsets, habits } = gateway;
  seen.pieces += 1;
  if (seen.pieces === habits.forgetsAt) return new Response(null, { status: 404 });
  const { length } = init.body as Uint8Array;
  const offset = (offsets.get(path) ?? 0) + length;
  offsets.set(path, offset);
  assert.is(Number(new Headers(init.headers).get('upload-offset')) + length, offset);
  if (offset === 12) gateway.held = new Set(promisedTo(gateway).map(keyOf));
  return tus(204, { 'upload-offset': String(offset) });
}

function complete(gateway: Gateway): Response {
  const { seen, habits } = gateway;
  seen.completions += 1;
  const isLost = seen.completions <= (habits.loses ?? 0);
  if (isLost) gateway.held = new Set();
  gateway.isComplete = !isLost;
  const missing = isLost ? promisedTo(gateway).map(toKey) : [];
  return json({ uploadId: UPLOAD, state: 'receiving', missing });
}

const QUARANTINED = { state: 'quarantined', reason: 'conflicting-instance' } as const;

async function signReceipt({ conflicts, habits, signer }: Gateway): Promise<string> {
  const instances = INSTANCES.map(
    ({ sopInstanceUID, digest, bytes }): ReceiptInstance => ({
      ...{ sopInstanceUID, digest, bytes, state: 'stored' },
      ...(conflicts.has(`${sopInstanceUID} ${digest}`) && QUARANTINED),
    }),
  );
  const said = habits.receipt?.(instances) ?? {};
  const payload = recordedReceipt({
    ...{ jti: UPLOAD, iss: 'http://gateway', studyInstanceUID: STUDY, revision: 1, instances },
    ...said,
    root: said.root ?? (await merkleRoot(said.instances ?? instances)),
  });
  return new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: 'EdDSA', kid: 'k', typ: RECEIPT_TYPE })
    .sign(signer.privateKey);
}

function statusOf({ isComplete }: Gateway): Response {
  return json({
    uploadId: UPLOAD,
    studyInstanceUID: STUDY,
    state: isComplete ? 'closed' : 'receiving',
    revision: 1,
    policy: 'identified',
    counts: { promised: 3, atGateway: 0, inPacs: 3, refused: 0, quarantined: 0, leftOut: 0 },
    bytes: { promised: 12, atGateway: 0, inPacs: 12 },
    waiting: null,
    receipt: isComplete ? { id: UPLOAD, href: '/x' } : null,
  });
}

const MANIFEST: Manifest = {
  protocolVersion: 1,
  policy: { name: 'identified', version: 1 },
  studyInstanceUID: STUDY,
  instances: INSTANCES,
};

function queueOf() {
  /** The device keeps this of the one study. */
  const record = {
    state: 'safe' as UploadState,
    refused: null as string | null,
    receiptId: null as string | null,
    trouble: null as Trouble | null,
    troubles: [] as Trouble[],
    waits: [] as Waiting[],
    settled: null as CheckedReceipt | null,
    sent: 0,
  };
  const move = (event: Parameters<typeof nextUploadState>[1]) => {
    const state = nextUploadState(record.state, event);
    if (state !== null) record.state = state;
    return state !== null;
  };
  const queue: UploadQueue = {
    async pending() {
      const { state, trouble, receiptId } = record;
      return record.settled ? [] : [{ id: 'study', state, uploadId: null, receiptId, trouble, turn: 0 }];
    },
    manifestOf: async () => MANIFEST,
    announced: async () => true,
    async *parcelsFor(_id, need) {
      const read = async (_: number, length: number) => new Uint8Array(Math.min(5, length));
      if (need.length > 0) yield { id: UPLOAD, bytes: 12, instances: 3, location: null, seal: null, read };
    },
    beginSending: async () => move('started'),
    parcelCreated: async () => undefined,
    parcelForgotten: async () => undefined,
    parcelProgress: () => undefined,
    async parcelSent() {
      record.sent += 1;
    },
    allSent: async () => void move('all-sent'),
    parcelsLost: async () => void move('parcels-lost'),
    report: async () => undefined,
    async waiting(_id, because) {
      record.waits.push(because);
    },
    troubled: async (_id, trouble) => {
      record.trouble = trouble;
      record.troubles.push(trouble);
    },
    async refused(_id, code) {
      record.refused = code;
    },
    async settle(_id, checked) {
      record.settled = checked;
    },
  };
  return { queue, record };
}

/** `onSleep` hears how often it has slept. */
async function uploaderOver(habits: Habits, onSleep: (times: number) => void = () => undefined) {
  const gateway = await gatewayWith(habits);
  const { queue, record } = queueOf();
  const api = createApiClient({
    baseUrl: 'http://gateway',
    fetch: (input, init = {}) => answer(gateway, new URL(String(input)).pathname, init),
    tokens: { accessToken: async () => 't', renew: async () => null },
  });
  // Time passes instantly, but only after pending work.
  const slept: number[] = [];
  const sleep = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      slept.push(ms);
      onSleep(slept.length);
      setImmediate(resolve);
    }).then(() => signal.throwIfAborted());
  const clock = { now: () => 0, sleep };
  const uploader = createUploader(uploaderTools({ queue, api, clock, random: () => 0, patienceMs: 60_000 }));
  return { uploader, queue, record, seen: gateway.seen, slept };
}

async function carried(habits: Habits) {
  const { uploader, record, seen } = await uploaderOver(habits);
  const failed = await uploader.drain(new AbortController().signal).catch((error: unknown) => error);
  return { record, seen, failed };
}

test('a study is sent and gets its receipt', async () => {
  const { record, seen, failed } = await carried({});
  assert.is(failed, undefined);
  assert.equal(seen, { inits: 1, pieces: 3, completions: 1 });
  assert.is(record.settled?.receipt.studyInstanceUID, STUDY);
});

test('instances that the gateway lost are sent again, as often as needed', async () => {
  const { record, seen, failed } = await carried({ loses: 2 });
  assert.is(failed, undefined);
  assert.ok(record.sent >= 2 && seen.completions >= 3);
  assert.ok(record.settled);
});

test('a tus upload that the gateway has lost is announced again and sent from the start', async () => {
  const { record, seen, failed } = await carried({ forgetsAt: 2 });
  assert.is(failed, undefined);
  assert.is(seen.inits, 2);
  assert.ok(record.settled);
});

test('an instance in conflict is not sent, and the others reach their receipt', async () => {
  const { record, failed } = await carried({ conflicts: [INSTANCES[1]!] });
  assert.is(failed, undefined);
  assert.is(record.settled?.receipt.instances[1]?.state, 'quarantined');
});

test('a study that was tried again in vain comes back to its person, and does not wait for ever', async () => {
  const patience = new AbortController();
  const { uploader, record } = await uploaderOver({ conflicts: INSTANCES }, (times) => {
    if (times > 100) patience.abort();
  });
  record.receiptId = UPLOAD;
  await uploader.drain(patience.signal);
  assert.is(record.settled?.receipt.instances[1]?.state, 'quarantined');
});

test('an invalid receipt never makes the device delete anything', async () => {
  const lies: Habits[] = [
    { strangerSigns: true },
    { receipt: () => ({ studyInstanceUID: '9.9' }) },
    { receipt: () => ({ root: '0'.repeat(64) }) },
    { receipt: (instances) => ({ instances: instances.slice(1) }) },
  ];
  for (const habits of lies) {
    const { record, failed } = await carried(habits);
    assert.instance(failed, ReceiptFaulty);
    assert.is(record.settled, null);
  }
});

test('a study that the gateway refuses is marked as refused, with the reason, and not retried for ever', async () => {
  const refusesWith = { status: 403, code: 'policy-not-allowed' };
  const { record, seen, failed } = await carried({ refusesWith });
  assert.is(failed, undefined);
  assert.is(record.refused, 'policy-not-allowed');
  assert.is(seen.inits, 1);
});

test('a study beyond its account’s limit waits and says so, not that the gateway is full, and is sent later', async () => {
  for (const code of ['quota-exceeded', 'storage-full']) {
    const { record, failed } = await carried({ refusesWith: { status: 507, code }, refusals: 2 });
    assert.is(failed, undefined);
    assert.equal([...new Set(record.waits)], [code, null]);
    assert.is(record.refused, null);
    assert.ok(record.settled);
  }
});

test('an invalid receipt is a state of the study, and is requested less and less often until it is valid', async () => {
  let lies = 6;
  const { uploader, record, slept } = await uploaderOver({
    receipt: () => (lies-- > 0 ? { studyInstanceUID: '9.9' } : {}),
  });
  await runUntilSettled(uploader, record);
  assert.equal(record.troubles, ['receipt-faulty', 'receipt-faulty']);
  const pauses = slept.filter((ms) => ms === 5_000 || ms === 10_000);
  assert.equal(pauses, [5_000, 10_000]);
});

test('an unreadable copy is a state of the study, and is retried as soon as a person asks', async () => {
  const { uploader, queue, record } = await uploaderOver({});
  const { parcelsFor } = queue;
  let isDamaged = true;
  const read = async () => {
    throw new CopyUnreadable('a record is missing');
  };
  queue.parcelsFor = async function* (id, need) {
    for await (const parcel of parcelsFor(id, need)) yield isDamaged ? { ...parcel, read } : parcel;
  };
  queue.troubled = async (_id, trouble) => {
    record.troubles.push(trouble);
    // The person asks at once; the rest of this attempt ends with it.
    isDamaged = false;
    setImmediate(() => uploader.wake());
  };
  await runUntilSettled(uploader, record);
  assert.equal(record.troubles, ['copy-unreadable']);
});

async function runUntilSettled(uploader: Uploader, record: { settled: unknown }): Promise<void> {
  const over = new AbortController();
  const running = uploader.run(over.signal);
  while (record.settled === null) await new Promise<void>((resolve) => setImmediate(resolve));
  over.abort();
  await running;
}

test.run();
