/**
 * The speed of a study on a slow link, compared with peers on the same link in the same run. `ratio`: from
 * *Send* to the last 2xx ÷ (bytes of the uncoded instances ÷ bandwidth); 1 is a wire that never rests and
 * carries only pixels.
 *
 * Rows are chosen by name: `ct-coded` is that row alone, `ct-uncoded/` all its peers. `raw-tcp` is always
 * measured: its excess over 1 and its round trip is due to the machine.
 */
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { forkShapedLink } from '#testing/shaped-link-process.ts';
import type { LinkCounts } from '#testing/shaped-link.ts';
import { until } from '#testing/gateway-under-test.ts';
import { writeSlices, type SliceSource } from '#testing/ct-slices.ts';
import { cpuMsOf } from '../system/processes.ts';
import type { BenchRow } from './row.ts';
import { sendFromDevice, uniqueBytes, type Sending } from './link/device.ts';
import { directStow, startPlainTus, type Peer } from './link/peers.ts';
import { timeRawTcp, type Wire } from './link/raw-tcp.ts';
import { describeSending } from './link/trace.ts';
import { mrSource, sliceSource } from './slices.ts';
import { openBenchSystem, type BenchSystem } from './system.ts';

type Say = (line: string) => void;

const SLOW: Wire = { roundTripMs: 100, bitsPerSecond: 50e6 };
const FAR: Wire = { roundTripMs: 300, bitsPerSecond: 10e6 };
const CUT_EVERY_BYTES = 20_000_000;
/** Enough for ten times the study. */
const CUTS = Array.from({ length: 30 }, (_, turn) => (turn + 1) * CUT_EVERY_BYTES);

type Kind = 'ct' | 'mr';

type Study = {
  readonly kind: Kind;
  readonly wire: Wire;
  readonly instances: number;
  readonly coding: 'off' | 'on';
  readonly cutsAt?: readonly number[];
};

const STUDIES: Readonly<Record<string, Study>> = {
  'ct-uncoded': { kind: 'ct', wire: SLOW, instances: 100, coding: 'off' },
  'ct-coded': { kind: 'ct', wire: SLOW, instances: 100, coding: 'on' },
  'mr-small': { kind: 'mr', wire: SLOW, instances: 2_000, coding: 'off' },
  cut: { kind: 'ct', wire: FAR, instances: 100, coding: 'off', cutsAt: CUTS },
};

/** Coded slices have the same peers as uncoded ones: these send the same bytes. */
const PEERS: readonly string[] = ['ct-uncoded', 'mr-small', 'cut'].flatMap((study) =>
  ['tus-1', 'tus-6', 'stow-1', 'stow-4'].map((way) => `${study}/${way}`),
);
const PEER_INSTANCES = 100;

const RAW_BYTES = 20_000_000;

/** Everything that the rows share. */
type Bench = {
  readonly system: BenchSystem;
  readonly sources: Readonly<Record<Kind, SliceSource>>;
  readonly say: Say;
  /** A number that no study of this run has. */
  nextStudy(): number;
};

function idealMs(bytes: number, { bitsPerSecond }: Wire): number {
  return (bytes * 8 * 1000) / bitsPerSecond;
}

const rounded = (ratio: number): number => Math.round(ratio * 1000) / 1000;

async function bytesOf(paths: readonly string[]): Promise<number> {
  return (await Promise.all(paths.map(async (path) => (await stat(path)).size))).reduce(
    (sum, size) => sum + size,
    0,
  );
}

/** Slices that no other row sends, for as long as `work` takes. `noise` as in `writeSlices`. */
async function withSlices<T>(
  bench: Bench,
  {
    kind,
    count,
    noise,
  }: { readonly kind: Kind; readonly count: number; readonly noise?: number | undefined },
  work: (folder: string, paths: readonly string[]) => Promise<T>,
): Promise<T> {
  const study = bench.nextStudy();
  const folder = join(bench.system.folder, `study-${study}`);
  await mkdir(folder);
  try {
    return await work(folder, await writeSlices(bench.sources[kind], folder, { count, study, noise }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Timed = {
  readonly bytes: number;
  readonly ms: number;
  readonly partsMs: number;
  readonly counts: LinkCounts;
  readonly sending: Sending;
  /** Processor time of the gateway and of Orthanc meanwhile: with two cores it is part of the answer. */
  readonly serversCpuMs: number;
};

const serversCpuMs = async ({ gateway, orthanc }: BenchSystem): Promise<number> =>
  (await cpuMsOf(gateway.pid)) + (await cpuMsOf(orthanc.pid));

const closedStudies = ({ gateway }: BenchSystem): number =>
  gateway.lines.filter(({ event, stage }) => event === 'stage-finished' && stage === 'eviction').length;

/**
 * Sends a study by the product's own code; milliseconds from *Send* to the last parcel, and to `complete`.
 * Ends when the PACS has it: the next row has the cores.
 */
async function timeOurs(
  bench: Bench,
  { kind, wire, instances, coding, cutsAt = [] }: Study,
  noise?: number,
): Promise<Timed> {
  return withSlices(bench, { kind, count: instances, noise }, async (folder, paths) => {
    const closedBefore = closedStudies(bench.system);
    const link = await forkShapedLink({
      targetPort: Number(new URL(bench.system.gateway.api).port),
      ...wire,
      cutsAt,
    });
    try {
      const cpuBefore = await serversCpuMs(bench.system);
      const sending = await sendFromDevice(
        `http://127.0.0.1:${link.port}`,
        bench.system.password,
        folder,
        coding,
      );
      const succeeded = sending.requests.filter(({ status }) => status >= 200 && status < 300);
      const last = (isLast: (route: string) => boolean): number =>
        Math.max(...succeeded.filter(({ route }) => isLast(route)).map(({ answeredAt }) => answeredAt)) -
        sending.sentAt;
      const partsMs = last((route) => route.startsWith('/upload/files'));
      const ms = Math.max(
        partsMs,
        last((route) => route.endsWith('/complete')),
      );
      const timed = {
        bytes: await bytesOf(paths),
        partsMs,
        ms,
        counts: await link.counts(),
        sending,
        serversCpuMs: (await serversCpuMs(bench.system)) - cpuBefore,
      };
      await until('the study to be in the PACS', () => closedStudies(bench.system) > closedBefore);
      return timed;
    } finally {
      await link.stop();
    }
  });
}

async function rowOfOurs(bench: Bench, name: string, study: Study): Promise<BenchRow> {
  const from = bench.system.gateway.lines.length;
  const timed = await timeOurs(bench, study);
  const { bytes, ms, partsMs, counts, sending } = timed;
  const ideal = idealMs(bytes, study.wire);
  for (const line of describeSending(sending, counts, bench.system.gateway.lines.slice(from)))
    bench.say(line);
  const idle = counts.idleUp
    .filter(({ from }) => from >= sending.sentAt)
    .reduce((sum, gap) => sum + gap.ms, 0);
  const row = {
    name,
    ratio: rounded(ms / ideal),
    toLastParcel: rounded(partsMs / ideal),
    ms: Math.round(ms),
    instances: study.instances,
    bytes,
    bytesUp: counts.up,
    idleMs: Math.round(idle),
    deviceCpuMs: sending.cpuMs,
    serversCpuMs: timed.serversCpuMs,
  };
  if (study.cutsAt) return { ...row, cuts: counts.cuts, resentBytes: counts.up - uniqueBytes(sending) };
  if (study.coding === 'off') return row;
  const untouched = await timeOurs(bench, study, 0);
  return {
    ...row,
    untouchedRatio: rounded(untouched.ms / ideal),
    codedBytes: counts.up,
    untouchedCodedBytes: untouched.counts.up,
  };
}

async function rowOfPeer(bench: Bench, name: string): Promise<BenchRow> {
  const [studyName, way] = name.split('/') as [string, string];
  const { kind, wire, instances, cutsAt = [] } = STUDIES[studyName]!;
  const [protocol, atOnce] = way.split('-') as [string, string];
  return withSlices(bench, { kind, count: PEER_INSTANCES }, async (folder, paths) => {
    const peer: Peer =
      protocol === 'tus' ? await startPlainTus(join(folder, 'tus')) : directStow(bench.system.orthanc);
    const link = await forkShapedLink({ targetPort: peer.port, ...wire, cutsAt });
    try {
      const bytes = await bytesOf(paths);
      const ms = await peer.send(link.port, paths, Number(atOnce));
      const { up, cuts } = await link.counts();
      const scaled =
        instances === PEER_INSTANCES
          ? {}
          : { scaledFrom: PEER_INSTANCES, scaledMs: Math.round((ms * instances) / PEER_INSTANCES) };
      return {
        name,
        ratio: rounded(ms / idealMs(bytes, wire)),
        ms: Math.round(ms),
        instances: PEER_INSTANCES,
        bytes,
        bytesUp: up,
        ...scaled,
        ...(cutsAt.length > 0 ? { cuts } : {}),
      };
    } finally {
      await link.stop();
      await peer.stop();
    }
  });
}

async function rowOfRawTcp(name: string, wire: Wire): Promise<BenchRow> {
  const ms = await timeRawTcp(wire, RAW_BYTES);
  const ideal = idealMs(RAW_BYTES, wire);
  return {
    name,
    ratio: rounded(ms / ideal),
    ratioWithRoundTrip: rounded(ms / (ideal + wire.roundTripMs)),
    ms: Math.round(ms),
    bytes: RAW_BYTES,
  };
}

const isWanted = (name: string, wanted: readonly string[]): boolean =>
  wanted.length === 0 ||
  wanted.some((word) => word === name || (word.endsWith('/') && name.startsWith(word)));

/** `wanted`: names of rows; all of them when empty. */
export async function benchLink(say: Say, wanted: readonly string[]): Promise<readonly BenchRow[]> {
  const names = [...Object.keys(STUDIES), ...PEERS];
  const unknown = wanted.filter((word) => !names.some((name) => isWanted(name, [word])));
  if (unknown.length > 0) throw new Error(`no such row: ${unknown.join(', ')}; rows: ${names.join(', ')}`);
  const system = await openBenchSystem();
  let studies = 0;
  const bench: Bench = {
    system,
    say,
    sources: { ct: await sliceSource(system.folder), mr: await mrSource(system.folder) },
    nextStudy: () => (studies += 1),
  };
  try {
    const rows: BenchRow[] = [];
    const add = async (name: string, measure: () => Promise<BenchRow>): Promise<void> => {
      say(`${name} …`);
      rows.push(await measure());
    };
    await add('raw-tcp', () => rowOfRawTcp('raw-tcp', SLOW));
    // The gateway's code is warm before its first row, as it is when anybody sends.
    await withSlices(bench, { kind: 'ct', count: 20 }, (folder) => system.upload(folder));
    for (const [name, study] of Object.entries(STUDIES))
      if (isWanted(name, wanted)) await add(name, () => rowOfOurs(bench, name, study));
    for (const name of PEERS.filter((peer) => !peer.startsWith('cut/') && isWanted(peer, wanted)))
      await add(name, () => rowOfPeer(bench, name));
    // Minutes each, and a hundredth of a core: side by side, each on a link of its own.
    rows.push(
      ...(await Promise.all(
        PEERS.filter((peer) => peer.startsWith('cut/') && isWanted(peer, wanted)).map((name) =>
          rowOfPeer(bench, name),
        ),
      )),
    );
    return rows;
  } finally {
    await system.close();
  }
}
