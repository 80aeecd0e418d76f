import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSimulatedGateway, type SimulatedGateway } from '#testing/simulated-gateway.ts';
import { createGatewayKeys } from '#testing/simulated-state.ts';
import { createVirtualTime, watchCrypto, type VirtualTime } from '#testing/virtual-time.ts';
import { createApiClient } from '../../net/api-client.ts';
import { keyOf, type UploadQueue } from '../queue/upload-queue.ts';
import { createCarrier } from './carry-study.ts';
import { createUploader, type Uploader } from './uploader.ts';
import { uploaderTools } from '../../testing/open-uploader.ts';

const BYTES = 12;

interface World {
  readonly time: VirtualTime;
  readonly gateway: SimulatedGateway;
  /** In sending order. */
  readonly studies: { id: string; isGone: boolean; settled: boolean; isNamed: boolean }[];
  readonly uploader: Uploader;
  /** The requests, such as `POST /upload/init`; a parcel's request ends with its study's number. */
  asked(): readonly string[];
  run(isOver: () => boolean): Promise<boolean>;
}

interface Options {
  readonly studies?: number;
  readonly parcels?: number;
  /** When the nth parcel is packed. */
  readonly packedAfterMs?: (nth: number) => number;
}

const instanceAt = (study: string, nth: number) => ({
  sopInstanceUID: `1.2.${study}.${nth + 1}`,
  digest: `${study}${nth}`.padEnd(64, '0'),
});
const parcelId = (study: string, nth: number): string =>
  `10000000-0000-4000-8000-${study.padStart(8, '0')}${String(nth).padStart(4, '0')}`;
const instanceIn = (parcel: string) =>
  instanceAt(String(Number(parcel.slice(24, 32))), Number(parcel.slice(32)));
const bytesOf = (parcel: string): number[] =>
  Array.from({ length: BYTES }, (_, at) => (Number(parcel.at(-1)) + at) % 251);

/**
 * One device and its gateway in virtual time. Each study has parcels of one instance, sent in pieces of four
 * bytes.
 */
async function inWorld(options: Options, live: (world: World) => Promise<void>): Promise<void> {
  const watched = watchCrypto();
  const closed = new AbortController();
  try {
    const time = createVirtualTime(watched.isBusy);
    const gateway = createSimulatedGateway({
      time,
      faults: [],
      keys: await createGatewayKeys(),
      conflicts: new Set(),
      streams: true,
      isPoisoned: () => false,
      contentOf: (id) => ({ bytes: bytesOf(id), keys: [keyOf(instanceIn(id))] }),
    });
    const studies = Array.from({ length: options.studies ?? 1 }, (_, nth) => ({
      id: String(nth + 1),
      isGone: false,
      settled: false,
      isNamed: true,
    }));
    /** The study of each tus upload. */
    const names = new Map<string, string>();
    const queue = simulatedQueue(studies, {
      ...packedQueue(options, time),
      async parcelCreated(id, _parcel, location) {
        names.set(location, id);
      },
    });
    const asked: string[] = [];
    const uploader = openUploader(queue, time, recording(gateway, names, asked));
    const running = uploader.run(closed.signal);
    const run = (isOver: () => boolean) => time.run(isOver, 3600_000);
    await live({ time, gateway, studies, uploader, asked: () => asked, run });
    closed.abort();
    await running;
  } finally {
    closed.abort();
    watched.stop();
  }
}

/** Yields the parcels of a study as they are packed. */
function packedQueue(
  { parcels = 1, packedAfterMs = () => 0 }: Options,
  time: VirtualTime,
): Pick<UploadQueue, 'manifestOf' | 'parcelsFor'> {
  return {
    manifestOf: async (id) => ({
      protocolVersion: 1,
      policy: { name: 'identified', version: 1 },
      studyInstanceUID: `1.2.${id}`,
      instances: Array.from({ length: parcels }, (_, nth) => ({
        ...instanceAt(id, nth),
        bytes: 4,
        seriesInstanceUID: '1.2.9',
        sopClassUID: '1.2.3',
        transferSyntaxUID: '1.2.840.10008.1.2.1',
      })),
    }),
    async *parcelsFor(id, need) {
      const wanted = new Set(need.map(keyOf));
      for (let nth = 0; nth < parcels; nth += 1) {
        if (!wanted.has(keyOf(instanceAt(id, nth)))) continue;
        await time.sleep(packedAfterMs(nth));
        const name = parcelId(id, nth);
        yield {
          id: name,
          bytes: BYTES,
          instances: 1,
          location: null,
          seal: { keyId: 'k', enc: 'x' },
          read: async (offset) => new Uint8Array(bytesOf(name).slice(offset, offset + 4)),
        };
      }
    },
  };
}

/** Records each request; a parcel's ends with its study's number. */
function recording(
  gateway: SimulatedGateway,
  names: ReadonlyMap<string, string>,
  asked: string[],
): typeof fetch {
  return async (input, init) => {
    const path = new URL(String(input)).pathname;
    const study = [...names].find(([location]) => path.endsWith(location))?.[1];
    const plain = path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, '{id}');
    asked.push(`${init?.method ?? 'GET'} ${plain}${study === undefined ? '' : ` of ${study}`}`);
    return gateway.fetch(input, init);
  };
}

function openUploader(queue: UploadQueue, time: VirtualTime, fetch: typeof globalThis.fetch): Uploader {
  const tokens = { accessToken: async () => 't', renew: async () => null };
  const api = createApiClient({ baseUrl: 'http://gateway', fetch, tokens });
  return createUploader(uploaderTools({ queue, api, clock: { now: time.now, sleep: time.sleep } }));
}

const UNNAMED = { state: 'safe', uploadId: null, receiptId: null, trouble: null, turn: 0 } as const;

function simulatedQueue(
  studies: World['studies'],
  own: Pick<UploadQueue, 'manifestOf' | 'parcelsFor' | 'parcelCreated'>,
): UploadQueue {
  return {
    ...own,
    pending: async () =>
      studies.filter(({ isGone, settled }) => !isGone && !settled).map(({ id }) => ({ ...UNNAMED, id })),
    announced: async () => true,
    beginSending: async () => true,
    parcelForgotten: async () => undefined,
    parcelProgress: () => undefined,
    parcelSent: async () => undefined,
    allSent: async () => undefined,
    parcelsLost: async () => undefined,
    report: async () => undefined,
    waiting: async () => undefined,
    troubled: async () => undefined,
    refused: async () => undefined,
    async settle(id) {
      studies.find((study) => study.id === id)!.settled = true;
    },
  };
}

const ofParcels = (asked: readonly string[]): readonly string[] =>
  asked.filter((one) => one.includes('/upload/files'));

test('a study already in the PACS costs one request, plus its receipt if that is new', () =>
  inWorld({}, async ({ run, studies, asked, uploader }) => {
    assert.ok(await run(() => studies[0]!.settled));
    const before = asked().length;
    // Queued again by another person: this device does not have its receipt.
    studies[0]!.settled = false;
    uploader.wake();
    assert.ok(await run(() => studies[0]!.settled));
    assert.equal(asked().slice(before), ['POST /upload/init', 'GET /upload/{id}/receipt']);
  }));

test('completion is requested while the last piece is on its way, and accepted only once everything is acknowledged', () =>
  inWorld({}, async ({ run, studies, asked }) => {
    assert.ok(await run(() => studies[0]!.settled));
    const order = asked().filter((one) => one.includes('files') || one.includes('complete'));
    assert.equal(order.slice(0, 4), [
      'POST /upload/files',
      'PATCH /upload/files/{id} of 1',
      'PATCH /upload/files/{id} of 1',
      'POST /upload/{id}/complete',
    ]);
  }));

test('parcels are sent while others are still being packed', () =>
  inWorld({ parcels: 3, packedAfterMs: (nth) => nth * 60_000 }, async ({ run, asked, time, studies }) => {
    const startedAt = time.now();
    assert.ok(await run(() => ofParcels(asked()).length >= 3));
    assert.ok(time.now() - startedAt < 60_000, 'the first is sent before the second is packed');
    assert.ok(await run(() => studies[0]!.settled));
    assert.is(asked().filter((one) => one === 'POST /upload/init').length, 1);
  }));

test('the first study in order gets the lanes, the others use the free ones; a study put first goes next', () =>
  inWorld({ studies: 3, parcels: 6 }, async ({ run, asked, studies, uploader }) => {
    assert.ok(await run(() => ofParcels(asked()).length > 8));
    const last = studies.pop()!;
    studies.unshift(last);
    const before = asked().length;
    uploader.wake();
    assert.ok(await run(() => studies.every(({ settled }) => settled)));
    const pieces = asked()
      .slice(before)
      .filter((one) => one.startsWith('PATCH'));
    const mine = (one: string) => one.endsWith(` of ${last.id}`);
    const until = pieces.slice(0, pieces.findLastIndex(mine) + 1);
    assert.ok(until.length < pieces.length, 'it is sent before the others');
    assert.ok(until.filter(mine).length * 2 > until.length, `it has most lanes: ${until.join(', ')}`);
  }));

test('a paused study stops within its piece and continues at the same byte', () =>
  inWorld({ parcels: 2 }, async ({ run, asked, studies, uploader, time }) => {
    assert.ok(await run(() => asked().some((one) => one.startsWith('PATCH'))));
    studies[0]!.isGone = true;
    uploader.wake();
    const before = asked().length;
    assert.not(await time.run(() => false, 60_000));
    assert.is(asked().length, before, 'not one request more');
    studies[0]!.isGone = false;
    uploader.wake();
    assert.ok(await run(() => studies[0]!.settled));
  }));

test('a study left out as a whole is followed to its receipt, not announced empty', async () => {
  const said: string[] = [];
  const nobody = async (path: string): Promise<never> => assert.unreachable(path) as never;
  const queue: Partial<UploadQueue> = {
    manifestOf: async () => ({
      protocolVersion: 1,
      policy: { name: 'identified', version: 1 },
      studyInstanceUID: '1.2',
      instances: [],
    }),
    beginSending: async () => said.push('started') > 0,
    allSent: async () => void said.push('all-sent'),
  };
  const carrier = createCarrier(
    uploaderTools({
      queue: queue as UploadQueue,
      api: { baseUrl: '', send: nobody, json: nobody, text: nobody },
      clock: { now: () => 0, sleep: async () => undefined },
      follower: { follow: () => undefined, close: () => undefined },
      awaitReceipts: false,
    }),
  );
  await carrier.carry(
    { id: 'a', state: 'uploading', uploadId: 'u', receiptId: null, trouble: null, turn: 1 },
    new AbortController().signal,
  );
  assert.equal(said, ['started', 'all-sent']);
});

test.run();
