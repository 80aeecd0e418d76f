/**
 * 500 CT slices of 525 kB through the gateway ÷ the same posted straight to the same Orthanc, four at once.
 * The gateway's clock runs from the first request that carries bytes to the end of reconciliation, when
 * every instance has been seen in the PACS.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogLine } from '#testing/gateway-under-test.ts';
import { writeSlices } from '#testing/ct-slices.ts';
import type { BenchRow } from './row.ts';
import type { RunningOrthanc } from '../system/orthanc.ts';
import { sliceSource } from './slices.ts';
import { openBenchSystem } from './system.ts';

const SLICES = 500;
const AT_ONCE = 4;
const BOUNDARY = 'bench-boundary-of-the-direct-post';

async function postDirectly(paths: readonly string[], orthanc: RunningOrthanc): Promise<number> {
  const waiting = [...paths];
  const started = performance.now();
  const postNext = async (): Promise<void> => {
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const head = Buffer.from(`--${BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n`);
      const body = Buffer.concat([head, await readFile(path), Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
      const answer = await fetch(`${orthanc.url}/studies`, {
        method: 'POST',
        body,
        headers: {
          authorization: orthanc.authorization,
          accept: 'application/dicom+json',
          'content-type': `multipart/related; type="application/dicom"; boundary=${BOUNDARY}`,
        },
      });
      await answer.arrayBuffer();
      if (answer.status !== 200) throw new Error(`Orthanc answered ${answer.status}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, postNext));
  return performance.now() - started;
}

const timeOf = (line: LogLine): number => Date.parse(line.at as string);

/**
 * From the first byte to the last confirmation, in milliseconds, and the time that each stage took in all.
 */
function timesOf(lines: readonly LogLine[]): { totalMs: number; stages: Record<string, number> } {
  const parcels = lines.filter(
    (line) => line.event === 'request' && String(line.route).startsWith('/upload/files'),
  );
  const began = Math.min(...parcels.map((line) => timeOf(line) - Number(line.ms)));
  const finished = lines.filter((line) => line.event === 'stage-finished');
  const confirmed = Math.max(...finished.filter(({ stage }) => stage === 'reconcile').map(timeOf));
  const stages: Record<string, number> = {};
  for (const { stage, ms } of finished)
    stages[stage as string] = Math.round((stages[stage as string] ?? 0) + Number(ms ?? 0));
  const patches = parcels.filter((line) => line.method === 'PATCH');
  stages.patches = Math.round(patches.reduce((sum, { ms }) => sum + Number(ms), 0));
  return { totalMs: confirmed - began, stages };
}

export async function benchGateway(say: (line: string) => void): Promise<readonly BenchRow[]> {
  const system = await openBenchSystem();
  try {
    const source = await sliceSource(system.folder);
    const folders = {
      warm: join(system.folder, 'warm'),
      direct: join(system.folder, 'direct'),
      through: join(system.folder, 'through'),
    };
    for (const folder of Object.values(folders)) await mkdir(folder);
    const warm = await writeSlices(source, folders.warm, { count: 20, study: 1 });
    const direct = await writeSlices(source, folders.direct, { count: SLICES, study: 2 });
    await writeSlices(source, folders.through, { count: SLICES, study: 3 });
    await postDirectly(warm.slice(0, 10), system.orthanc);
    await system.upload(folders.warm);
    say(`${SLICES} ${source.kind} slices straight to Orthanc, ${AT_ONCE} at once …`);
    const directMs = await postDirectly(direct, system.orthanc);
    say('… and through the gateway');
    const from = system.gateway.lines.length;
    await system.upload(folders.through);
    const { totalMs, stages } = timesOf(system.gateway.lines.slice(from));
    const where = Object.fromEntries(Object.entries(stages).map(([stage, ms]) => [`${stage}Ms`, ms]));
    say('(the times of the stages overlap)');
    return [
      {
        name: 'gateway-vs-direct',
        ratio: totalMs / directMs,
        throughMs: Math.round(totalMs),
        directMs: Math.round(directMs),
        slices: SLICES,
        source: source.kind,
        ...where,
      },
    ];
  } finally {
    await system.close();
  }
}
