/**
 * For the tests of the queue: a database in memory, a gateway's key pair, and a study that was named and
 * packed through the real doors.
 */
import { Dexie } from 'dexie';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { signal } from '@preact/signals';
import type { SealingKey, UploadStatus } from '#shared/protocol/api.ts';
import type { ManifestAnswer } from '#shared/protocol/manifest.ts';
import type { Receipt, ReceiptInstance } from '#shared/protocol/receipt.ts';
import { sha256OfBlob } from '#shared/transfer/digest.ts';
import { sizeOf } from '#shared/transfer/instance-bytes.ts';
import { createOpener, SEAL_TAG_BYTES, SEALED_RECORD_BYTES } from '#shared/transfer/seal.ts';
import type { DecisionTools } from '../pipeline/queue/rows/decide-study.ts';
import { deviceKey } from '../pipeline/queue/rows/device-key.ts';
import { createInstanceQueue, type InstanceQueueTools } from '../pipeline/queue/rows/instance-queue.ts';
import { openLocalDatabase, type LocalDatabase } from '../pipeline/queue/rows/local-database.ts';
import { beginStudy, finishNaming, nameInstances } from '../pipeline/queue/rows/name-study.ts';
import type { Outgoing, PreparedInstance } from '#shared/ingest/outgoing.ts';
import { createQueueStore, type QueueStoreTools } from '../pipeline/queue/queue.store.ts';
import { finishPacking } from '../pipeline/queue/rows/finish-packing.ts';
import { storeParcel } from '../pipeline/queue/rows/store-parcel.ts';
import type { CheckedReceipt, ParcelToSend, UploadQueue } from '../pipeline/queue/upload-queue.ts';
import { ownStorage } from './own-storage.ts';
import { recordedReceipt } from './recorded-receipt.ts';

export const STUDY = '1.2.826.0.1.3680043.8.498.1';
export const POLICY = { name: 'identified', version: 1, deidentify: false };
export const TITLE = {
  patientName: 'Planted^Name',
  patientId: 'PLANTED-ID',
  patientBirthDate: '19700101',
  studyDate: '20260101',
  description: 'Planted description',
  accessionNumber: 'PLANTED-ACC',
  modalities: ['CT'],
  bodyParts: ['CHEST'],
};

// Dexie follows queries only where it knows of an IndexedDB at all; each database brings its own.
Dexie.dependencies.indexedDB ??= new IDBFactory();

export interface TestDevice {
  readonly database: LocalDatabase;
  readonly key: CryptoKey;
  /** Passed again to open the same database from a reloaded page. */
  readonly factory: IDBFactory;
}

/** `prepare`: changes the database before it is opened. */
export async function openDevice(
  factory = new IDBFactory(),
  prepare: (database: LocalDatabase) => void = () => undefined,
): Promise<TestDevice> {
  const database = openLocalDatabase({ indexedDB: factory, IDBKeyRange });
  prepare(database);
  return { database, key: await deviceKey(database), factory };
}

/** Under a name of its own: Dexie keeps what it read by the name, and tells all databases of one name. */
export async function openOwnDevice(): Promise<TestDevice> {
  const factory = new IDBFactory();
  const database = openLocalDatabase({ indexedDB: factory, IDBKeyRange, name: crypto.randomUUID() });
  return { database, key: await deviceKey(database), factory };
}

export interface TestKeys {
  readonly sealingKey: SealingKey;
  readonly privateKey: CryptoKey;
}

/** A key pair like the gateway's. */
export async function makeSealingKeys(kid = 'k1'): Promise<TestKeys> {
  const { publicKey, privateKey } = (await crypto.subtle.generateKey({ name: 'X25519' }, true, [
    'deriveBits',
  ])) as CryptoKeyPair;
  const { x } = await crypto.subtle.exportKey('jwk', publicKey);
  return { sealingKey: { kid, kty: 'OKP', crv: 'X25519', x: x! }, privateKey };
}

export type TestInstance = Outgoing<PreparedInstance> & { readonly position: number };

export async function prepareInstance(position: number, bytes: number, text = ''): Promise<TestInstance> {
  const blob = new Blob([text.padEnd(bytes, String.fromCharCode(97 + (position % 26)))]);
  return {
    studyInstanceUID: STUDY,
    seriesInstanceUID: `${STUDY}.1`,
    sopInstanceUID: `${STUDY}.1.${position + 1}`,
    sopClassUID: '1.2.840.10008.5.1.4.1.1.2',
    transferSyntaxUID: '1.2.840.10008.1.2.1',
    bytes: blob,
    digest: await sha256OfBlob(blob),
    originalDigest: null,
    position,
  } as TestInstance;
}

export interface TestStudy {
  readonly account?: string | null;
  readonly queuedAt?: number;
}

/** A study of instances of these `sizes`, named but not packed. */
export async function nameStudy(
  { database, key }: TestDevice,
  id: string,
  sizes: readonly number[],
  { account = 'a', queuedAt = 1 }: TestStudy = {},
): Promise<TestInstance[]> {
  await beginStudy(database, key, {
    id,
    queuedAt,
    account,
    policy: POLICY,
    title: TITLE,
    about: { modalities: ['CT'], series: 1 },
    chosen: sizes.length,
  });
  const instances = await Promise.all(
    sizes.map((bytes, position) => prepareInstance(position, bytes, 'Planted^Name in the header')),
  );
  await nameInstances(
    database,
    id,
    instances.map(({ bytes, originalDigest: _, ...instance }) => ({ ...instance, bytes: sizeOf(bytes) })),
  );
  await finishNaming(database, id);
  return instances;
}

/** Packs one instance into a parcel, named after the study and its position. */
export async function packOne(
  { database }: TestDevice,
  { sealingKey }: TestKeys,
  id: string,
  instance: TestInstance,
): Promise<void> {
  await storeParcel(database, sealingKey, {
    id: `${id}-${instance.position}`,
    studyId: id,
    instances: [instance],
  });
}

/** A study that is safe on the device. */
export async function queueStudy(
  device: TestDevice,
  id: string,
  sizes: readonly number[],
  about: TestStudy & { readonly keys?: TestKeys } = {},
): Promise<TestInstance[]> {
  const keys = about.keys ?? (await makeSealingKeys());
  const instances = await nameStudy(device, id, sizes, about);
  for (const instance of instances) await packOne(device, keys, id, instance);
  await finishPacking(device.database, id);
  return instances;
}

/** Nothing holds any of them. */
export const OPEN_LOCKS = {
  request: async (_: string, work: () => unknown) => work(),
} as unknown as Pick<LockManager, 'request'>;

export function queueOver({ database }: TestDevice, tools: Partial<InstanceQueueTools> = {}): UploadQueue {
  return createInstanceQueue({
    database,
    account: 'a',
    now: () => 1,
    isMetered: () => false,
    packerGone: () => new Promise(() => undefined),
    decide: async () => undefined,
    locks: OPEN_LOCKS,
    ...tools,
  });
}

/** The gateway's answer to an announcement. */
export const answerOf = (some: Partial<ManifestAnswer> = {}): ManifestAnswer => ({
  ...{ uploadId: 'u1', studyInstanceUID: STUDY, revision: 1, have: [], need: [], conflict: [] },
  ...some,
});

/** A device with a study of which every byte has been sent: its receipt comes next. */
export async function openSent(sizes: readonly number[], tools: Partial<InstanceQueueTools> = {}) {
  const device = await openDevice();
  const keys = await makeSealingKeys();
  const instances = await queueStudy(device, 'study', sizes, { keys });
  const queue = queueOver(device, tools);
  await sendAll(queue, 'study');
  const rowOf = async () => (await device.database.studies.get('study'))!;
  return { device, database: device.database, keys, instances, queue, rowOf };
}

export async function sendAll(queue: UploadQueue, id: string): Promise<void> {
  await queue.announced(id, answerOf());
  await queue.beginSending(id);
  await queue.allSent(id);
}

/** The tools of decisions, with a gateway that takes each of them. */
export const decisionTools = (
  { database }: Pick<TestDevice, 'database'>,
  some: Partial<DecisionTools> = {},
): DecisionTools => ({
  ...{ database, isOnline: signal(true), now: () => 1, locks: OPEN_LOCKS },
  decide: async () => undefined,
  withdraw: async () => undefined,
  wake: () => undefined,
  later: () => undefined,
  ...some,
});

/** Closes with the block that declares it `using`. */
export function storeOver({ database, key }: TestDevice, tools: Partial<QueueStoreTools> = {}) {
  const store = createQueueStore({
    database,
    key: Promise.resolve(key),
    now: () => 1,
    account: signal('a'),
    isOnline: signal(true),
    isMetered: signal(false),
    unsafe: signal(0),
    later: () => undefined,
    decide: async () => undefined,
    withdraw: async () => undefined,
    locks: OPEN_LOCKS,
    noteTakeOver: async () => undefined,
    wake: () => undefined,
    place: ownStorage(),
    uploads: async (): Promise<UploadStatus[]> => [],
    ...tools,
  });
  return Object.assign(store, { [Symbol.dispose]: store.close });
}

/** `states`: of the first instances; the last one is that of all others too. */
export function receiptOf(
  instances: readonly PreparedInstance[],
  ...states: readonly ReceiptInstance['state'][]
): CheckedReceipt {
  const named = instances.map(({ sopInstanceUID, digest, bytes }, at): ReceiptInstance => {
    const state = states[at] ?? states.at(-1)!;
    const because = state === 'refused' ? { reason: 'pacs-refused' } : {};
    return { sopInstanceUID, digest, bytes: sizeOf(bytes), state, ...because };
  });
  const receipt = recordedReceipt({
    ...{ jti: crypto.randomUUID(), iat: 1, studyInstanceUID: STUDY, revision: 1, instances: named },
  });
  return { jws: 'a.b.c', receipt };
}

/** The receipt, with another word on each instance. */
export const receiptWith = (
  { jws, receipt }: CheckedReceipt,
  say: (one: ReceiptInstance, at: number) => ReceiptInstance,
  more: Partial<Receipt> = {},
): CheckedReceipt => ({ jws, receipt: { ...receipt, instances: receipt.instances.map(say), ...more } });

/** All bytes of a parcel as sent, read in pieces that do not align with records. */
export async function bytesOf(parcel: ParcelToSend): Promise<Uint8Array<ArrayBuffer>> {
  const whole = new Uint8Array(parcel.bytes);
  for (let at = 0; at < parcel.bytes; at += 700_000) whole.set(await parcel.read(at, 700_000), at);
  return whole;
}

/** The parcel as the gateway opens it. */
export async function openParcel(parcel: ParcelToSend, { privateKey }: TestKeys): Promise<Blob> {
  const sealed = await bytesOf(parcel);
  if (parcel.seal === null) return new Blob([sealed]);
  const opener = await createOpener(privateKey, parcel.seal.enc, parcel.id);
  const records: Uint8Array<ArrayBuffer>[] = [];
  const size = SEALED_RECORD_BYTES + SEAL_TAG_BYTES;
  for (let at = 0; at < sealed.length; at += size) {
    const record = await opener.open(sealed.subarray(at, at + size), at + size >= sealed.length);
    if (record === null) throw new Error('a record does not hold');
    records.push(record as Uint8Array<ArrayBuffer>);
  }
  return new Blob(records);
}

/** Everything in the database, as one text. */
export async function onDisk(database: LocalDatabase): Promise<string> {
  const texts: string[] = [];
  for (const table of database.tables) {
    for (const row of await table.toArray())
      texts.push(
        JSON.stringify(row, (_, value: unknown) =>
          value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
        ),
      );
  }
  return texts.join('\n');
}
