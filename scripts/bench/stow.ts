/**
 * The time to store 500 CT slices of 525 kB by STOW-RS through the gateway, divided by the time of the same requests
 * sent directly to the same Orthanc. Each request holds fifty slices, streamed from the disk, and four requests run at
 * once. The gateway answers when every instance has been seen in the PACS. If it has to answer earlier (202), the time
 * until its upload is closed counts too. Also measured: the processor time of all processes, the time of each stage,
 * and how far the gateway's memory grows. The part through the gateway is repeated with a study four times as large.
 */
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { LogLine } from '#testing/gateway-under-test.ts';
import { writeSlices } from '#testing/ct-slices.ts';
import { forgetPeak, peakResidentBytes, residentBytes } from '#testing/process-memory.ts';
import { cpuMsOf, statOf } from '../system/processes.ts';
import type { BenchRow } from './row.ts';
import { sliceSource } from './slices.ts';
import { openBenchSystem, type BenchSystem } from './system.ts';

const SLICES = 500;
const MANY_SLICES = 2000;
const IN_A_REQUEST = 50;
const AT_ONCE = 4;
const WARM = 20;
const BOUNDARY = 'bench-boundary-of-stow';
const ASK_AGAIN_MS = 50;
const MB = 1e6;

type Door = { readonly url: string; readonly authorization: string };

async function* bodyOf(paths: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const path of paths) {
    yield Buffer.from(`--${BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n`);
    yield* createReadStream(path, { highWaterMark: 1024 * 1024 });
    yield Buffer.from('\r\n');
  }
  yield Buffer.from(`--${BOUNDARY}--`);
}

async function post(paths: readonly string[], { url, authorization }: Door): Promise<void> {
  const request: RequestInit & { duplex: 'half' } = {
    ...{ method: 'POST', body: bodyOf(paths) as unknown as BodyInit, duplex: 'half' as const },
    headers: {
      authorization,
      accept: 'application/dicom+json',
      'content-type': `multipart/related; type="application/dicom"; boundary=${BOUNDARY}`,
    },
  };
  const answer = await fetch(url, request);
  const text = await answer.text();
  if (answer.status !== 200 && answer.status !== 202) throw new Error(`${answer.status}: ${text}`);
  const status = answer.headers.get('location');
  if (answer.status === 202 && status !== null) await untilClosed(new URL(status, url).href, authorization);
}

async function untilClosed(url: string, authorization: string): Promise<void> {
  for (;;) {
    const { state } = (await (await fetch(url, { headers: { authorization } })).json()) as { state: string };
    if (state === 'closed') return;
    await after(ASK_AGAIN_MS);
  }
}

/** In milliseconds. */
async function store(paths: readonly string[], door: Door): Promise<number> {
  const requests: string[][] = [];
  for (let at = 0; at < paths.length; at += IN_A_REQUEST) requests.push(paths.slice(at, at + IN_A_REQUEST));
  const started = performance.now();
  const next = async (): Promise<void> => {
    for (let one = requests.shift(); one !== undefined; one = requests.shift()) await post(one, door);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  return performance.now() - started;
}

type ProcessTime = { readonly parent: number; readonly ms: number };

/** Processor time of this process, the gateway, its PostgreSQL and Orthanc. */
type Times = Readonly<Record<'clientMs' | 'gatewayMs' | 'postgresMs' | 'orthancMs', number>>;

async function processorTimes({ gateway, orthanc }: BenchSystem): Promise<Times> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const all = new Map<number, ProcessTime>();
  // proc(5): field 4 is the parent.
  for (const pid of pids)
    all.set(pid, { parent: Number((await statOf(pid))?.[4] ?? 0), ms: await cpuMsOf(pid) });
  const isBelow = (pid: number): boolean => {
    const parent = all.get(pid)?.parent ?? 0;
    return parent === gateway.pid || (parent > 1 && isBelow(parent));
  };
  const postgres = [...all].filter(([pid]) => isBelow(pid)).map(([, { ms }]) => ms);
  return {
    clientMs: all.get(process.pid)?.ms ?? 0,
    gatewayMs: all.get(gateway.pid)?.ms ?? 0,
    postgresMs: postgres.reduce((sum, ms) => sum + ms, 0),
    orthancMs: all.get(orthanc.pid)?.ms ?? 0,
  };
}

/** The time that `work` took on the clock and on the processors, in milliseconds. */
async function timed(
  system: BenchSystem,
  work: () => Promise<number>,
): Promise<Times & { readonly ms: number }> {
  const before = await processorTimes(system);
  const ms = await work();
  const after = await processorTimes(system);
  const names = ['clientMs', 'gatewayMs', 'postgresMs', 'orthancMs'] as const;
  const spent = Object.fromEntries(names.map((name) => [name, after[name] - before[name]]));
  return { ms: Math.round(ms), ...(spent as Times) };
}

/** Stores as `store` does. Also returns the gateway's memory before (`idleMb`), and how far it grew (`growthMb`). */
async function throughGateway(system: BenchSystem, paths: readonly string[], door: Door) {
  const { pid, lines } = system.gateway;
  const idle = await residentBytes(pid);
  await forgetPeak(pid);
  const said = lines.length;
  const { ms, ...times } = await timed(system, () => store(paths, door));
  const growth = (await peakResidentBytes(pid)) - idle;
  return {
    throughMs: ms,
    ...times,
    ...stageMs(lines.slice(said)),
    ...{ growthMb: Math.round(growth / MB), idleMb: Math.round(idle / MB) },
  };
}

/** The time of each stage, added up over parcels and runs. These overlap, so a sum may exceed the time that passed. */
function stageMs(lines: readonly LogLine[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { event, stage, ms } of lines)
    if (event === 'stage-finished')
      sums[`${String(stage)}Ms`] = (sums[`${String(stage)}Ms`] ?? 0) + Number(ms);
  return sums;
}

async function openDoors({
  gateway,
  orthanc,
  password,
}: BenchSystem): Promise<{ direct: Door; through: Door }> {
  const answer = await fetch(`${gateway.api}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password }),
  });
  const { accessToken } = (await answer.json()) as { accessToken: string };
  return {
    direct: { url: `${orthanc.url}/studies`, authorization: orthanc.authorization },
    through: {
      url: `${gateway.api}/dicom-web/studies?policy=identified`,
      authorization: `Bearer ${accessToken}`,
    },
  };
}

export async function benchStow(say: (line: string) => void): Promise<readonly BenchRow[]> {
  const system = await openBenchSystem();
  try {
    const source = await sliceSource(system.folder);
    const slicesOf = async (study: number, count: number): Promise<string[]> => {
      const folder = join(system.folder, `study-${study}`);
      await mkdir(folder);
      return writeSlices(source, folder, { count, study });
    };
    const { direct, through } = await openDoors(system);
    await store(await slicesOf(1, WARM), direct);
    await store(await slicesOf(2, WARM), through);
    const one = await slicesOf(3, SLICES);
    const other = await slicesOf(4, SLICES);
    say(
      `${SLICES} ${source.kind} slices straight to Orthanc, ${IN_A_REQUEST} in a request, ${AT_ONCE} at once …`,
    );
    const { ms: directMs, ...directTimes } = await timed(system, () => store(one, direct));
    say('… and through the gateway');
    const came = await throughGateway(system, other, through);
    say(`${MANY_SLICES} slices through the gateway …`);
    const many = await throughGateway(system, await slicesOf(5, MANY_SLICES), through);
    const { clientMs: directClientMs, orthancMs: directOrthancMs } = directTimes;
    return [
      {
        ...{ name: 'stow-vs-direct', ratio: came.throughMs / directMs, directMs },
        ...{ slices: SLICES, source: source.kind, directClientMs, directOrthancMs },
        ...came,
        passedMb: Math.round((SLICES * (await readFile(source.path)).length) / MB),
      },
      { name: 'stow-larger', slices: MANY_SLICES, ...many },
    ];
  } finally {
    await system.close();
  }
}
