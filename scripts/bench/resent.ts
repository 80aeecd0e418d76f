/**
 * The cost of cuts in bytes: a study of 500 MB over a link that dies a hundred times, at random bytes; every
 * second time the gateway is not told. `ratio`: bytes that reached the gateway's socket beyond those of the
 * parcels, each once ÷ those of the parcels. So headers and questions count against us too.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { forkShapedLink } from '#testing/shaped-link-process.ts';
import { writeSlices } from '#testing/ct-slices.ts';
import { seededRandom } from '#testing/synthetic-study.ts';
import type { BenchRow } from './row.ts';
import { sendFromDevice, uniqueBytes } from './link/device.ts';
import { sliceSource } from './slices.ts';
import { openBenchSystem } from './system.ts';

const SLICES = 950;
const STUDY_BYTES = 500e6;
const CUTS = 100;
/** A decent line: most of the time goes into coming back after a cut. */
const WIRE = { roundTripMs: 40, bitsPerSecond: 200e6 };
const SEED = 20_261_120;

function cutsAt(seed: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: CUTS }, () => Math.floor(random() * STUDY_BYTES)).sort((a, b) => a - b);
}

export async function benchResent(say: (line: string) => void): Promise<readonly BenchRow[]> {
  const seed = Number(process.env.RELAY_BENCH_SEED ?? SEED);
  const system = await openBenchSystem();
  try {
    const folder = join(system.folder, 'study');
    await mkdir(folder);
    await writeSlices(await sliceSource(system.folder), folder, { count: SLICES, study: 1 });
    const link = await forkShapedLink({
      targetPort: Number(new URL(system.gateway.api).port),
      ...WIRE,
      cutsAt: cutsAt(seed),
      isSilent: true,
    });
    say(`${SLICES} slices over a link that is cut ${CUTS} times, seed ${seed} …`);
    const begun = performance.now();
    const sending = await sendFromDevice(`http://127.0.0.1:${link.port}`, system.password, folder, 'off');
    const { up, cuts, connections } = await link.counts();
    await link.stop();
    const unique = uniqueBytes(sending);
    const resent = up - unique;
    return [
      {
        name: 'resent',
        ratio: Math.round((1e5 * resent) / unique) / 1e5,
        resentBytes: resent,
        bytesUp: up,
        uniqueBytes: unique,
        cuts,
        connections,
        requests: sending.requests.length,
        ms: Math.round(performance.now() - begun),
        seed,
      },
    ];
  } finally {
    await system.close();
  }
}
