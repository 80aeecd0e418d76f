/**
 * The stick, with a real gateway and a real Orthanc: a device without a network saves a study, the file is carried
 * and sent from two machines at once and again, and the device then finds everything in the PACS.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { policyAnswerSchema, uploadStatusSchema } from '#shared/protocol/api.ts';
import { sizeOf } from '#shared/transfer/instance-bytes.ts';
import { openStick } from '#shared/transfer/stick.ts';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { instanceIdsOfStudy } from '#testing/ask-orthanc.ts';
import { createIdentitySearch } from '#testing/find-identities.ts';
import { until } from '#testing/gateway-under-test.ts';
import { ADMIN_PASSWORD, openSystem } from '#testing/open-system.ts';
import { runRelay } from '#testing/run-relay.ts';
import { sha256 } from '#testing/sha256.ts';
import { syntheticStudy, type SyntheticStudy } from '#testing/synthetic-study.ts';
import { createApiClient } from '../../client/src/net/api-client.ts';
import { createServerClock } from '../../client/src/net/server-clock.ts';
import { createSession } from '../../client/src/net/session.ts';
import {
  makeSealingKeys,
  openDevice,
  queueOver,
  type TestInstance,
} from '../../client/src/testing/open-queue.ts';
import { knownPolicies } from '../../client/src/pipeline/queue/rows/device-notes.ts';
import { beginStudy, finishNaming, nameInstances } from '../../client/src/pipeline/queue/rows/name-study.ts';
import { finishPacking } from '../../client/src/pipeline/queue/rows/finish-packing.ts';
import { keepRight, keptRight } from '../../client/src/pipeline/queue/rows/kept-rights.ts';
import { policyRequest, rememberPolicies } from '../../client/src/pipeline/queue/rows/remember-policies.ts';
import { storeParcel } from '../../client/src/pipeline/queue/rows/store-parcel.ts';
import { realClock } from '../../client/src/net/clock.ts';
import { createFollower } from '../../client/src/pipeline/upload/follow-events.ts';
import { packStick } from '../../client/src/pipeline/upload/sender/pack-stick.ts';
import { createUploadRight } from '../../client/src/pipeline/upload/upload-right.ts';
import { createUploader } from '../../client/src/pipeline/upload/uploader.ts';
import { freePort } from '../system/ports.ts';

const CARRIERS = 'the password of a carrier';
const test = suite('the stick');

/** A study in the queue of a device, by its id there. */
interface Queued {
  readonly id: string;
  readonly study: SyntheticStudy;
}

const queuedStudy = (nth: number): Queued => ({
  id: `a0000000-0000-4000-8000-00000000000${nth}`,
  study: syntheticStudy({ seed: 4710 + nth, instancesPerSeries: 3 }),
});
const first = queuedStudy(1);
const { study } = first;

interface Sent {
  readonly code: number;
  readonly said: string;
  readonly files: readonly {
    readonly path: string;
    readonly faults: readonly { readonly study: number; readonly reason: string }[];
  }[];
  readonly studies: readonly {
    readonly uploadId: string;
    readonly receipt: string | null;
    readonly instances: readonly { readonly sopInstanceUID: string; readonly state: string }[];
  }[];
}

async function openWorld() {
  const system = await openSystem();
  const command = (user: string, args: readonly string[], address = system.gateway.api) =>
    runRelay([...args, '--user', user, '--gateway', address], {
      RELAY_PASSWORD: user === 'admin' ? ADMIN_PASSWORD : CARRIERS,
      RELAY_NEW_PASSWORD: CARRIERS,
    });
  return {
    ...system,
    command,
    async send(user: string, file: string): Promise<Sent> {
      const { code, out, said } = await command(user, ['send', file, '--wait', '--json']);
      const told = JSON.parse(out === '' ? '{"studies":[],"files":[]}' : out) as Pick<
        Sent,
        'studies' | 'files'
      >;
      return { code, said, ...told };
    },
  };
}

let world: Awaited<ReturnType<typeof openWorld>>;
test.before(async () => {
  world = await openWorld();
  for (const name of ['carrier', 'another'])
    assert.is((await world.command('admin', ['user', 'add', name, '--roles', 'technician'])).code, 0);
});
test.after(async () => world?.close());

/** A device of the administrator, as it is after a sign-in with a network. */
async function enrolledDevice() {
  const baseUrl = world.gateway.api;
  const device = await openDevice();
  const { database } = device;
  const alone = <T>(work: () => Promise<T>) => work();
  const session = createSession({ baseUrl, fetch, now: () => performance.now(), alone });
  await session.signIn('admin', ADMIN_PASSWORD);
  const account = session.user.peek()!.id;
  const api = createApiClient({ baseUrl, fetch, tokens: session });
  const known = await rememberPolicies(
    database,
    await api.json(await policyRequest(database), policyAnswerSchema),
  );
  const right = createUploadRight({
    baseUrl,
    fetch,
    alone,
    session: () => session,
    clock: createServerClock({
      wall: Date.now,
      monotonic: () => performance.now(),
      keep: () => undefined,
    }),
    monotonic: () => performance.now(),
    newId: () => crypto.randomUUID(),
    store: { get: () => keptRight(database, account), put: (kept) => keepRight(database, account, kept) },
  });
  await right.accessToken();
  return { device, database, account, api, right, sealingKey: known.sealingKey! };
}

type Device = Awaited<ReturnType<typeof enrolledDevice>>;

/** Queues the study as the page does, two instances in a parcel. */
async function queueHere(
  { device, database, account, sealingKey }: Device,
  { id, study: queued }: Queued,
): Promise<void> {
  const instances = queued.instances.map(({ identifiers, transferSyntaxUID, bytes }, position) => ({
    ...identifiers,
    transferSyntaxUID,
    bytes: new Blob([bytes]),
    digest: sha256(bytes),
    originalDigest: null,
    position,
  })) as readonly unknown[] as readonly TestInstance[];
  await beginStudy(database, device.key, {
    id,
    queuedAt: 1,
    account,
    policy: { name: 'identified', version: 1, deidentify: false },
    title: {
      patientName: queued.planted[0]!,
      patientId: queued.planted[1]!,
      patientBirthDate: '',
      studyDate: '',
      description: '',
      accessionNumber: '',
      modalities: ['CT'],
      bodyParts: [],
    },
    about: { modalities: ['CT'], series: 1 },
    chosen: instances.length,
  });
  await nameInstances(
    database,
    id,
    instances.map(({ bytes, originalDigest: _, ...instance }) => ({ ...instance, bytes: sizeOf(bytes) })),
  );
  await finishNaming(database, id);
  for (const series of Map.groupBy(instances, ({ seriesInstanceUID }) => seriesInstanceUID).values())
    for (let at = 0; at < series.length; at += 2)
      await storeParcel(database, sealingKey, {
        id: crypto.randomUUID(),
        studyId: id,
        instances: series.slice(at, at + 2),
      });
  await finishPacking(database, id);
}

async function saveHere({ database, account }: Device, { id }: Queued, name: string): Promise<string> {
  const packed = await packStick({ database, account, now: Date.now, newId: () => crypto.randomUUID() }, [
    id,
  ]);
  if (packed.kind !== 'packed') throw new Error(packed.kind);
  const pieces: Uint8Array[] = [];
  for await (const piece of packed.pieces()) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  assert.is(bytes.length, packed.bytes);
  const path = join(world.folder, name);
  await writeFile(path, bytes);
  return path;
}

/** The device meets the network again. */
async function comeBack({ device, account, right }: Device): Promise<void> {
  const api = createApiClient({ baseUrl: world.gateway.api, fetch, tokens: right });
  const uploader = createUploader({
    api,
    queue: queueOver(device, { account }),
    clock: realClock,
    random: Math.random,
    patienceMs: 60_000,
    awaitReceipts: true,
    follower: createFollower({ api, clock: realClock, random: Math.random }),
    isOnline: () => true,
    signedIn: () => Promise.reject(new Error('the right has ended')),
    onLink: () => undefined,
    onRate: () => undefined,
    onDiagnosis: () => undefined,
  });
  await uploader.drain(new AbortController().signal);
}

const storedCount = async ({ study: sent } = first): Promise<number> =>
  (await instanceIdsOfStudy(world.orthanc, sent.studyInstanceUID)).length;

test('a saved study is sent by two machines at once and again: one upload, each instance once, one receipt; the device lets go', async () => {
  const device = await enrolledDevice();
  await queueHere(device, first);
  const file = await saveHere(device, first, 'study.relaypacs');
  const bytes = await readFile(file);

  const search = createIdentitySearch(study.planted);
  assert.ok(
    search.inBytes(Buffer.from(study.instances[0]!.bytes)).length > 0,
    'the search finds what is there',
  );
  assert.equal(search.inBytes(bytes), []);
  const uids = createIdentitySearch([study.studyInstanceUID]);
  assert.equal(uids.inBytes(bytes), [], 'not even the study is named');

  const damaged = Buffer.from(bytes);
  const [saved] = await openStick(bytesSource(bytes));
  damaged[saved!.ticket.digestAt - 1]! ^= 1;
  await writeFile(join(world.folder, 'damaged.relaypacs'), damaged);
  assert.is((await world.send('carrier', join(world.folder, 'damaged.relaypacs'))).code, 1);
  assert.is(await storedCount(), 0);

  const both = await Promise.all(['carrier', 'another'].map((user) => world.send(user, file)));
  const again = await world.send('carrier', file);
  for (const { code, said, studies } of [...both, again]) {
    assert.is(code, 0, said);
    assert.equal(
      studies[0]!.instances.map(({ state }) => state),
      study.instances.map(() => 'stored'),
    );
  }
  const all = [...both, again].map(({ studies }) => studies[0]!);
  assert.is(new Set(all.map(({ uploadId }) => uploadId)).size, 1, 'one upload');
  assert.is(new Set(all.map(({ receipt }) => receipt)).size, 1, 'one receipt');
  assert.is(await storedCount(), study.instances.length, 'each instance once');

  await comeBack(device);
  const { database } = device;
  const row = await database.studies.get(first.id);
  assert.equal([row?.state, row?.uploadId], ['done', all[0]!.uploadId]);
  assert.is(await database.records.count(), 0, 'no copy stays');
  assert.is(await storedCount(), study.instances.length);
});

test('a damaged parcel is named and the rest is sent; the file as it was saved then brings what is missing', async () => {
  const second = queuedStudy(2);
  const device = await enrolledDevice();
  await queueHere(device, second);
  const file = await saveHere(device, second, 'second.relaypacs');
  const damaged = await readFile(file);
  const [saved] = await openStick(bytesSource(new Uint8Array(damaged)));
  // In the order of their random ids: the one with two of the three instances is larger.
  const [broken, whole] = saved!.parcels.toSorted((one, other) => other.bytes - one.bytes);
  assert.ok(whole, 'the study has two parcels');
  damaged[broken!.digestAt - 1]! ^= 1;
  const copy = join(world.folder, 'copied-badly.relaypacs');
  await writeFile(copy, damaged);

  const sent = await world.send('carrier', copy);
  assert.is(sent.code, 1);
  assert.match(sent.said, 'study 1: A part of this study is damaged. Copy the file again');
  assert.equal(sent.files, [{ path: copy, faults: [{ study: 1, reason: 'damaged' }] }]);
  const { uploadId } = sent.studies[0]!;
  await until('the whole parcel to be at the gateway', async () => {
    const { counts } = await device.api.json(`/upload/${uploadId}/status`, uploadStatusSchema);
    return counts.promised === 3 && counts.atGateway === 1;
  });
  assert.is(await storedCount(second), 0, 'nothing of an unfinished study');

  const again = await world.send('carrier', file);
  assert.is(again.code, 0, again.said);
  assert.is(again.studies[0]!.uploadId, uploadId);
  assert.is(await storedCount(second), 3);
});

test('a file that was saved for another gateway is not sent, and says so', async () => {
  const third = queuedStudy(3);
  const device = await enrolledDevice();
  const { sealingKey } = await makeSealingKeys('another-gateway');
  const elsewhere = { ...device, sealingKey };
  await queueHere(elsewhere, third);
  const known = await knownPolicies(device.database);
  await device.database.device.put({ name: 'policies', value: { ...known, sealingKey } });
  const sent = await world.send('carrier', await saveHere(elsewhere, third, 'third.relaypacs'));
  assert.equal([sent.code, sent.studies.length], [1, 0]);
  assert.match(sent.said, 'This file was saved for another gateway. (seal-key-unknown)');
});

test('a gateway that cannot be reached is told by exit code 3', async () => {
  const fourth = queuedStudy(4);
  const device = await enrolledDevice();
  await queueHere(device, fourth);
  const file = await saveHere(device, fourth, 'fourth.relaypacs');
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const { code, said, out } = await world.command('carrier', ['send', file], nobody);
  assert.equal([code, out], [3, '']);
  assert.match(said, `cannot be reached at ${nobody}`);
});

test('a file that is none is refused by name', async () => {
  const none = join(world.folder, 'none');
  await writeFile(none, 'not a stick');
  const refused = await world.command('carrier', ['send', none]);
  assert.equal([refused.code, refused.said], [1, 'This is not a file with studies saved for a stick.']);
  assert.is((await world.command('carrier', ['send', join(world.folder, 'missing')])).code, 2);
  assert.is((await world.command('carrier', ['send'])).code, 2);
});

test.run();
