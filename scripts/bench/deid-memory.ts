/**
 * The memory of de-identification after 300 and after 3 000 instances, each with UIDs of its own: the heap and
 * the resident memory of a process that reads and de-identifies one after the other, and the peak of `relay
 * deidentify` with its report. `ratio`: after 3 000 ÷ after 300.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { deidentifyInstance } from '#shared/deid/deidentify-instance.ts';
import { pseudonymsOf } from '#testing/deidentified-file.ts';
import { createRules } from '#shared/deid/rules.ts';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { peakResidentBytes, residentBytes } from '#testing/process-memory.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import type { BenchRow } from './row.ts';

const RELAY = fileURLToPath(new URL('../relay.ts', import.meta.url));
const FEW = 300;
const MANY = 3000;
const SERIES = 10;
const LOOK_MS = 20;
const MB = 1e6;

const inMb = (bytes: number): number => Math.round(bytes / MB);

/** The files of studies of 300 instances, made one study at a time: no more of them is held than one. */
function* instances(count: number): Generator<Uint8Array<ArrayBuffer>> {
  for (let seed = 1; (seed - 1) * FEW < count; seed += 1) {
    for (const { bytes } of syntheticStudy({
      seed,
      series: SERIES,
      instancesPerSeries: FEW / SERIES,
      rows: 64,
      columns: 64,
    }).instances)
      yield bytes;
  }
}

/** Heap in use after a garbage collection, and resident memory. */
async function held(): Promise<{ heap: number; resident: number }> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  // Memory freed by finalizers is collected only the second time.
  await after(0);
  collect();
  return { heap: process.memoryUsage().heapUsed, resident: await residentBytes(process.pid) };
}

async function inOneProcess(): Promise<BenchRow> {
  const rules = createRules([]);
  if (rules.kind !== 'ready') throw new Error('the Basic Profile has no options that can be refused');
  const pseudonyms = await pseudonymsOf(7);
  const measured: { heap: number; resident: number }[] = [];
  let done = 0;
  for (const bytes of instances(MANY)) {
    const read = await readInstance(bytesSource(bytes));
    if (
      read.kind !== 'ready' ||
      (await deidentifyInstance(read.instance, rules.rules, pseudonyms)).kind !== 'ready'
    )
      throw new Error('a synthetic instance is ready');
    done += 1;
    if (done === FEW || done === MANY) measured.push(await held());
  }
  const [few, many] = measured;
  return {
    name: 'deid-heap-3000',
    ratio: many!.heap / few!.heap,
    heapMbAfter300: inMb(few!.heap),
    heapMbAfter3000: inMb(many!.heap),
    residentMbAfter300: inMb(few!.resident),
    residentMbAfter3000: inMb(many!.resident),
  };
}

/** The most that the command line had resident while it de-identified so many files. */
async function peakOfCommandLine(count: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-bench-'));
  try {
    await mkdir(join(folder, 'in'));
    let index = 0;
    for (const bytes of instances(count)) await writeFile(join(folder, 'in', String(index++)), bytes);
    const child = execFile(process.execPath, [
      RELAY,
      'deidentify',
      join(folder, 'in'),
      '--out',
      join(folder, 'out'),
      '--report',
      join(folder, 'report'),
    ]);
    let peak = 0;
    while (child.exitCode === null) {
      peak = await peakResidentBytes(child.pid!).catch(() => peak);
      await after(LOOK_MS);
    }
    if (child.exitCode !== 0) throw new Error('relay deidentify failed');
    return peak;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function benchDeidMemory(say: (line: string) => void): Promise<readonly BenchRow[]> {
  say(`${MANY} instances in one process, then by the command line`);
  const row = await inOneProcess();
  const few = await peakOfCommandLine(FEW);
  const many = await peakOfCommandLine(MANY);
  return [
    row,
    { name: 'deid-command-line-3000', ratio: many / few, peakMbOf300: inMb(few), peakMbOf3000: inMb(many) },
  ];
}
