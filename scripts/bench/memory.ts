/** How far the gateway's memory grows above idle while ten devices send 2 GB (DESIGN §6). `ratio`: the growth ÷ the bytes that passed. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSlices } from '#testing/ct-slices.ts';
import { residentBytes } from '#testing/process-memory.ts';
import type { BenchRow } from '../bench.ts';
import { sliceSource } from './slices.ts';
import { openBenchSystem } from './system.ts';

const DEVICES = 10;
const SLICES_A_DEVICE = 380;
const SAMPLE_EVERY_MS = 50;
const MB = 1e6;

export async function benchMemory(say: (line: string) => void): Promise<readonly BenchRow[]> {
  const system = await openBenchSystem();
  try {
    const source = await sliceSource(system.folder);
    const folders = Array.from({ length: DEVICES + 1 }, (_, number) => join(system.folder, `device-${number}`));
    for (const [number, folder] of folders.entries()) {
      await mkdir(folder);
      await writeSlices(source, folder, number === 0 ? 20 : SLICES_A_DEVICE, number + 1);
    }
    // Idle is after the first study: the code that sends is loaded then.
    await system.upload(folders[0]!);
    const idle = await residentBytes(system.gateway.pid);
    let peak = idle;
    const sampler = setInterval(() => void residentBytes(system.gateway.pid).then((bytes) => (peak = Math.max(peak, bytes)), () => undefined), SAMPLE_EVERY_MS);
    say(`${DEVICES} devices send ${SLICES_A_DEVICE} slices each …`);
    await Promise.all(folders.slice(1).map((folder) => system.upload(folder)));
    clearInterval(sampler);
    const bytes = DEVICES * SLICES_A_DEVICE * (await readFile(source.path)).length;
    const growth = peak - idle;
    return [{ name: 'memory', ratio: growth / bytes, growthMb: Math.round(growth / MB), idleMb: Math.round(idle / MB), peakMb: Math.round(peak / MB), passedMb: Math.round(bytes / MB) }];
  } finally {
    await system.close();
  }
}
