/**
 * The world of a run of chaos: two gateways on one PostgreSQL and one data directory behind a balancer, a
 * real Orthanc behind a proxy that counts, and before them all a slow wire with a link behind it that can be
 * cut: a cut loses the bytes on their way. Every part can be killed and started again on its port and in its
 * folder.
 *
 *   devices ─► wire (20 Mbit/s, 30 ms) ─► link (cut, paused) ─► balancer (counts) ─► gateway 1, 2 ─► proxy (counts) ─► Orthanc
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PASSWORD } from '#testing/accounts.ts';
import { type Balancer, type EndedBy, startBalancer } from '#testing/balancer.ts';
import { type Link, startLink } from '#testing/link.ts';
import { type RecordingProxy, startRecordingProxy } from '#testing/recording-proxy.ts';
import { type ShapedLink, startShapedLink } from '#testing/shaped-link.ts';
import { createUploadBytes, type SentAgain } from '#testing/upload-bytes.ts';
import { type RunningOrthanc, startOrthanc } from '../../system/orthanc.ts';
import { type RunningPostgres, startPostgres } from '../../system/postgres.ts';
import { findFaketime } from '../../system/shifted-clock.ts';
import { type ChaosGateway, createChaosGateway } from './gateway.ts';
import type { State } from './state.ts';
import { openStorage, type Storage } from './storage.ts';

const WIRE = { roundTripMs: 30, bitsPerSecond: 20e6 };
/**
 * A balancer in the field keeps a connection on one gateway; ours now and then changes the gateway in the
 * middle.
 */
const CONNECTION_BYTES = 40_000_000;
/** A busy machine lets the balancer see a cut of the link so late. */
const SEEN_WITHIN_MS = 1_500;
/** The gateways of one site keep the same time: each accepts the other's tokens. */
const SECOND_GATEWAY_SECONDS = 20;

/** Something that is there or not. */
export type Part = { start(): Promise<void>; kill(): Promise<void> };

export type World = {
  readonly folder: string;
  /** Where devices find the web app, and the API under /api. */
  readonly address: string;
  readonly link: Link;
  readonly gateways: readonly ChaosGateway[];
  readonly database: Part;
  readonly pacs: Part & { readonly restUrl: string; readonly authorization: string };
  readonly storage: Storage;
  readonly faketime: string | null;
  setClocks(seconds: number): Promise<void>;
  /** Brings what was counted into the state. */
  count(): void;
  /** Requests of this process's time whose bytes were sent again. */
  sentAgain(): readonly SentAgain[];
  /** Until everything that was killed is back. */
  untilWhole(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
};

type Tools = { readonly folder: string; readonly state: State };

async function openPacs({ folder, state }: Tools): Promise<World['pacs'] & { url: string }> {
  let orthanc: RunningOrthanc;
  const start = async (): Promise<void> => {
    orthanc = await startOrthanc({ folder: join(folder, 'pacs'), port: state.ports.pacs });
  };
  await start();
  const { url, restUrl, authorization } = orthanc!;
  return {
    url,
    restUrl,
    authorization,
    start,
    async kill() {
      try {
        process.kill(orthanc.pid, 'SIGKILL');
      } catch {
        // Orthanc had ended.
      }
      await orthanc.exited;
    },
  };
}

async function openDatabase({ folder, state }: Tools): Promise<Part & { url: string }> {
  let server: RunningPostgres;
  const start = async (): Promise<void> => {
    server = await startPostgres({ folder: join(folder, 'postgres'), port: state.ports.database });
  };
  await start();
  return { url: server!.url, start, kill: () => server.crash() };
}

type Road = {
  readonly link: Link;
  readonly wire: ShapedLink;
  readonly balancer: Balancer;
  readonly proxy: RecordingProxy;
  sentAgain(): readonly SentAgain[];
  count(): void;
  stop(): Promise<void>;
};

/**
 * Why a connection ended over a request that had no answer. The balancer sees a moment later what the link
 * did.
 */
function nameEnd(by: EndedBy, link: Link): string {
  if (by === 'server') return 'gateway ended';
  return by === 'balancer' || link.cutAgoMs() < SEEN_WITHIN_MS ? 'link cut' : 'device ended';
}

async function openRoad(state: State, pacsUrl: string): Promise<Road> {
  const bytes = createUploadBytes((by) => nameEnd(by, link));
  const proxy = await startRecordingProxy(pacsUrl);
  const balancer = await startBalancer(
    state.ports.gateways.map(({ web }) => web),
    CONNECTION_BYTES,
    () => bytes.listen(),
  );
  const link = await startLink(balancer.port);
  const wire = await startShapedLink({ targetPort: link.port, ...WIRE, port: state.ports.device });
  return {
    link,
    wire,
    balancer,
    proxy,
    sentAgain: () => bytes.sentAgain(),
    count() {
      Object.assign(state.bytes, bytes.counts(), { ended: balancer.ended });
      for (const [uid, times] of proxy.posted) state.posted[uid] = times;
    },
    async stop() {
      await wire.stop();
      await link.stop();
      await balancer.stop();
      await proxy.stop();
    },
  };
}

function createGateways(
  { folder, state }: Tools,
  faketime: string | null,
  databaseUrl: string,
  pacs: { url: string; authorization: string },
): ChaosGateway[] {
  return state.ports.gateways.map(({ api, web }, which) => {
    const name = `gateway-${which + 1}`;
    const env = {
      RELAY_PORT: String(api),
      RELAY_WEB_PORT: String(web),
      RELAY_DATA_DIR: join(folder, 'data'),
      RELAY_ADMIN_PASSWORD: PASSWORD,
      RELAY_RATE_LIMIT: 'off',
      RELAY_PUBLIC_URL: 'http://localhost',
      DATABASE_URL: databaseUrl,
      PACS_URL: pacs.url,
      PACS_AUTHORIZATION: pacs.authorization,
    };
    return createChaosGateway({ name, folder, port: api, env, faketime });
  });
}

/** Starts all of it. */
export async function openWorld(tools: Tools): Promise<World> {
  const { folder, state } = tools;
  await mkdir(folder, { recursive: true });
  const pacs = await openPacs(tools);
  const database = await openDatabase(tools);
  const faketime = await findFaketime();
  const road = await openRoad(state, pacs.url);
  // Last: if anything fails before it, nothing stays mounted.
  const storage = await openStorage(join(folder, 'data'));
  const gateways = createGateways(tools, faketime, database.url, {
    url: road.proxy.url,
    authorization: pacs.authorization,
  });
  const setClocks = async (seconds: number): Promise<void> => {
    state.clockOffset = seconds;
    await Promise.all(
      gateways.map((gateway, which) => gateway.setClock(seconds + which * SECOND_GATEWAY_SECONDS)),
    );
  };
  await setClocks(state.clockOffset);
  for (const gateway of gateways) gateway.want();
  return {
    folder,
    gateways,
    database,
    pacs,
    storage,
    faketime,
    setClocks,
    address: `http://127.0.0.1:${road.wire.port}`,
    link: road.link,
    count: road.count,
    sentAgain: road.sentAgain,
    async untilWhole(signal) {
      for (const gateway of gateways) {
        while (!(await gateway.isReady())) {
          signal.throwIfAborted();
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
      }
    },
    async close() {
      await Promise.all(gateways.map((gateway) => gateway.kill('SIGKILL')));
      await road.stop();
      await Promise.all([pacs.kill(), database.kill()]);
    },
  };
}
