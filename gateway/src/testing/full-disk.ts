/**
 * A disk under the gateway's data that is full, and is emptied in steps: a small tmpfs, while studies are announced,
 * half sent, and wait for the PACS. As long as there is too little room, every request that brings something is
 * answered 507 and all others are answered; nothing acknowledged is lost, and all ends once there is room.
 */
import { execFile } from 'node:child_process';
import { rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { ADMIN, PASSWORD } from '#testing/accounts.ts';
import { type GatewayUnderTest, until } from '#testing/gateway-under-test.ts';
import { type Link, startLink } from '#testing/link.ts';
import { type SyntheticInstance, syntheticStudy } from '#testing/synthetic-study.ts';
import { askAt, type Answer, type Asked, type Door, signIn } from '../../../scripts/lab/hostile/door.ts';
import { announce, createParcel, manifestOf, parcelOf } from '../../../scripts/lab/hostile/send-instance.ts';
import { findFaults, openGateway, startLoad } from './kill-under-load.ts';
import { startLyingPacs } from './lying-dicomweb.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const MB = 1024 ** 2;

/** The database with all its log, its reserve, and room above the floor under which nothing new is taken. */
const SIZE = '640m';
/** The gateway's: with less room it takes nothing new (docs/operate.md). */
const FLOOR_BYTES = 128 * MB;
/** So near the floor, the database's log decides from one request to the next. */
const NEAR_BYTES = 24 * MB;

/** Mounts a small disk; null where this user may not. */
export async function mountSmallDisk(folder: string): Promise<(() => Promise<void>) | null> {
  if (process.platform !== 'linux') return null;
  const mounted = await ignoreFailure(
    promisify(execFile)('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=0755`, 'tmpfs', folder]),
    'only root may',
  );
  if (mounted === undefined) return null;
  return async () => void (await promisify(execFile)('umount', ['-l', folder]));
}

/** The disk at one step. `wrong`: answers that were not the right ones. */
type DiskStep = {
  readonly freeMb: number;
  /** Null: too near the floor to say. */
  readonly isLow: boolean | null;
  readonly wrong: readonly string[];
};

export type FullDiskOutcome = {
  readonly steps: readonly DiskStep[];
  /** How often the load was answered 507. */
  readonly refused: number;
  /** All that was not as it has to be, in words. */
  readonly faults: readonly string[];
};

type World = { readonly gateway: GatewayUnderTest; readonly link: Link; readonly folder: string };
type Devices = Readonly<Record<'waiting' | 'half' | 'announced', Device>>;

/** `folder`: the small disk. `steps`: at least two: full, and empty. */
export async function emptyDisk(
  folder: string,
  steps: number,
  random: () => number,
): Promise<FullDiskOutcome> {
  const studies = [10, 11, 12].map((seed) => syntheticStudy({ seed, rows: 32, columns: 32 }).instances);
  const pacs = await startLyingPacs({ instances: studies.flat(), now: () => performance.now() });
  const link = await startLink(Number(new URL(pacs.url).port));
  const data = join(folder, 'data');
  const gateway = await openGateway(data, `http://127.0.0.1:${link.port}/dicomweb`);
  const [waiting, half, announced] = studies.map((study) => createDevice(gateway.api, study));
  const devices = { waiting: waiting!, half: half!, announced: announced! };
  const load = await startLoad(gateway);
  try {
    await until('the load to begin', () => load.acknowledged.size > 20);
    await begin(devices, link);
    load.refusals.clear();
    const told = await goThroughSteps({ gateway, link, folder }, steps, random);
    await until('work to resume', moreThan(load.acknowledged, 20));
    const ended = await end(devices);
    await load.stop();
    return {
      steps: told,
      refused: load.refusals.get(507) ?? 0,
      faults: [
        ...ended,
        ...(await findFaults(data, load.acknowledged)),
        ...told.flatMap(({ freeMb, wrong }) => wrong.map((answer) => `${freeMb} MB free, ${answer}`)),
        ...[...load.refusals].flatMap(([status, times]) => (status === 507 ? [] : [`${times} × ${status}`])),
        ...gateway.lines.flatMap((line) => (line.event === 'unexpected-error' ? [JSON.stringify(line)] : [])),
      ],
    };
  } finally {
    await load.stop();
    await gateway.stop();
    await link.stop();
    await pacs.close();
  }
}

function moreThan(acknowledged: ReadonlySet<number>, count: number): () => boolean {
  const before = acknowledged.size;
  return () => acknowledged.size > before + count;
}

type Status = {
  readonly state: string;
  readonly instances?: readonly { readonly state: string; readonly reason: string | null }[];
};
type Device = ReturnType<typeof createDevice>;
const TUS = { 'tus-resumable': '1.0.0', 'content-type': 'application/offset+octet-stream' };

/** Sends one study in its own time. Each step throws where the gateway does not take it. */
function createDevice(api: string, study: readonly SyntheticInstance[]) {
  const instances = study.map(({ identifiers, transferSyntaxUID, bytes }) => ({
    ...identifiers,
    transferSyntaxUID,
    bytes,
  }));
  const parcel = parcelOf(instances);
  const half = parcel.size >> 1;
  const door = signIn(api, ADMIN).then((token): Door => ({ who: 'device', api, token }));
  let uploadId = '';
  let location: string | null = null;
  const ask = async (path: string, asked?: Asked): Promise<Answer> => askAt(await door, path, asked);
  const create = async (): Promise<string> => {
    const created = requireStatus(await createParcel(await door, uploadId, parcel.size), 201);
    return (created.body as { location: string }).location;
  };
  const patch = async (offset: number, body: Blob): Promise<void> => {
    location ??= await create();
    const headers = { ...TUS, 'upload-offset': String(offset) };
    requireStatus(await ask(`/upload/${location}`, { method: 'PATCH', headers, body }), 204);
  };
  return {
    async announce(): Promise<void> {
      const manifest = manifestOf(instances, { name: 'identified', version: 1 });
      ({ uploadId } = requireStatus(await announce(await door, manifest), 200).body as { uploadId: string });
    },
    sendHalf: () => patch(0, parcel.slice(0, half)),
    async sendRest(): Promise<void> {
      const from = location === null ? 0 : half;
      await patch(from, parcel.slice(from));
      requireStatus(await ask(`/upload/${uploadId}/complete`, { method: 'POST', json: {} }), 200);
    },
    async status(): Promise<Status> {
      return requireStatus(await ask(`/upload/${uploadId}/status?instances=1`), 200).body as Status;
    },
  };
}

function requireStatus(answer: Answer, status: number): Answer {
  if (answer.status === status) return answer;
  throw new Error(`the gateway answered ${answer.status} ${answer.code ?? ''} instead of ${status}`);
}

/** Sends one study while the PACS is away, half of another one, and only announces a third. */
async function begin(devices: Devices, link: Link): Promise<void> {
  link.cut();
  await devices.waiting.announce();
  await devices.waiting.sendRest();
  await devices.half.announce();
  await devices.half.sendHalf();
  await devices.announced.announce();
}

/** From full to empty; the PACS is back at a step that is drawn. */
async function goThroughSteps(
  { gateway, link, folder }: World,
  steps: number,
  random: () => number,
): Promise<readonly DiskStep[]> {
  const filler = join(folder, 'filler');
  const door = { who: 'anyone', api: gateway.api, token: await signIn(gateway.api, ADMIN) };
  const routes = await routesOf(gateway.api);
  const bytes = await fill(filler, folder);
  const parts = Array.from({ length: steps - 2 }, random).toSorted((a, b) => b - a);
  const mendAt = Math.floor(random() * steps);
  const told: DiskStep[] = [];
  for (const [at, part] of [1, ...parts, 0].entries()) {
    if (part === 0) await rm(filler);
    else await truncate(filler, Math.floor(part * bytes));
    if (at === mendAt) link.mend();
    told.push(await judgeStep(door, routes, folder));
  }
  return told;
}

type Route = { readonly method: string; readonly path: string };
const BRINGS = new Set(['POST', 'PUT', 'PATCH']);
/** Routes that sign somebody in or out, or bring a study to its end. */
const PASSES = /^\/(auth\/|upload\/[^/]+\/(complete|decisions)$)/;

/** Every route of the contract that brings something. */
async function routesOf(api: string): Promise<readonly Route[]> {
  const { paths } = (await (await fetch(`${api}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .map((method) => ({ method: method.toUpperCase(), path: path.replaceAll(/\{\w+\}/g, NOBODYS_ID) }))
      .filter((route) => BRINGS.has(route.method) && !PASSES.test(route.path)),
  );
}

const NOBODYS_ID = '00000000-0000-4000-8000-000000000000';
const READING = ['/health', '/health/live', '/uploads', '/auth/me', '/audit'];

async function judgeStep(door: Door, routes: readonly Route[], folder: string): Promise<DiskStep> {
  // A reading is recorded: a disk without any room takes that once the reserve is given up, within a second.
  await until('the reserve to be given up', async () => (await freeBytesOf(folder)) > MB);
  const before = isLowAt(await freeBytesOf(folder));
  const ready = before === null ? null : before ? 507 : 200;
  if (ready !== null)
    await until(`ready to say ${ready}`, async () => (await askAt(door, '/health/ready')).status === ready);
  const wrong: string[] = [];
  for (const { method, path } of routes) {
    const { status } = await askAt(door, path, { method, json: {} });
    if ((status === 507) !== (before ?? status === 507) || status >= 500 !== (status === 507))
      wrong.push(`${method} ${path}: ${status}`);
  }
  for (const path of READING) {
    const { status } = await askAt(door, path);
    if (status !== 200) wrong.push(`GET ${path}: ${status}`);
  }
  const json = { username: ADMIN, password: PASSWORD };
  const { status } = await askAt({ ...door, token: null }, '/auth/login', { method: 'POST', json });
  if (status !== 200) wrong.push(`signing in: ${status}`);
  const free = await freeBytesOf(folder);
  const isSame = isLowAt(free) === before;
  return { freeMb: Math.round(free / MB), isLow: isSame ? before : null, wrong: isSame ? wrong : [] };
}

const isLowAt = (free: number): boolean | null =>
  Math.abs(free - FLOOR_BYTES) < NEAR_BYTES ? null : free < FLOOR_BYTES;

/** Sends the rest, and names the studies that did not end as stored. */
async function end(devices: Devices): Promise<readonly string[]> {
  await devices.half.sendRest();
  await devices.announced.sendRest();
  const faults: string[] = [];
  for (const [name, device] of Object.entries(devices)) {
    const { instances = [] } = await until(`the study that was ${name} to end`, async () => {
      const status = await device.status();
      return (status.state === 'closed' || status.state === 'held') && status;
    });
    const others = instances.filter(({ state }) => state !== 'stored');
    if (others.length > 0) faults.push(`${name}: ${others.map(({ state, reason }) => reason ?? state)}`);
  }
  return faults;
}

/** The first start on a disk without room: how it ends, and what it says to the person who started it. */
export async function startOnFullDisk(folder: string): Promise<{ code: number; words: string }> {
  await fill(join(folder, 'filler'), folder);
  const run = promisify(execFile)(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, RELAY_DATA_DIR: join(folder, 'first'), PACS_URL: 'http://127.0.0.1:9/' },
  });
  const ended: { code?: unknown; stderr?: unknown } = await run.catch((error: object) => error);
  await rm(join(folder, 'filler'));
  return { code: Number(ended.code ?? 0), words: String(ended.stderr) };
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** To the last byte. The bytes that went into it. */
async function fill(filler: string, folder: string): Promise<number> {
  const bytes = await freeBytesOf(folder);
  // Fails for want of room, which is what it is for.
  await ignoreFailure(writeFile(filler, Buffer.alloc(bytes + 1)), 'then the disk is full');
  return bytes;
}
