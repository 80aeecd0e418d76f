/** A study that comes in a file from a stick is its device's own upload; whoever carries it brings it, and no more. */
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ticketSchema, type CarriedAnswer, type Ticket } from '#shared/protocol/stick.ts';
import type { Role, UploadStatus } from '#shared/protocol/api.ts';
import { UNUSED_DAYS } from '#shared/protocol/limits.ts';
import { STICK_DAYS, STICK_GRANT_TYPE, stickAudience } from '#shared/protocol/stick-grant.ts';
import { sealTicket } from '#shared/transfer/stick-ticket.ts';
import { until } from '#testing/gateway-under-test.ts';
import { sha256 } from '#testing/sha256.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { createRouter } from '../http/route.ts';
import { carriedRoutes } from './carried.routes.ts';
import { addAccount, addDevice } from '../testing/add-account.ts';
import type { MessageChannel } from '../database/message-channel.ts';
import { createStudyChanges } from '../pipeline/plan/announce-changes.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { createTestSealing, openTestPipeline, type TestPipeline } from '../testing/open-pipeline.ts';
import { packed, sealedBytes, toManifest, type SealedBytes } from '../testing/pack-parcel.ts';

const test = suite('a study from a stick');
const DAY_S = 86_400;
const now = () => Math.floor(Date.now() / 1000);
const sealing = createTestSealing();
const CALLER = {
  username: 't',
  scheme: 'bearer',
  scope: 'session',
  epoch: 0,
  device: null,
  roles: ['technician'] satisfies Role[],
} as const;
let pipeline: TestPipeline;
let privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
/** The account of the device. */
let owner: string;
let device: string;
let carrier: string;
/** The connection to other gateways was lost: any study may have changed. */
let loseMessages: () => void;

test.before(async () => {
  const others: MessageChannel = {
    say: async () => undefined,
    hear(_heard, missed) {
      loseMessages = missed;
    },
  };
  pipeline = await openTestPipeline({
    pacs: openTestPacs(),
    sealing,
    tools: { changes: createStudyChanges(others) },
  });
});
test.after(() => pipeline.close());
test.before.each(async () => {
  const pair = await generateKeyPair('ES256');
  ({ privateKey } = pair);
  owner = await addAccount(pipeline);
  device = await addDevice(pipeline, owner, await exportJWK(pair.publicKey));
  carrier = await addAccount(pipeline);
  pipeline.actAs(carrier, ['technician']);
});

interface Changes {
  /** In the signature. */
  readonly claims?: object;
  readonly typ?: string;
  /** Changes the sealed bytes. */
  readonly spoil?: (sealed: Uint8Array) => void;
  readonly key?: string;
  /** How the gateway is asked. */
  readonly ask?: (path: string, sealed: Uint8Array<ArrayBuffer>) => Promise<Response>;
}

interface SavedHere {
  readonly instance: SyntheticInstance;
  readonly parcel: string;
  readonly sealed: SealedBytes;
  bring(changes?: Changes): Promise<Response>;
}

/** A study as a device saves it, in one parcel. */
async function save(seed: number): Promise<SavedHere> {
  const { instances } = syntheticStudy({ seed, instancesPerSeries: 1, rows: 8, columns: 8 });
  const [first] = instances;
  const one = [first!];
  const parcel = randomUUID();
  const sealed = await sealedBytes(await packed(one), pipeline.sealingKey, parcel);
  const named = { id: parcel, bytes: sealed.bytes.length, ...sealed.seal };
  const ticket: Ticket = { manifest: toManifest(one), parcels: [{ ...named, instances: [0] }] };
  const promise = new Uint8Array(gzipSync(JSON.stringify(ticket)));
  const id = randomUUID();
  return {
    instance: first!,
    parcel,
    sealed,
    async bring({
      claims,
      typ = STICK_GRANT_TYPE,
      spoil,
      key = pipeline.sealingKey.kid,
      ask = askPipeline,
    } = {}) {
      const aud = stickAudience(pipeline.sealingKey.kid);
      const said = { iss: device, aud, iat: now(), jti: id, digest: sha256(promise), ...claims };
      const grant = await new SignJWT(said).setProtectedHeader({ alg: 'ES256', typ }).sign(privateKey);
      const closed = await sealTicket(pipeline.sealingKey, id, { grant, promise });
      spoil?.(closed.sealed);
      const query = new URLSearchParams({ ticket: id, key, enc: closed.enc });
      return ask(`/upload/carried?${query}`, closed.sealed);
    },
  };
}

const askPipeline = (path: string, sealed: Uint8Array<ArrayBuffer>): Promise<Response> =>
  pipeline.request('POST', path, sealed, { 'content-type': 'application/octet-stream' });

async function brought(saved: SavedHere): Promise<CarriedAnswer> {
  const response = await saved.bring();
  assert.is(response.status, 200, await response.clone().text());
  return (await response.json()) as CarriedAnswer;
}

const flip = (place: number) => (sealed: Uint8Array) => {
  const at = place < 0 ? sealed.length + place : place;
  sealed[at] = sealed[at]! ^ 1;
};

const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

test('is the device’s upload, whoever brings it, and is wanted until it is here', async () => {
  const saved = await save(7001);
  const { uploadId, parcels } = await brought(saved);
  assert.equal(parcels, [saved.parcel]);
  await pipeline.sendBytes(uploadId, saved.sealed.bytes, saved.parcel, { seal: saved.sealed.seal });
  const { counts } = await pipeline.until(uploadId, (status) => status.counts.inPacs === 1);
  assert.is(counts.promised, 1);

  pipeline.actAs(await addAccount(pipeline), ['technician']);
  assert.is((await pipeline.request('GET', `/upload/${uploadId}/status`)).status, 404, 'others see nothing');
  const second = await brought(saved);
  assert.equal([second.uploadId, second.parcels, second.need], [uploadId, [], []]);
  const row = await pipeline.tools.db
    .selectFrom('upload')
    .select(['account_id', 'device_id'])
    .where('id', '=', uploadId)
    .executeTakeFirstOrThrow();
  assert.equal(row, { account_id: owner, device_id: device });
});

/** A request with a body that nobody has looked at yet; `read` resolves when somebody does. */
function unread() {
  const { promise: read, resolve } = Promise.withResolvers<void>();
  const state = { isRead: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        state.isRead = true;
        resolve();
        controller.enqueue(new Uint8Array(9));
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return { body, read, state };
}

test('its promise has a place until it is answered, and no further body of the same account is read', async () => {
  const entered = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<never>();
  const readPosted = () => {
    entered.resolve();
    return gate.promise;
  };
  const app = createRouter();
  app.use(async (c, next) => {
    c.set('caller', { ...CALLER, siteId: pipeline.siteId, id: c.req.header('x-account')! });
    await next();
  });
  app.route('/', carriedRoutes({ tools: pipeline.tools, sealing: sealing.sealing, readPosted }));
  app.onError(() => new Response(null, { status: 500 }));
  const ask = (path: string, account: string, body: Uint8Array<ArrayBuffer> | ReadableStream) =>
    app.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', 'x-account': account },
      body,
      duplex: 'half',
    } as RequestInit);
  let path = '';
  const saved = await save(7030);
  const first = saved.bring({
    ask(asked, sealed) {
      path = asked;
      return Promise.resolve(ask(asked, carrier, sealed));
    },
  });
  await entered.promise;
  const same = unread();
  const other = unread();
  const answers = [ask(path, carrier, same.body), ask(path, randomUUID(), other.body)];
  await other.read;
  assert.not.ok(same.state.isRead);
  gate.reject(new Error('answered'));
  await Promise.all([first, ...answers]);
  assert.ok(same.state.isRead);
});

test('its carrier brings what the device has sealed, and nothing else', async () => {
  const saved = await save(7002);
  const { uploadId } = await brought(saved);
  const other = await sealedBytes(
    new Uint8Array(saved.sealed.bytes.length - 16),
    pipeline.sealingKey,
    saved.parcel,
  );
  const length = saved.sealed.bytes.length;
  for (const answer of [
    await pipeline.create(uploadId, saved.parcel, length, { seal: other.seal }),
    await pipeline.create(uploadId, saved.parcel, length),
    await pipeline.create(uploadId, saved.parcel, length + 1, { seal: saved.sealed.seal }),
    await pipeline.create(uploadId, randomUUID(), length, { seal: saved.sealed.seal }),
  ])
    assert.is(await codeOf(answer), 'invalid-request');
  const created = await pipeline.create(uploadId, saved.parcel, length, { seal: saved.sealed.seal });
  assert.is(created.status, 201);
  const location = created.headers.get('location')!;
  const gone = await pipeline.request('DELETE', `/upload/${location}`, null, { 'tus-resumable': '1.0.0' });
  assert.is(gone.status, 404, 'a carrier ends no parcel');
  assert.is((await pipeline.request('DELETE', `/upload/${uploadId}`)).status, 404);
  const decided = await pipeline.request(
    'POST',
    `/upload/${uploadId}/decisions`,
    JSON.stringify({ decision: 'take-back', instances: [] }),
    { 'content-type': 'application/json' },
  );
  assert.is(decided.status, 404, 'and decides nothing');
});

test('its carrier adds nothing to a parcel that no ticket of theirs names', async () => {
  const saved = await save(7008);
  const { uploadId } = await brought(saved);
  const { bytes } = saved.sealed;
  pipeline.actAs(owner, ['technician'], device);
  const own = await pipeline.create(uploadId, randomUUID(), bytes.length, { seal: saved.sealed.seal });
  assert.is(own.status, 201);
  const location = own.headers.get('location')!;
  pipeline.actAs(carrier, ['technician']);
  assert.is((await pipeline.head(location)).status, 404);
  const sent = await pipeline.request('PATCH', `/upload/${location}`, bytes, {
    'tus-resumable': '1.0.0',
    'upload-offset': '0',
    'content-type': 'application/offset+octet-stream',
  });
  assert.equal([sent.status, await codeOf(sent)], [404, 'not-found']);
  pipeline.actAs(owner, ['technician'], device);
  assert.is((await pipeline.head(location)).headers.get('upload-offset'), '0');
});

test('the audit trail says who has brought each parcel', async () => {
  const saved = await save(7009);
  const { uploadId } = await brought(saved);
  await pipeline.sendBytes(uploadId, saved.sealed.bytes, saved.parcel, { seal: saved.sealed.seal });
  const received = await pipeline.tools.db
    .selectFrom('audit')
    .select(sql<string>`fields ->> 'by'`.as('by'))
    .where('event', '=', 'parcel-received')
    .where(sql<boolean>`fields ->> 'uploadId' = ${uploadId}`)
    .execute();
  assert.equal(received, [{ by: carrier }]);
});

test('with any part of its ticket changed, or signed otherwise, is refused', async () => {
  const saved = await save(7003);
  const refused = async (changes: Changes) => codeOf(await saved.bring(changes));
  for (const changes of [
    { spoil: flip(0) },
    { spoil: flip(-1) },
    { claims: { digest: '0'.repeat(64) } },
    { claims: { jti: randomUUID() } },
    { claims: { aud: stickAudience('another') } },
    { claims: { iss: randomUUID() } },
    { typ: 'JWT' },
  ])
    assert.is(await refused(changes), 'stick-damaged', JSON.stringify(changes));
  assert.is(await refused({ key: 'another' }), 'seal-key-unknown');
});

test('is good for thirty days, and as long as its device may send', async () => {
  const saved = await save(7004);
  const at = (days: number) => ({ claims: { iat: now() - days * DAY_S } });
  assert.is((await saved.bring(at(STICK_DAYS - 1))).status, 200);
  assert.is(await codeOf(await saved.bring(at(STICK_DAYS + 1))), 'stick-expired');
  assert.is(await codeOf(await saved.bring(at(-1))), 'stick-clock-ahead', 'saved tomorrow');
  const { uploadId } = await brought(saved);
  const { db } = pipeline.tools;
  await db.updateTable('device').set({ revoked_at: new Date() }).where('id', '=', device).execute();
  assert.is(await codeOf(await saved.bring()), 'stick-sender-ended');
  assert.is((await pipeline.request('GET', `/upload/${uploadId}/status`)).status, 404);
});

test('does not undo what its device has promised since it was saved', async () => {
  const saved = await save(7005);
  pipeline.actAs(owner, ['technician'], device);
  const bytes = new Uint8Array(saved.instance.bytes);
  bytes[bytes.length - 1]! ^= 1;
  const { uploadId } = await pipeline.init(toManifest([{ ...saved.instance, bytes }]));
  pipeline.actAs(carrier, ['technician']);
  assert.is(await codeOf(await saved.bring({ claims: { iat: now() - 60 } })), 'stick-outdated');
  assert.is((await pipeline.request('GET', `/upload/${uploadId}/status`)).status, 404, 'nor is it carried');
  const later = await saved.bring({ claims: { iat: now() + 30 } });
  assert.equal([later.status, ((await later.json()) as CarriedAnswer).uploadId], [200, uploadId]);
});

const keptTickets = (uploadId: string) =>
  pipeline.tools.db
    .selectFrom('upload_carrier')
    .select('parcels')
    .where('upload_id', '=', uploadId)
    .execute();

test('leaves no more behind, however many tickets are shown, and no parcels once the study is closed', async () => {
  const first = await save(7006);
  const { uploadId } = await brought(first);
  for (let shown = 1; shown < 7; shown += 1) await brought(await save(7006));
  assert.is((await keptTickets(uploadId)).length, 4);
  const last = await save(7006);
  await brought(last);
  await pipeline.sendBytes(uploadId, last.sealed.bytes, last.parcel, { seal: last.sealed.seal });
  await pipeline.until(uploadId, ({ state }) => state === 'closed');
  assert.equal(
    (await keptTickets(uploadId)).map(({ parcels }) => parcels),
    [{}, {}, {}, {}],
  );
});

test('names each instance in one parcel at most, and none that its manifest does not have', () => {
  const { instances } = syntheticStudy({ seed: 7007, instancesPerSeries: 2 });
  const parcel = () => ({ id: randomUUID(), bytes: 9, keyId: 'key', enc: `${'A'.repeat(43)}=` });
  const isTicket = (...places: readonly (readonly number[])[]): boolean =>
    ticketSchema.safeParse({
      manifest: toManifest(instances.slice(0, 2)),
      parcels: places.map((held) => ({ ...parcel(), instances: held })),
    }).success;
  assert.ok(isTicket([0], [1]));
  assert.ok(isTicket([1, 0]));
  for (const places of [[[]], [[0, 0]], [[0], [0]], [[2]], [[0, 1, 2]]]) assert.not.ok(isTicket(...places));
});
const DAY_MS = DAY_S * 1000;
const ofDevice = (change: { revoked_at?: Date | null; last_seen_at?: Date }) =>
  pipeline.tools.db.updateTable('device').set(change).where('id', '=', device).execute();
const ofOwner = (change: { disabled_at?: Date | null; roles?: Role[] }) =>
  pipeline.tools.db.updateTable('account').set(change).where('id', '=', owner).execute();

/** Each way in which the device's right ends, and how it comes back. */
const RIGHT_ENDS: Record<string, readonly [end: () => Promise<unknown>, back: () => Promise<unknown>]> = {
  'the device is revoked': [() => ofDevice({ revoked_at: new Date() }), () => ofDevice({ revoked_at: null })],
  'the device is unused for too long': [
    () => ofDevice({ last_seen_at: new Date(Date.now() - (UNUSED_DAYS + 1) * DAY_MS) }),
    () => ofDevice({ last_seen_at: new Date(Date.now() - (UNUSED_DAYS - 1) * DAY_MS) }),
  ],
  'its account is disabled': [
    () => ofOwner({ disabled_at: new Date() }),
    () => ofOwner({ disabled_at: null }),
  ],
  'its account may no longer send': [
    () => ofOwner({ roles: ['auditor'] }),
    () => ofOwner({ roles: ['auditor', 'radiologist'] }),
  ],
};

/** A PATCH whose bytes come later; it was let in. */
async function beginPatch(location: string) {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const headers = {
    'tus-resumable': '1.0.0',
    'upload-offset': '0',
    'content-type': 'application/offset+octet-stream',
  };
  const init = { method: 'PATCH', headers, body: readable, duplex: 'half' } as RequestInit;
  const answer = Promise.resolve(pipeline.app.request(`/upload/${location}`, init));
  const parcelId = location.split('/').at(-1)!;
  const isLetIn = () => pipeline.lines.some((line) => 'parcelId' in line && line.parcelId === parcelId);
  await until('the PATCH to be let in', isLetIn);
  return async (bytes: Uint8Array): Promise<Response> => {
    const writer = writable.getWriter();
    await writer.write(bytes);
    await writer.close();
    return answer;
  };
}

/** Undefined: all of it is verified, and it is gone. */
async function stateOf(location: string): Promise<string | undefined> {
  const row = await pipeline.tools.db
    .selectFrom('parcel')
    .select('state')
    .where('id', '=', location.split('/').at(-1)!)
    .executeTakeFirst();
  return row?.state;
}

for (const [at, [what, [end, back]]] of Object.entries(RIGHT_ENDS).entries()) {
  test(`goes no further if its last byte comes after ${what}, and continues once the right is back`, async () => {
    const { parcel, sealed, ...saved } = await save(7010 + at);
    const { uploadId } = await brought({ parcel, sealed, ...saved });
    const created = await pipeline.create(uploadId, parcel, sealed.bytes.length, { seal: sealed.seal });
    const location = created.headers.get('location')!;
    const finish = await beginPatch(location);
    await end();
    const last = await finish(sealed.bytes);
    assert.equal([last.status, await codeOf(last)], [404, 'not-found']);
    assert.is((await pipeline.head(location)).status, 404);
    assert.is((await pipeline.request('POST', `/upload/${uploadId}/complete`)).status, 404);
    assert.is(await stateOf(location), 'receiving');
    await back();
    assert.is((await pipeline.head(location)).status, 200);
    assert.is.not(await stateOf(location), 'receiving');
  });
}

/** Reads what a stream of events tells, one status at a time. */
async function listen(query = ''): Promise<{ next(): Promise<UploadStatus>; close(): Promise<void> }> {
  const { body } = await pipeline.request('GET', `/events${query}`);
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    async next() {
      while (!text.includes('\n\n'))
        text += (await reader.read()).value ?? assert.unreachable('it has ended');
      const [event = '', ...rest] = text.split('\n\n');
      text = rest.join('\n\n');
      return JSON.parse(/^data: (.*)$/m.exec(event)![1]!) as UploadStatus;
    },
    close: () => reader.cancel(),
  };
}

for (const [at, [what, [end, back]]] of Object.entries(RIGHT_ENDS).entries()) {
  test(`is told of to its carrier no longer when ${what}`, async () => {
    const { uploadId } = await brought(await save(7020 + at));
    const { db, changes } = pipeline.tools;
    const upload = db.selectFrom('upload').select('study_id').where('id', '=', uploadId);
    const { study_id: study } = await upload.executeTakeFirstOrThrow();
    const carriers = [await listen(), await listen(`?upload=${uploadId}`)];
    pipeline.actAs(owner, ['technician']);
    const owners = await listen();
    const all = [...carriers, owners];
    for (const stream of all) assert.is((await stream.next()).uploadId, uploadId);

    await end();
    for (const change of [() => changes.emit(study), loseMessages, () => changes.emit(study)]) {
      change();
      await owners.next();
    }
    await db.updateTable('study').set({ revision: 7 }).where('id', '=', study).execute();
    await back();
    changes.emit(study);
    for (const stream of carriers) assert.is((await stream.next()).revision, 7, 'the first that it is told');
    for (const stream of all) await stream.close();
  });
}

test.run();
